"""Withdrawals as pages list them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, func, select

from app.extensions import db
from app.partners.models import Partner
from app.payouts.models import Payout, PayoutMethod
from app.withdrawals.models import Withdrawal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

SHOWN = case(
    (and_(Withdrawal.state == "approved", Payout.state == "paid"), "paid"),
    (
        and_(Withdrawal.state == "approved", Payout.state.in_(["rejected", "cancelled", "failed"])),
        "failed",
    ),
    else_=Withdrawal.state,
)


def lines() -> Select[Any]:
    """Return the statement of requests: Withdrawal, partner, refcode, method (its name), shown, payout."""
    columns: tuple[Any, ...] = (
        Withdrawal,
        Partner.name.label("partner"),
        Partner.refcode.label("refcode"),
        PayoutMethod.name.label("method"),
        SHOWN.label("shown"),
        Payout.public_id.label("payout"),
    )
    return (
        select(*columns)
        .join(
            Partner,
            and_(Partner.tenant_id == Withdrawal.tenant_id, Partner.id == Withdrawal.partner_id),
        )
        .outerjoin(
            Payout,
            and_(Payout.tenant_id == Withdrawal.tenant_id, Payout.id == Withdrawal.payout_id),
        )
        .outerjoin(
            PayoutMethod,
            and_(
                PayoutMethod.tenant_id == Withdrawal.tenant_id,
                PayoutMethod.code == Withdrawal.method,
            ),
        )
    )


def line(public_id: str) -> Any:
    """Return one request with its names; None: there is none."""
    return db.session.execute(lines().where(Withdrawal.public_id == public_id)).one_or_none()


def of_partner(partner_id: int) -> Select[Any]:
    """Return the statement of a partner's requests."""
    return lines().where(Withdrawal.partner_id == partner_id)


def open_of(partner_id: int) -> Withdrawal | None:
    """Return the partner's request that nobody has decided on."""
    query = select(Withdrawal).where(
        Withdrawal.partner_id == partner_id, Withdrawal.state == "requested"
    )
    return db.session.scalar(query)


def waiting() -> tuple[int, int]:
    """Return how many requests wait for a decision, and their sum in bonus minor units."""
    query = select(func.count(), func.coalesce(func.sum(Withdrawal.amount), 0)).where(
        Withdrawal.state == "requested"
    )
    count, total = db.session.execute(query).one()
    return count, int(total)


def named(public_ids: Sequence[str]) -> list[int]:
    """Return the ids of requests by their numbers; nobody's are left out."""
    query = select(Withdrawal.id).where(Withdrawal.public_id.in_(public_ids))
    return list(db.session.scalars(query.order_by(Withdrawal.id)))
