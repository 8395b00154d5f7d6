"""What happened, who did it, and where the page of each thing is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app.catalog.models import Product
from app.commissions.models import Deal
from app.events import queries as events
from app.extensions import db
from app.orders.models import Order
from app.partners.models import Partner
from app.partners.queries import actor_names
from app.payouts.models import Payout
from app.programs.models import Campaign, Group, Terms
from app.tenants.models import Shop

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.events.models import Event


@dataclass(frozen=True)
class Happened:
    """What happened to one thing, newest first, and the names of who did it."""

    events: Sequence[Event]
    actors: Mapping[str, str]


@dataclass(frozen=True)
class Place:
    """What an event is about: how it is called, and the page that shows it."""

    name: str
    endpoint: str = ""
    argument: str = ""
    value: Any = None


_NUMBER = (
    select(Order.number)
    .where(Order.tenant_id == Deal.tenant_id, Order.id == Deal.order_id)
    .scalar_subquery()
)
# Kind of subject: its key, what it is called by, and the page with the page's argument.
_PLACES: dict[str, tuple[Any, Any, str, str, Any]] = {
    "partner": (Partner.id, Partner.name, "office.partners.card", "refcode", Partner.refcode),
    "order": (Deal.order_id, _NUMBER, "office.orders.show", "deal", Deal.public_id),
    "payout": (Payout.id, Payout.public_id, "office.payouts.show", "public_id", Payout.public_id),
    "terms": (Terms.id, Terms.name, "office.programs.edit", "terms_id", Terms.public_id),
    "group": (Group.id, Group.name, "office.programs.edit_group", "group_id", Group.public_id),
    "campaign": (Campaign.id, Campaign.name, "office.programs.campaign", "campaign_id", Campaign.public_id),
    "shop": (Shop.id, Shop.name, "office.tenants.shop", "shop_id", Shop.public_id),
    "product": (Product.id, Product.name, "office.catalog.edit", "product_id", Product.id),
}  # fmt: skip


def activity_of(subject: str) -> Happened:
    """Return what happened to one thing ("terms:3"), newest first."""
    found = events.history(subject)
    return Happened(found, actor_names(event.actor for event in found))


def places(found: Iterable[Event]) -> dict[str, Place]:
    """Return what events are about, by subject, a statement a kind; what has no page is called as it is."""
    by_kind: dict[str, set[int]] = defaultdict(set)
    for event in found:
        kind, _, number = event.subject.partition(":")
        if kind in _PLACES and number.isdecimal():
            by_kind[kind].add(int(number))
    named: dict[str, Place] = {}
    for kind, ids in by_kind.items():
        key, name, endpoint, argument, value = _PLACES[kind]
        query = select(key, name, value).where(key.in_(ids))
        for row in db.session.execute(query):
            named[f"{kind}:{row[0]}"] = Place(row[1], endpoint, argument, row[2])
    return named
