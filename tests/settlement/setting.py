"""Lampa settles through the platform: partners with details, a prepaid balance, fees."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app import clock
from app.billing import service as billing
from app.extensions import db
from app.ledger import service as ledger
from app.ledger.rules import COMMISSIONS, Move, available
from app.partners.models import Partner
from app.payouts.models import Payout
from app.payouts.service import set_details
from app.settlement import service
from app.tenants import service as tenants
from tests.payouts.setting import RUB, at_lampa, by_bank, earn, partner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

_numbers = count(1)


@contextmanager
def platform_lampa(**settings: Any) -> Iterator[int]:
    """Stand in the scope of a new merchant who settles through the platform."""
    with at_lampa() as tenant:
        tenants.change_settings({"settlement": "platform", **settings})
        service.open_balance()
        yield tenant


def ready(name: str, amount: int = 0) -> int:
    """Make a partner who can be paid, and has earned."""
    made = partner(name)
    give_details(made)
    if amount:
        earn(made, amount)
    return made


ACCOUNT = "40817810700000000001"


def give_details(partner_id: int, account: str = ACCOUNT) -> None:
    """Let the partner say where the money goes."""
    who = db.session.scalars(select(Partner).where(Partner.id == partner_id)).one()
    set_details(who, "bank", by_bank("Anna", account))


def earned_ago(partner_id: int, amount: int, ago: timedelta) -> None:
    """Let commission have become available some time ago."""
    move = Move(COMMISSIONS, available(partner_id), amount, "accrual", partner=partner_id)
    ledger.post(f"test:past:{next(_numbers)}", [move], RUB, at=clock.now() - ago)


def top_up(amount: int) -> None:
    """Let the merchant's money come in."""
    billing.receive(billing.ask(amount, "person:1").id, amount, "person:1")


def payouts_of(partner_id: int) -> list[Payout]:
    """Return a partner's payouts, oldest first, as they stand."""
    query = select(Payout).where(Payout.partner_id == partner_id).order_by(Payout.id)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def only(partner_id: int) -> Payout:
    """Return the partner's one payout."""
    [found] = payouts_of(partner_id)
    return found
