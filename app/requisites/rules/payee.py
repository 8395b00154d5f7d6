"""Who is paid, as tax offices and banks know them; and the whole that a payout carries with it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from app.requisites.rules import numbers
from app.requisites.rules.numbers import Problem
from app.requisites.rules.ways import Kind, Other, Way, read_way

if TYPE_CHECKING:
    from collections.abc import Mapping

RUSSIA = "RU"


class TaxStatus(StrEnum):
    """How the payee pays taxes; documents and registers follow it."""

    PERSON = "person"
    SELF_EMPLOYED = "self_employed"
    ENTREPRENEUR = "entrepreneur"
    COMPANY = "company"


INN_LENGTH = {TaxStatus.COMPANY: 10}  # of all others 12
OGRN_LENGTH = {TaxStatus.ENTREPRENEUR: 15, TaxStatus.COMPANY: 13}
_NUMBERS = ("inn", "kpp", "ogrn")


@dataclass(frozen=True)
class Payee:
    """A person or company: the legal name and the numbers that belong to the tax status.

    Outside Russia the numbers are what that country's offices give, and are not checked.
    """

    name: str
    status: TaxStatus = TaxStatus.PERSON
    inn: str = ""
    kpp: str = ""
    ogrn: str = ""
    address: str = ""
    country: str = RUSSIA

    @classmethod
    def make(cls, said: Mapping[str, str | None]) -> Payee:
        """Make the payee of what was typed; numbers that the status does not have are left out."""
        known = {f.name: (said.get(f.name) or "").strip() for f in fields(cls)}
        status = TaxStatus(known["status"] or TaxStatus.PERSON)
        country = known["country"] or RUSSIA
        belongs = asked(status, country)
        inn, kpp, ogrn = (numbers.plain(known[n]) if n in belongs else "" for n in _NUMBERS)
        return cls(known["name"], status, inn, kpp, ogrn, known["address"], country)

    def problems(self) -> dict[str, Problem]:
        """Return what is wrong, by field."""
        found = {"name": None if self.name else Problem("missing")}
        if self.country == RUSSIA:
            found |= self._russian()
        return {name: problem for name, problem in found.items() if problem is not None}

    def _russian(self) -> dict[str, Problem | None]:
        found: dict[str, Problem | None] = {}
        if self.inn or self.status is not TaxStatus.PERSON:
            found["inn"] = numbers.inn_problem(self.inn, INN_LENGTH.get(self.status, 12))
        if self.status in OGRN_LENGTH:
            found["ogrn"] = numbers.ogrn_problem(self.ogrn, OGRN_LENGTH[self.status])
        if self.status is TaxStatus.COMPANY:
            found["kpp"] = numbers.kpp_problem(self.kpp)
        return found


def asked(status: TaxStatus, country: str = RUSSIA) -> tuple[str, ...]:
    """Return which numbers a payee of this status has."""
    if status is TaxStatus.COMPANY:
        return ("inn", "kpp", "ogrn") if country == RUSSIA else ("inn", "ogrn")
    return ("inn", "ogrn") if status is TaxStatus.ENTREPRENEUR else ("inn",)


@dataclass(frozen=True)
class Details:
    """Who is paid by one method and where to: what a payout carries, enough for registers and documents."""

    payee: Payee
    way: Way

    @property
    def kind(self) -> Kind:
        """The kind of the method."""
        return self.way.kind

    @property
    def holder(self) -> str:
        """Whose account it is."""
        known = self.way.holder if isinstance(self.way, Other) else ""
        return known or self.payee.name

    def masked(self) -> str:
        """Return what may be shown."""
        return self.way.masked()

    def problems(self) -> dict[str, Problem]:
        """Return what is wrong, by field."""
        return self.payee.problems() | self.way.problems()


@dataclass(frozen=True)
class Kept:
    """All that one partner gave: who is paid, and a way for each method; sealed where it is stored."""

    payee: Payee | None = None
    ways: Mapping[str, Way] = field(default_factory=dict)

    def get(self, method: str) -> Details | None:
        """Return the details for a method."""
        way = self.ways.get(method)
        return Details(self.payee, way) if self.payee and way else None

    def items(self) -> dict[str, Details]:
        """Return the details of every method."""
        return {code: Details(self.payee, way) for code, way in self.ways.items() if self.payee}

    def having(self, method: str, given: Details) -> Kept:
        """Return them with a method's details changed; who is paid is one for all methods."""
        return Kept(given.payee, {**self.ways, method: given.way})

    def only(self, method: str) -> Kept:
        """Return what a payout by this method carries."""
        return Kept(self.payee, {code: way for code, way in self.ways.items() if code == method})

    def to_json(self) -> str:
        """Write the whole, always the same for the same."""
        payee = asdict(self.payee) if self.payee else None
        ways = {code: way.written() for code, way in self.ways.items()}
        return json.dumps({"payee": payee, "ways": ways}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Kept:
        """Read what `to_json` wrote, or what was kept before: {method: {holder, account, note}}."""
        stored = json.loads(text)
        if "ways" in stored:
            payee = read_payee(stored["payee"]) if stored["payee"] else None
            return cls(payee, {code: read_way(way) for code, way in stored["ways"].items()})
        first = next(iter(stored.values()), None)
        ways = {
            code: Other(d["account"], d.get("note", ""), d["holder"]) for code, d in stored.items()
        }
        return cls(Payee(first["holder"]) if first else None, ways)


def read_payee(stored: Mapping[str, Any]) -> Payee:
    """Read a payee as it was kept."""
    return Payee(**{**stored, "status": TaxStatus(stored["status"])})
