"""What partners can turn, and what they have turned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select

from app.bonuses import queries as bonuses
from app.bonuses.models import Lot
from app.conversions.models import Conversion
from app.conversions.rules import Purse
from app.extensions import db
from app.ledger.models import Balance
from app.ledger.queries import partner_balances
from app.partners.models import Partner
from app.payouts.queries import currency

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

__all__ = ["currency", "purse", "turns", "with_money"]


def purse(partner: Partner) -> Purse:
    """Return what a partner has in money and bonuses now."""
    money = partner_balances([partner.id])[partner.id].available
    if partner.member_id is None:
        return Purse(linked=False, money=money)
    found = bonuses.balance(partner.member_id)
    return Purse(linked=True, money=money, bonuses=found.available, owed=found.debt)


def turns(partner_id: int) -> Select[Any]:
    """Return the statement of a partner's turns, each with when the bonuses that it made lapse.

    Columns: Conversion, expires_at (None: never), left (what remains of them, minor units).
    """
    made = and_(
        Lot.tenant_id == Conversion.tenant_id,
        Lot.reference == func.concat("conversion:", Conversion.public_id, ":in"),
    )
    columns: tuple[Any, ...] = (Conversion, Lot.expires_at, Lot.remaining.label("left"))
    return select(*columns).outerjoin(Lot, made).where(Conversion.partner_id == partner_id)


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
