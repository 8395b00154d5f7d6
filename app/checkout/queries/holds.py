"""What shops reserved by the API, and with whose money customers may pay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select, text

from app import clock
from app.bonuses.models import Hold
from app.checkout.models import CheckoutHold, MoneyHold
from app.extensions import db
from app.ledger.queries import guarded_balances
from app.ledger.rules import available
from app.partners.models import Partner
from app.tenancy import current_tenant, role
from app.tenants.models import Tenant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta


def hold(shop_id: int, public_id: str) -> CheckoutHold | None:
    """Return a hold that a shop made by the API."""
    return db.session.scalar(
        select(CheckoutHold).where(
            CheckoutHold.shop_id == shop_id, CheckoutHold.public_id == public_id
        )
    )


def hold_of(reference: str) -> Hold:
    """Return the reserved bonuses behind a hold, as they now stand."""
    asked = select(Hold).where(Hold.reference == reference)
    return db.session.scalars(asked.execution_options(populate_existing=True)).one()


def open_holds(shop_id: int, order_key: str, member_id: int) -> Sequence[CheckoutHold]:
    """Return what a shop reserved of a customer's bonuses for one of its orders, and still is, oldest first."""
    bonus = and_(Hold.tenant_id == CheckoutHold.tenant_id, Hold.reference == CheckoutHold.reference)
    money = and_(
        MoneyHold.tenant_id == CheckoutHold.tenant_id,
        MoneyHold.reference == func.concat("shop:", CheckoutHold.reference),
    )
    return db.session.scalars(
        select(CheckoutHold)
        .outerjoin(Hold, bonus)
        .outerjoin(MoneyHold, money)
        .where(
            CheckoutHold.shop_id == shop_id,
            CheckoutHold.order_key == order_key,
            CheckoutHold.member_id == member_id,
            or_(Hold.state == "held", MoneyHold.state == "held"),
        )
        .order_by(CheckoutHold.id)
    ).all()


def money_hold_of(reference: str) -> MoneyHold | None:
    """Return the partner money behind a hold, as it now stands; None: there is none."""
    asked = select(MoneyHold).where(MoneyHold.reference == reference)
    return db.session.scalar(asked.execution_options(populate_existing=True))


def payer(member_id: int | None) -> int | None:
    """Return the partner with whose money a customer may pay: who he is, active, with nothing stopped."""
    if member_id is None:
        return None
    query = select(Partner.id).where(
        Partner.member_id == member_id,
        Partner.status == "active",
        Partner.details_frozen_at.is_(None),
    )
    return db.session.scalar(query.order_by(Partner.id).limit(1))


def money_of(partner_id: int | None) -> int:
    """Return what a partner has available, minor units."""
    if partner_id is None:
        return 0
    account = available(partner_id)
    return guarded_balances([account]).get(account, 0)


def currency() -> str:
    """Return the merchant's currency."""
    return db.session.scalars(select(Tenant.currency).where(Tenant.id == current_tenant())).one()


_OVERDUE = text(
    """
    SELECT h.tenant_id, h.reference, t.clock_offset FROM money_hold h
    JOIN tenant t ON t.id = h.tenant_id
    WHERE h.state = 'held' AND h.until <= :now + t.clock_offset ORDER BY h.until LIMIT :most
    """
)


def overdue(most: int) -> list[tuple[int, str, timedelta]]:
    """Return (tenant, hold, clock offset) of partner money held for too long, of all merchants."""
    with role("partnerka_drain"):
        rows = db.session.execute(_OVERDUE, {"now": clock.now(), "most": most}).all()
    return [(row.tenant_id, row.reference, row.clock_offset) for row in rows]
