"""The merchant's own legal details: what stands in its documents, registers and invoices."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from app.requisites.rules.payee import RUSSIA, Payee, TaxStatus
from app.requisites.rules.ways import BankAccount, Iban

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.requisites.rules.numbers import Problem

_BANK = ("bik", "account", "correspondent")


@dataclass(frozen=True)
class Legal:
    """One company or entrepreneur; accounts may be missing, what is there is sound."""

    name: str
    status: str = TaxStatus.COMPANY.value
    inn: str = ""
    kpp: str = ""
    ogrn: str = ""
    address: str = ""
    country: str = RUSSIA
    bank: str = ""
    bik: str = ""
    account: str = ""
    correspondent: str = ""
    iban: str = ""
    bic: str = ""
    signer: str = ""  # who signs: family name and initials
    post: str = ""  # what the signer is
    vat: str = ""  # words about VAT that end a payment's purpose

    @classmethod
    def make(cls, said: Mapping[str, str | None]) -> Legal:
        """Make it of what was typed."""
        known = {f.name: (said.get(f.name) or "").strip() for f in fields(cls)}
        payee = Payee.make({**said, "status": known["status"] or TaxStatus.COMPANY.value})
        tidied = {
            **known,
            **asdict(payee),
            **asdict(BankAccount.make(said)),
            **asdict(Iban.make(said)),
        }
        return cls(**{**tidied, "status": payee.status.value})

    @property
    def payee(self) -> Payee:
        """Who that is."""
        return Payee(
            self.name, TaxStatus(self.status), self.inn, self.kpp, self.ogrn, self.address, self.country
        )  # fmt: skip

    @property
    def bank_account(self) -> BankAccount | None:
        """The account at a Russian bank, if there is one."""
        return (
            BankAccount(self.bik, self.account, self.bank, self.correspondent)
            if self.account
            else None
        )

    @property
    def iban_account(self) -> Iban | None:
        """The account by IBAN, if there is one."""
        return Iban(self.iban, self.bic, self.bank) if self.iban else None

    def problems(self) -> dict[str, Problem]:
        """Return what is wrong, by field; no account at all is not wrong, a half of one is."""
        found = self.payee.problems()
        if any(getattr(self, name) for name in _BANK):
            found |= BankAccount(self.bik, self.account, self.bank, self.correspondent).problems()
        if self.iban or self.bic:
            found |= Iban(self.iban, self.bic, self.bank).problems()
        return found

    def to_json(self) -> str:
        """Write it, always the same for the same."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Legal:
        """Read what `to_json` wrote."""
        return cls(**json.loads(text))
