"""Read endpoints and their deliveries, and say an event as the world outside may read it."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from app import clock
from app.events.models import Event
from app.extensions import db
from app.members.models import Member
from app.money import to_decimal_string
from app.orders.models import Order
from app.partners import queries as partners
from app.programs.models import Terms
from app.tenancy import current_tenant
from app.tenants import queries as tenants
from app.tenants.models import Shop
from app.webhooks.models import Endpoint, WebhookDelivery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence


WAITING = ("due", "sending")
LANE = 50  # deliveries of one endpoint in one go
_MONEY = frozenset(
    "amount asked spent money money_asked money_spent bonuses fee net debt repays left short "
    "commission before after given most sales earned".split()
)


def endpoints() -> Sequence[Endpoint]:
    """Return the merchant's endpoints that were not removed, oldest first."""
    query = select(Endpoint).where(Endpoint.removed_at.is_(None))
    return db.session.scalars(query.order_by(Endpoint.id)).all()


def find(public_id: str, *, removed: bool = False) -> Endpoint | None:
    """Return an endpoint by its outside id; `removed`: a removed one, too."""
    query = select(Endpoint).where(Endpoint.public_id == public_id)
    if not removed:
        query = query.where(Endpoint.removed_at.is_(None))
    return db.session.scalar(query)


def deliveries(endpoint_id: int) -> Any:
    """Return the statement of an endpoint's deliveries with the event of each."""
    same = (Event.tenant_id == WebhookDelivery.tenant_id) & (Event.id == WebhookDelivery.event_id)
    query = select(WebhookDelivery, Event.type, Event.at, Event.public_id).join(Event, same)
    return query.where(WebhookDelivery.endpoint_id == endpoint_id)


def of_type(kind: str) -> Any:
    """Return the condition on `deliveries` that an event is of a type."""
    return Event.type == kind


def delivery(endpoint_id: int, delivery_id: int) -> tuple[WebhookDelivery, Event] | None:
    """Return one delivery of an endpoint with its event."""
    same = (Event.tenant_id == WebhookDelivery.tenant_id) & (Event.id == WebhookDelivery.event_id)
    query = select(WebhookDelivery, Event).join(Event, same)
    own = (WebhookDelivery.endpoint_id == endpoint_id) & (WebhookDelivery.id == delivery_id)
    found = db.session.execute(query.where(own)).one_or_none()
    return None if found is None else (found[0], found[1])


def counts(endpoint_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """Return how many deliveries of each endpoint wait, were taken and were given up."""
    query = select(WebhookDelivery.endpoint_id, WebhookDelivery.state, func.count())
    query = query.where(WebhookDelivery.endpoint_id.in_(list(endpoint_ids)))
    found: dict[int, dict[str, int]] = {}
    rows = db.session.execute(query.group_by(WebhookDelivery.endpoint_id, WebhookDelivery.state))
    for endpoint, state, number in rows:
        name = "waiting" if state in WAITING else state
        own = found.setdefault(endpoint, {})
        own[name] = own.get(name, 0) + number
    return found


def due(limit: int = 1000) -> list[tuple[int, int, int]]:
    """Return (tenant, endpoint, delivery) whose time has come; to be asked as partnerka_drain.

    Of each endpoint the oldest ones only, every endpoint's first before anybody's second, those that
    fail behind all others, and else in turns as it falls: however many are away, they hide no other's.
    """
    whose = (WebhookDelivery.tenant_id, WebhookDelivery.endpoint_id)
    place = func.row_number().over(
        partition_by=whose, order_by=(WebhookDelivery.due_at, WebhookDelivery.id)
    )
    tried = func.max(WebhookDelivery.attempts).over(partition_by=whose)
    columns = (*whose, WebhookDelivery.id, WebhookDelivery.due_at)
    ranked = (
        select(*columns, place.label("place"), tried.label("tried"))
        .where(WebhookDelivery.state.in_(WAITING))
        .subquery()
    )
    ready = (ranked.c.place <= LANE) & (ranked.c.due_at <= clock.wall())
    query = select(ranked.c.tenant_id, ranked.c.endpoint_id, ranked.c.id).where(ready)
    query = query.order_by(ranked.c.tried > 0, ranked.c.place, func.random())
    return [(row[0], row[1], row[2]) for row in db.session.execute(query.limit(limit))]


def told(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Return events as the feed and webhooks say them.

    `id`, `type`, `timestamp`, `position` (its place in the feed: of two events about one thing the greater
    holds), `data`: the facts, with outside ids in place of ours and money as decimal strings.
    """
    merchant = tenants.tenant(current_tenant())
    currency = merchant.currency if merchant is not None else ""
    known = {
        name: read({e.facts[name] for e in events if isinstance(e.facts.get(name), int)})
        for name, (_as, read) in _REFERS.items()
    }
    return [
        {
            "id": event.public_id,
            "type": event.type,
            "timestamp": event.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "position": event.position,
            "data": _data(event.facts, known, currency),
        }
        for event in events
    ]


def _data(
    facts: Mapping[str, Any], known: Mapping[str, Mapping[int, Any]], currency: str
) -> dict[str, Any]:
    unit = facts.get("currency") or currency
    said = {
        name: to_decimal_string(value, unit) if name in _MONEY and _is_whole(value) else value
        for name, value in facts.items()
        if not name.endswith("_id")
    }
    for name, (outside, _read) in _REFERS.items():
        if name in facts:
            said[outside] = known[name].get(facts[name])
    if isinstance(facts.get("deal_id"), str):
        said["deal"] = facts["deal_id"]
    return said


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _orders(ids: Iterable[int]) -> dict[int, Any]:
    query = select(Order.id, Order.external_id, Order.number, Shop.public_id)
    query = query.join(Shop, (Shop.tenant_id == Order.tenant_id) & (Shop.id == Order.shop_id))
    rows = db.session.execute(query.where(Order.id.in_(list(ids))))
    return {row[0]: {"id": row[1], "number": row[2], "shop": row[3]} for row in rows}


def _partners(ids: Iterable[int]) -> dict[int, Any]:
    found = partners.cards(ids)
    return {number: {"refcode": each.refcode, "name": each.name} for number, each in found.items()}


def _members(ids: Iterable[int]) -> dict[int, Any]:
    query = select(Member.id, Member.key, Member.email).where(Member.id.in_(list(ids)))
    return {
        row.id: {
            "id": row.key.removeprefix("id:") if row.key.startswith("id:") else None,
            "email": row.email,
        }
        for row in db.session.execute(query)
    }


def _terms(ids: Iterable[int]) -> dict[int, Any]:
    query = select(Terms.id, Terms.public_id, Terms.name).where(Terms.id.in_(list(ids)))
    return {row.id: {"id": row.public_id, "name": row.name} for row in db.session.execute(query)}


def _shops(ids: Iterable[int]) -> dict[int, Any]:
    rows = db.session.execute(select(Shop.id, Shop.public_id).where(Shop.id.in_(list(ids))))
    return {row.id: row.public_id for row in rows}


# Facts that are ids of ours: what they are called outside, and what is said of them there.
_REFERS: Mapping[str, tuple[str, Callable[[Iterable[int]], Mapping[int, Any]]]] = {
    "order_id": ("order", _orders),
    "partner_id": ("partner", _partners),
    "recruit_id": ("recruit", _partners),
    "joined_id": ("partner", _partners),
    "member_id": ("customer", _members),
    "terms_id": ("terms", _terms),
    "shop_id": ("shop", _shops),
}
