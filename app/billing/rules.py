"""The prepaid balance: invoices for top-ups, what a payment provider may tell, and who runs the platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from app.lifecycle import Lifecycle
from app.money import BIGINT_MAX, MoneyError, parse_decimal
from app.requisites.rules import (
    BankAccount,
    Payee,
    Problem,
    digits,
    iban_problem,
    inn_problem,
    kpp_problem,
    payment_qr,
    plain,
)

LARGEST = 10**13  # minor units of one invoice
ENTREPRENEUR_INN = 12  # digits; a company's has 10
_LONGEST = 128


class State(StrEnum):
    """Where the invoice of a top-up stands."""

    OPEN = "open"
    PAID = "paid"
    WITHDRAWN = "withdrawn"


LIFECYCLE = Lifecycle(
    {
        (State.OPEN, "receive"): State.PAID,
        (State.OPEN, "withdraw"): State.WITHDRAWN,
        (State.WITHDRAWN, "receive"): State.PAID,  # the money came all the same
    }
)


class Status(StrEnum):
    """What a payment provider says of a payment; only `succeeded` moves money."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Fate(StrEnum):
    """What became of a provider's word."""

    NOTED = "noted"  # nothing to be done
    CREDITED = "credited"
    SURPLUS = "surplus"  # a second payment of a paid invoice: the operator decides


class BadNotice(ValueError):
    """What a provider sent cannot be read; `field` says where."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True)
class Notice:
    """A provider's word on one payment; `amount` in minor units."""

    payment: str
    invoice: int
    status: Status
    amount: int
    currency: str


def read_notice(body: Any) -> Notice:
    """Read a provider's JSON. Raises BadNotice: half an answer is none."""
    if not isinstance(body, Mapping):
        raise BadNotice("body")
    payment, currency = _word(body, "payment"), _word(body, "currency")
    invoice = _word(body, "invoice")
    if not (invoice.isascii() and invoice.isdecimal() and 0 < int(invoice) <= BIGINT_MAX):
        raise BadNotice("invoice")
    try:
        status = Status(_word(body, "status"))
    except ValueError as error:
        raise BadNotice("status") from error
    try:
        amount = parse_decimal(_word(body, "amount"), currency)
    except MoneyError as error:
        raise BadNotice("amount") from error
    if not 0 < amount <= LARGEST:
        raise BadNotice("amount")
    return Notice(payment, int(invoice), status, amount, currency)


def _word(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    fits = isinstance(value, str) and 0 < len(value) <= _LONGEST and value.isprintable()
    if not fits:
        raise BadNotice(name)
    return str(value)


@dataclass(frozen=True)
class Requisites:
    """Whom the merchants' top-ups are paid to, as the printed invoice says it."""

    name: str = ""
    inn: str = ""
    kpp: str = ""
    address: str = ""
    bank: str = ""
    bik: str = ""
    account: str = ""
    correspondent: str = ""
    note: str = ""

    @property
    def bank_account(self) -> BankAccount | None:
        """The account, if it is one at a Russian bank; its numbers as they were typed."""
        number = digits(self.account)
        if not (number.isascii() and number.isdecimal()):
            return None  # an IBAN, say
        return BankAccount(digits(self.bik), number, self.bank, digits(self.correspondent))

    def problems(self) -> dict[str, Problem]:
        """Return what is wrong, by field; what may be left out is looked at where it is given."""
        long = len(digits(self.inn)) == ENTREPRENEUR_INN
        found = {
            "inn": inn_problem(digits(self.inn), 12 if long else 10) if self.inn else None,
            "kpp": kpp_problem(plain(self.kpp)) if self.kpp else None,
        }
        wrong = {name: problem for name, problem in found.items() if problem is not None}
        bank = self.bank_account
        if bank is not None:
            return wrong | bank.problems()
        foreign = iban_problem(plain(self.account))
        return wrong | ({"account": foreign} if foreign else {})

    def qr(self, amount: int, currency: str, purpose: str) -> str | None:
        """Return the text of the payment QR over `amount` (kopecks), or None where a bank could not read it."""
        bank = self.bank_account
        if currency != "RUB" or not self.name or bank is None or bank.problems():
            return None
        payee = Payee(self.name, inn=digits(self.inn), kpp=plain(self.kpp))
        return payment_qr(payee, bank, amount, purpose)

    @property
    def complete(self) -> bool:
        """Whether somebody could pay by them."""
        return bool(self.name and self.account)

    def to_json(self) -> dict[str, str]:
        """Write them as JSON keeps them."""
        return asdict(self)

    @classmethod
    def of(cls, kept: Mapping[str, Any] | None) -> Requisites:
        """Read what `to_json` wrote; what is missing is empty."""
        known = kept or {}
        return cls(**{name: str(known.get(name) or "") for name in cls.__dataclass_fields__})


def crossed(before: int, after: int, threshold: int | None) -> bool:
    """Tell whether a balance fell below the threshold just now, minor units."""
    return threshold is not None and after < threshold <= before
