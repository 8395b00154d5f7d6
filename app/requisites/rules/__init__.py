"""Who is paid and where the money goes: what belongs into each field, and what is wrong with it."""

from __future__ import annotations

from app.requisites.rules.legal import Legal
from app.requisites.rules.money_qr import payment_qr
from app.requisites.rules.numbers import (
    Problem,
    account_problem,
    bic_problem,
    bik_problem,
    card_problem,
    correspondent_problem,
    digits,
    iban_problem,
    inn_problem,
    kpp_problem,
    ogrn_problem,
    phone_problem,
    plain,
    with_key,
)
from app.requisites.rules.payee import RUSSIA, Details, Kept, Payee, TaxStatus
from app.requisites.rules.ways import (
    FIRST_KIND,
    WAYS,
    BankAccount,
    Card,
    Iban,
    Kind,
    Other,
    Phone,
    Way,
    first_kind,
    read_way,
)

__all__ = [
    "FIRST_KIND",
    "RUSSIA",
    "WAYS",
    "BankAccount",
    "Card",
    "Details",
    "Iban",
    "Kept",
    "Kind",
    "Legal",
    "Other",
    "Payee",
    "Phone",
    "Problem",
    "TaxStatus",
    "Way",
    "account_problem",
    "bic_problem",
    "bik_problem",
    "card_problem",
    "correspondent_problem",
    "digits",
    "first_kind",
    "iban_problem",
    "inn_problem",
    "kpp_problem",
    "ogrn_problem",
    "payment_qr",
    "phone_problem",
    "plain",
    "read_way",
    "with_key",
]
