"""What partners can turn, and what they have turned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from app.bonuses import queries as bonuses
from app.conversions.models import Conversion
from app.conversions.rules import Purse
from app.extensions import db
from app.ledger.models import Balance
from app.ledger.queries import partner_balances
from app.partners.models import Partner
from app.payouts.queries import currency

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["currency", "of_partner", "purse", "with_money"]


def purse(partner: Partner) -> Purse:
    """Return what a partner has in money and bonuses now."""
    money = partner_balances([partner.id])[partner.id].available
    if partner.member_id is None:
        return Purse(linked=False, money=money)
    found = bonuses.balance(partner.member_id)
    return Purse(linked=True, money=money, bonuses=found.available, owed=found.debt)


def of_partner(partner_id: int, most: int = 50) -> Sequence[Conversion]:
    """Return a partner's newest turns."""
    query = select(Conversion).where(Conversion.partner_id == partner_id)
    return db.session.scalars(query.order_by(Conversion.id.desc()).limit(most)).all()


def with_money(most: int) -> Sequence[Partner]:
    """Return partners with a bonus account and available money, whose payouts nothing stops."""
    account = func.concat("partner:", Partner.id, ":available")
    query = (
        select(Partner)
        .join(Balance, Balance.account == account)
        .where(
            Partner.member_id.is_not(None),
            Balance.balance > 0,
            Partner.status == "active",
            Partner.details_frozen_at.is_(None),
        )
        .order_by(Partner.id)
        .limit(most)
    )
    return db.session.scalars(query).all()
