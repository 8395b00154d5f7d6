"""Ways to be paid: each has fields of its own, tidied by `make`, checked by `problems`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from app.requisites.rules import numbers
from app.requisites.rules.numbers import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

HIDDEN = "\u2022\u2022\u2022\u2022"
_SHOWN = 4  # characters of a number that may be shown


class Kind(StrEnum):
    """What a payout method pays to."""

    BANK = "bank"  # an account at a Russian bank
    IBAN = "iban"
    CARD = "card"
    PHONE = "phone"  # fast payments by a phone's number
    OTHER = "other"  # free text by the merchant's hint


# The kind of a new merchant's first method, by currency.
FIRST_KIND = {
    "RUB": Kind.BANK,
    **dict.fromkeys(("EUR", "GBP", "PLN", "RON", "KZT", "BYN", "UAH"), Kind.IBAN),
}


def first_kind(currency: str) -> Kind:
    """Return what a bank transfer asks for where the merchant's currency is used."""
    return FIRST_KIND.get(currency, Kind.OTHER)


def tail(number: str) -> str:
    """Return a number's end only: "•••• 1234"; a short one is hidden whole."""
    known = "".join(c for c in number if c.isalnum())
    return f"{HIDDEN} {known[-_SHOWN:]}" if len(known) > 2 * _SHOWN else HIDDEN


class Base:
    """What every way can do; all of its fields are text."""

    kind: ClassVar[Kind]
    number: str  # where the money goes, the one field people know it by

    @classmethod
    def make(cls, said: Mapping[str, str | None]) -> Any:
        """Make the way of what was typed; fields of other ways are left out."""
        names = [f.name for f in fields(cls)]  # type: ignore[arg-type]
        return cls(**{n: cls.tidy(n, (said.get(n) or "").strip()) for n in names})

    @classmethod
    def tidy(cls, name: str, text: str) -> str:  # noqa: ARG003 - a way tidies each field its own way
        """Return a field as it is kept."""
        return text

    def problems(self) -> dict[str, Problem]:
        """Return what is wrong, by field."""
        return {name: found for name, found in self.found().items() if found is not None}

    def found(self) -> dict[str, Problem | None]:
        """Look at each field."""
        raise NotImplementedError

    def masked(self) -> str:
        """Return what may be shown: the number's end."""
        return tail(self.number)

    def rows(self) -> dict[str, str]:
        """Return the fields that say something, in the order of the form."""
        return {name: text for name, text in asdict(self).items() if text}  # type: ignore[call-overload]

    def written(self) -> dict[str, str]:
        """Return the way as it is kept."""
        return {"kind": self.kind.value, **asdict(self)}  # type: ignore[call-overload]


def _given(text: str) -> Problem | None:
    return None if text else Problem("missing")


@dataclass(frozen=True)
class BankAccount(Base):
    """An account at a Russian bank."""

    kind: ClassVar[Kind] = Kind.BANK

    bik: str
    account: str
    bank: str = ""
    correspondent: str = ""

    @property
    def number(self) -> str:  # type: ignore[override]
        """The account."""
        return self.account

    @classmethod
    def tidy(cls, name: str, text: str) -> str:
        """Numbers lose their spaces."""
        return text if name == "bank" else numbers.digits(text)

    def found(self) -> dict[str, Problem | None]:
        """The accounts are checked together with the BIK."""
        return {
            "bik": numbers.bik_problem(self.bik),
            "account": numbers.account_problem(self.account, self.bik),
            "bank": _given(self.bank),
            "correspondent": numbers.correspondent_problem(self.correspondent, self.bik),
        }


@dataclass(frozen=True)
class Iban(Base):
    """An account by its international number."""

    kind: ClassVar[Kind] = Kind.IBAN

    iban: str
    bic: str = ""
    bank: str = ""

    @property
    def number(self) -> str:  # type: ignore[override]
        """The IBAN."""
        return self.iban

    @classmethod
    def tidy(cls, name: str, text: str) -> str:
        """Numbers lose their spaces and get capital letters."""
        return text if name == "bank" else numbers.plain(text)

    def found(self) -> dict[str, Problem | None]:
        """The BIC may be left out."""
        return {
            "iban": numbers.iban_problem(self.iban),
            "bic": numbers.bic_problem(self.bic) if self.bic else None,
        }


@dataclass(frozen=True)
class Card(Base):
    """A bank card."""

    kind: ClassVar[Kind] = Kind.CARD

    card: str

    @property
    def number(self) -> str:  # type: ignore[override]
        """The card."""
        return self.card

    @classmethod
    def tidy(cls, name: str, text: str) -> str:  # noqa: ARG003 - it has one field
        """Digits only."""
        return numbers.digits(text)

    def found(self) -> dict[str, Problem | None]:
        """Luhn's sum."""
        return {"card": numbers.card_problem(self.card)}


@dataclass(frozen=True)
class Phone(Base):
    """A transfer by phone number, to the bank that the person names."""

    kind: ClassVar[Kind] = Kind.PHONE

    phone: str
    bank: str = ""

    @property
    def number(self) -> str:  # type: ignore[override]
        """The phone."""
        return self.phone

    @classmethod
    def tidy(cls, name: str, text: str) -> str:
        """A phone is kept in E.164; without a country code it is Russian."""
        return numbers.phone(text) if name == "phone" and text else text

    def found(self) -> dict[str, Problem | None]:
        """Both are needed: one number may be known to several banks."""
        return {"phone": numbers.phone_problem(self.phone), "bank": _given(self.bank)}


@dataclass(frozen=True)
class Other(Base):
    """Whatever else the merchant's hint asks for."""

    kind: ClassVar[Kind] = Kind.OTHER

    account: str
    note: str = ""
    holder: str = ""  # of details given before each way had fields of its own

    @property
    def number(self) -> str:  # type: ignore[override]
        """The account or wallet."""
        return self.account

    def found(self) -> dict[str, Problem | None]:
        """Only an empty account is wrong."""
        return {"account": _given(self.account)}


Way = BankAccount | Iban | Card | Phone | Other
WAYS: dict[Kind, type[Way]] = {each.kind: each for each in (BankAccount, Iban, Card, Phone, Other)}


def read_way(stored: Mapping[str, Any]) -> Way:
    """Read what `written` wrote."""
    known = dict(stored)
    return WAYS[Kind(known.pop("kind"))](**known)
