"""The text of a payment QR by GOST R 56042-2014: a banking application fills the transfer from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.requisites.rules.payee import Payee
    from app.requisites.rules.ways import BankAccount

HEAD = "ST00012"  # the format, version 1, in UTF-8
LONGEST = {"Name": 160, "BankName": 45, "Purpose": 210}  # characters, as the standard bounds them
NO_CORRESPONDENT = "0"  # as the standard wants it where a bank has none


def payment_qr(payee: Payee, to: BankAccount, amount: int, purpose: str) -> str:
    """Return what the QR says; `amount` in kopecks.

    The five fields that must be there come first, in the standard's order. A bar would begin a new
    field, so in names and in the purpose it becomes a stroke.
    """
    fields = {
        "Name": payee.name,
        "PersonalAcc": to.account,
        "BankName": to.bank,
        "BIC": to.bik,
        "CorrespAcc": to.correspondent or NO_CORRESPONDENT,
        "Sum": str(amount),
        "Purpose": purpose,
        "PayeeINN": payee.inn,
        "KPP": payee.kpp,
    }
    said = {name: _clean(text)[: LONGEST.get(name)] for name, text in fields.items() if text}
    return "|".join([HEAD, *(f"{name}={text}" for name, text in said.items())])


def _clean(text: str) -> str:
    return " ".join(text.replace("|", "/").split())
