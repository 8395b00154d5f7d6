"""A merchant with partners and money, made row by row where the story is only about payouts and the ledger."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

from app import clock
from app.extensions import db
from app.ledger import service as ledger
from app.ledger.rules import COMMISSIONS, Move, available, debt
from app.partners.models import Code, Partner
from app.payouts.models import PayoutMethod
from app.requisites.rules import BankAccount, Details, Payee
from app.tenancy import public_id, tenant_scope
from app.tenants.models import Tenant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

RUB = "RUB"
ACCOUNT = "40817810899910004312"
BANK = {"bik": "044525225", "bank": "Sberbank", "correspondent": "30101810400000000225"}
FORM = {"status": "person", "country": "RU", "name": "Anna Petrova", "account": ACCOUNT, **BANK}
_numbers = count(1)


def by_bank(name: str, account: str = ACCOUNT) -> Details:
    """Return a person's details for the method "bank"."""
    return Details(Payee(name), BankAccount(account=account, **BANK))


def fill_details(page: Page, name: str = "Anna Petrova") -> None:
    """Fill in the cabinet's page of payment details for a bank account."""
    page.get_by_label("Full name").fill(name)
    page.get_by_label("BIK", exact=True).fill(BANK["bik"])
    page.get_by_label("Account number").fill(ACCOUNT)
    page.get_by_label("Bank", exact=True).fill(BANK["bank"])
    page.get_by_label("Correspondent account").fill(BANK["correspondent"])


def merchant(name: str = "Lampa", currency: str = RUB) -> int:
    """Make a merchant and return its tenant."""
    made = Tenant(
        public_id=public_id("me"),
        slug=f"{name.lower()}-{public_id('x')[2:]}",
        name=name,
        email=f"{name.lower()}@example.org",
        currency=currency,
        locale="en",
        timezone="Europe/Moscow",
        created_at=clock.now(),
    )
    db.session.add(made)
    db.session.flush()
    return made.id


@contextmanager
def at_lampa() -> Iterator[int]:
    """Stand in a new merchant's scope that has the method "bank"."""
    tenant = merchant()
    with tenant_scope(tenant):
        db.session.add(PayoutMethod(code="bank", name="Bank transfer", kind="bank"))
        db.session.flush()
        yield tenant


def partner(name: str, status: str = "active") -> int:
    """Make a partner and return the id."""
    return known_partner(name, status)[0]


def known_partner(name: str, status: str = "active") -> tuple[int, str]:
    """Make a partner with the refcode as a code; return id and refcode."""
    made = Partner(
        public_id=public_id("pa"),
        refcode=f"{name.lower()}-{public_id('x')[2:10]}",
        name=name,
        search=name.lower(),
        status=status,
        locale="en",
        created_at=clock.now(),
    )
    db.session.add(made)
    db.session.flush()
    code = Code(
        key=made.refcode,
        display=made.refcode,
        kind="refcode",
        partner_id=made.id,
        created_at=clock.now(),
    )
    db.session.add(code)
    db.session.flush()
    return made.id, made.refcode


def earn(partner_id: int, amount: int) -> None:
    """Let commission become available, as the end of a hold does; debt is repaid first."""
    reference = f"test:{next(_numbers)}"
    move = Move(COMMISSIONS, available(partner_id), amount, "accrual", partner=partner_id)
    ledger.post(reference, [move], RUB)
    ledger.repay([partner_id], RUB)


def take_back(partner_id: int, amount: int) -> None:
    """Take commission back, as a refund does: from available, the rest becomes debt."""
    free = ledger.lock([available(partner_id), debt(partner_id)], RUB)[available(partner_id)]
    parts = (
        (available(partner_id), min(free, amount)),
        (debt(partner_id), amount - min(free, amount)),
    )
    moves = [Move(a, COMMISSIONS, n, "taken_back", partner=partner_id) for a, n in parts if n]
    ledger.post(f"test:{next(_numbers)}", moves, RUB)
