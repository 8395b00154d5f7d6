"""Read postbacks, their calls, and what a call says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from app import clock
from app.attribution.models import Claim, Click
from app.commissions.models import Deal, Share
from app.extensions import db
from app.installation import settings
from app.links.models import Link
from app.links.rules import click_key, open_click
from app.money import to_decimal_string
from app.orders.models import Order
from app.partners.models import Partner
from app.postbacks.models import Delivery, Postback

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

WAITING = ("due", "sending")


def of_partner(partner_id: int) -> Sequence[Postback]:
    """Return a partner's postbacks that were not removed, oldest first."""
    query = select(Postback).where(Postback.partner_id == partner_id, Postback.removed_at.is_(None))
    return db.session.scalars(query.order_by(Postback.id)).all()


def find(public_id: str, partner_id: int) -> Postback | None:
    """Return a postback of a partner by its outside id."""
    query = select(Postback).where(
        Postback.public_id == public_id,
        Postback.partner_id == partner_id,
        Postback.removed_at.is_(None),
    )
    return db.session.scalar(query)


def calls(postback_id: int) -> Any:
    """Return the statement of a postback's calls with the deal each is about."""
    return (
        select(Delivery, Deal.public_id.label("deal"))
        .outerjoin(
            Deal, (Deal.tenant_id == Delivery.tenant_id) & (Deal.order_id == Delivery.order_id)
        )
        .where(Delivery.postback_id == postback_id)
    )


def concerned(order_ids: Collection[int]) -> list[tuple[int, int]]:
    """Return (postback, order) to be told: those of the deal's partner who want its state, and those told before."""
    deals = db.session.execute(
        select(Deal.order_id, Deal.partner_id, Deal.state).where(Deal.order_id.in_(order_ids))
    ).all()
    owners = {row.partner_id for row in deals if row.partner_id is not None}
    told = db.session.execute(
        select(Delivery.order_id, Delivery.postback_id, Postback.partner_id)
        .join(
            Postback,
            (Postback.tenant_id == Delivery.tenant_id) & (Postback.id == Delivery.postback_id),
        )
        .where(Delivery.order_id.in_(order_ids), _open())
        .distinct()
    ).all()
    now = {row.order_id: row.partner_id for row in deals}
    found = {(t.postback_id, t.order_id) for t in told if t.partner_id != now.get(t.order_id)}
    if owners:
        query = select(Postback).where(Postback.partner_id.in_(owners), _open())
        for postback in db.session.scalars(query):
            found |= {
                (postback.id, row.order_id)
                for row in deals
                if row.partner_id == postback.partner_id and row.state in postback.states
            }
    return sorted(found)


def _open() -> Any:
    return Postback.stopped_at.is_(None) & Postback.removed_at.is_(None)


def values(delivery: Delivery, postback: Postback) -> dict[str, str]:
    """Return what the macros of a call mean now.

    A deal that went to somebody else, or lost its partner, is cancelled for who had it.
    """
    deal = db.session.scalars(select(Deal).where(Deal.order_id == delivery.order_id)).one()
    order = db.session.scalars(select(Order).where(Order.id == delivery.order_id)).one()
    partner = db.session.scalars(select(Partner).where(Partner.id == postback.partner_id)).one()
    own = deal.partner_id == postback.partner_id
    earned = select(func.coalesce(func.sum(Share.amount), 0)).where(
        Share.order_id == order.id, Share.partner_id == postback.partner_id
    )
    minor = int(db.session.scalar(earned) or 0) if own else 0
    return {
        "status": deal.state if own else "cancelled",
        "deal": deal.public_id,
        "order": order.external_id,
        "commission": to_decimal_string(minor, deal.currency),
        "currency": deal.currency,
        "refcode": partner.refcode,
        "code": (deal.promo_code or "") if own else "",
        "time": str(int(order.created_at.timestamp())),
        "id": str(delivery.event_id),
        **_marks(order.id, postback.partner_id),
    }


def _marks(order_id: int, partner_id: int) -> dict[str, str]:
    """Return the sub-ids and UTM of the click that spoke for the partner, and of its link."""
    query = select(Claim.evidence).where(
        Claim.order_id == order_id,
        Claim.partner_id == partner_id,
        Claim.kind.in_(("click", "site")),
    )
    key = click_key(settings().secret_key)
    tokens = db.session.scalars(query.order_by(Claim.won.desc(), Claim.touch_at.desc()))
    seen = next((click for t in tokens if (click := open_click(t, [key])) is not None), None)
    if seen is None:
        return {}
    link = db.session.scalars(select(Link.params).where(Link.id == seen.link)).one_or_none()
    here = select(Click.params).where(Click.at == seen.at, Click.nonce == seen.nonce)
    click = db.session.scalars(here).one_or_none()
    return {k: str(v) for k, v in {**(link or {}), **(click or {})}.items()}


def due(limit: int = 500) -> list[tuple[int, int]]:
    """Return (tenant, id) of calls whose time has come; to be asked as partnerka_drain."""
    query = select(Delivery.tenant_id, Delivery.id).where(
        Delivery.state.in_(WAITING), Delivery.due_at <= clock.wall()
    )
    rows = db.session.execute(query.order_by(Delivery.due_at, Delivery.id).limit(limit))
    return [(row.tenant_id, row.id) for row in rows]
