"""Read partners' keys, and what they open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from app import crypto
from app.commissions.queries import accruals
from app.events.models import Event, Feed
from app.events.rules import Audience
from app.extensions import db
from app.ledger.models import Transfer
from app.ledger.queries import entries
from app.links.models import Link
from app.links.queries import Line, line, listed
from app.orders.models import Order
from app.partner_keys.models import PartnerKey
from app.partner_keys.rules import TOLD, WINDOW
from app.partners.models import Partner
from app.tenancy import current_tenant
from app.tenants.models import Tenant
from app.tenants.queries import look_up

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

DIRECTORY = "partner_key"


@dataclass(frozen=True)
class InUse:
    """A key that holds, and whose it is."""

    tenant: Tenant
    id: int
    scopes: list[str]
    last_used_at: datetime | None
    partner_id: int
    status: str


def by_secret(secret: str) -> tuple[int, int] | None:
    """Return the tenant and the id of a key, by the directory."""
    found = look_up(DIRECTORY, secret)
    return (found.tenant_id, found.target_id) if found and found.target_id else None


def in_use(key_id: int, secret: str) -> InUse | None:
    """Return a key of the tenant in scope with its partner, while it holds."""
    key = PartnerKey
    query = (
        select(Tenant, key.id, key.scopes, key.last_used_at, Partner.id, Partner.status)
        .join(key, key.tenant_id == Tenant.id)
        .join(Partner, (Partner.tenant_id == key.tenant_id) & (Partner.id == key.partner_id))
        .where(key.id == key_id, key.key_hash == crypto.digest(secret), key.revoked_at.is_(None))
    )
    row = db.session.execute(query).one_or_none()
    return None if row is None else InUse(*row)


def of_partner(partner_id: int) -> Sequence[PartnerKey]:
    """Return a partner's keys, newest first, revoked ones too."""
    query = select(PartnerKey).where(PartnerKey.partner_id == partner_id)
    return db.session.scalars(query.order_by(PartnerKey.id.desc()).limit(50)).all()


def find(key_id: int, partner_id: int | None = None) -> PartnerKey | None:
    """Return a key by its id, of one partner or of anybody."""
    query = select(PartnerKey).where(PartnerKey.id == key_id)
    if partner_id is not None:
        query = query.where(PartnerKey.partner_id == partner_id)
    return db.session.scalars(query).one_or_none()


def held(partner_id: int) -> int:
    """Return how many keys in use a partner has."""
    query = select(func.count()).select_from(PartnerKey)
    mine = query.where(PartnerKey.partner_id == partner_id, PartnerKey.revoked_at.is_(None))
    return db.session.scalar(mine) or 0


def newest(most: int = 500) -> Sequence[Any]:
    """Return the keys in use with the names of their partners, newest first."""
    same = (Partner.tenant_id == PartnerKey.tenant_id) & (Partner.id == PartnerKey.partner_id)
    query = select(PartnerKey, Partner.name.label("partner")).join(Partner, same)
    held = query.where(PartnerKey.revoked_at.is_(None))
    return db.session.execute(held.order_by(PartnerKey.id.desc()).limit(most)).all()


def links(partner_id: int, slug: str, limit: int, before: int | None) -> list[Line]:
    """Return a partner's links in use, newest first."""
    query = listed().where(Link.partner_id == partner_id, Link.archived_at.is_(None), ~Link.is_site)
    if before is not None:
        query = query.where(Link.id < before)
    rows = db.session.execute(query.order_by(Link.id.desc()).limit(limit))
    return [line(row, slug) for row in rows]


def sales(partner_id: int, bucket: str | None, limit: int, before: int | None) -> Sequence[Any]:
    """Return what a partner earns from each order at each level, newest first."""
    statement = accruals()
    columns = statement.selected_columns
    mine = statement.where(columns["partner_id"] == partner_id)
    if bucket is not None:
        mine = mine.where(columns["bucket"] == bucket)
    if before is not None:
        mine = mine.where(columns["key"] < before)
    return db.session.execute(mine.order_by(columns["key"].desc()).limit(limit)).all()


def account(partner_id: int, bucket: str, limit: int, before: int | None) -> Sequence[Any]:
    """Return the entries of one of a partner's balances with the order of each, newest first."""
    same = (Order.tenant_id == Transfer.tenant_id) & (Order.id == Transfer.order_id)
    query = entries(partner_id, bucket).outerjoin(Order, same).add_columns(Order.number)
    if before is not None:
        query = query.where(Transfer.id < before)
    return db.session.execute(query.order_by(Transfer.id.desc()).limit(limit)).all()


def happened(
    partner_id: int, after: int, limit: int
) -> tuple[list[tuple[Event, str | None]], int | None]:
    """Return what happened to a partner after a place, each with the order's number, and where to go on.

    One call looks through WINDOW places of the merchant's feed, so it may come back with nothing and a
    place to go on from; None: there is no more now.
    """
    last = db.session.scalar(select(Feed.position).where(Feed.tenant_id == current_tenant())) or 0
    edge = after + WINDOW
    query = (
        select(Event, Order.number)
        .outerjoin(
            Order,
            (Order.tenant_id == Event.tenant_id)
            & (Order.id == Event.facts["order_id"].as_integer()),
        )
        .where(
            Event.position > after,
            Event.position <= edge,
            Event.audience == Audience.PARTNER.value,
            Event.type.in_(TOLD),
            Event.facts["partner_id"].as_integer() == partner_id,
        )
        .order_by(Event.position)
        .limit(limit + 1)
    )
    rows = db.session.execute(query).all()
    found: list[tuple[Event, str | None]] = [(row[0], row[1]) for row in rows]
    if len(found) > limit:
        return found[:limit], found[limit - 1][0].position
    return found, edge if edge < last else None
