"""Read what a month brought, for many partners in a few statements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, select

from app.commissions.models import Deal, Share
from app.digests.rules import Figures
from app.extensions import db
from app.ledger.queries import partner_balances
from app.partners.models import Partner, SponsorEdge
from app.partners.rules import Status
from app.payouts.models import Payout

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from app.digests.rules import Month

EARNING = ("pending", "available")


def next_partners(place: int, limit: int) -> Sequence[Partner]:
    """Return the next partners to be told, in the order of their ids."""
    query = select(Partner).where(
        Partner.id > place, Partner.status == Status.ACTIVE, Partner.email.is_not(None)
    )
    return db.session.scalars(query.order_by(Partner.id).limit(limit)).all()


def figures(ids: Collection[int], month: Month, until: datetime) -> dict[int, Figures]:
    """Return what a month brought each partner; `until`: the end of the running month, for what comes free."""
    sold, paid, brought = _sold(ids, month), _paid(ids, month), _brought(ids, month)
    soon, standing = _soon(ids, until), partner_balances(ids)
    return {
        i: Figures(
            sales=sold.get(i, (0, 0))[0],
            earned=sold.get(i, (0, 0))[1],
            paid=paid.get(i, 0),
            recruits=brought.get(i, 0),
            available=standing[i].available,
            pending=standing[i].pending,
            soon=soon.get(i, 0),
        )
        for i in ids
    }


def _deals() -> Any:
    return (Deal.tenant_id == Share.tenant_id) & (Deal.order_id == Share.order_id)


def _sold(ids: Collection[int], month: Month) -> dict[int, tuple[int, int]]:
    query = (
        select(
            Share.partner_id,
            func.count(func.distinct(Share.order_id)),
            func.sum(Share.amount),
        )
        .join(Deal, _deals())
        .where(
            Share.partner_id.in_(ids),
            Share.bucket.in_(EARNING),
            Share.amount > 0,
            Deal.created_at >= month.starts,
            Deal.created_at < month.ends,
        )
        .group_by(Share.partner_id)
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in db.session.execute(query)}


def _soon(ids: Collection[int], until: datetime) -> dict[int, int]:
    query = (
        select(Share.partner_id, func.sum(Share.amount))
        .join(Deal, _deals())
        .where(Share.partner_id.in_(ids), Share.bucket == "pending", Deal.matures_at < until)
        .group_by(Share.partner_id)
    )
    return {row[0]: int(row[1]) for row in db.session.execute(query)}


def _paid(ids: Collection[int], month: Month) -> dict[int, int]:
    query = (
        select(Payout.partner_id, func.sum(Payout.amount))
        .where(
            Payout.partner_id.in_(ids),
            Payout.state == "paid",
            Payout.ended_at >= month.starts,
            Payout.ended_at < month.ends,
        )
        .group_by(Payout.partner_id)
    )
    return {row[0]: int(row[1]) for row in db.session.execute(query)}


def _brought(ids: Collection[int], month: Month) -> dict[int, int]:
    query = (
        select(SponsorEdge.sponsor_id, func.count(func.distinct(SponsorEdge.partner_id)))
        .join(
            Partner,
            (Partner.tenant_id == SponsorEdge.tenant_id) & (Partner.id == SponsorEdge.partner_id),
        )
        .where(
            SponsorEdge.sponsor_id.in_(ids),
            Partner.created_at >= month.starts,
            Partner.created_at < month.ends,
        )
        .group_by(SponsorEdge.sponsor_id)
    )
    return {row[0]: int(row[1]) for row in db.session.execute(query) if row[0] is not None}


def of_merchant(month: Month) -> dict[str, int]:
    """Return what a month brought the merchant: deals, commission, paid, partners; sums in minor units."""
    sums = select(
        func.count().filter(Deal.partner_id.is_not(None)),
        func.coalesce(func.sum(case((Deal.partner_id.is_not(None), Deal.commission), else_=0)), 0),
    ).where(Deal.created_at >= month.starts, Deal.created_at < month.ends)
    deals, commission = db.session.execute(sums).one()
    paid = select(func.coalesce(func.sum(Payout.amount), 0)).where(
        Payout.state == "paid", Payout.ended_at >= month.starts, Payout.ended_at < month.ends
    )
    joined = select(func.count()).where(
        Partner.created_at >= month.starts,
        Partner.created_at < month.ends,
        Partner.status == Status.ACTIVE,
    )
    return {
        "sales": int(deals),
        "earned": int(commission),
        "paid": int(db.session.scalar(paid) or 0),
        "partners": int(db.session.scalar(joined) or 0),
    }
