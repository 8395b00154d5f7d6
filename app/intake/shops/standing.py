"""How connected shops stand, for the pages: what comes, what goes, what waits for somebody."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from app import clock
from app.extensions import db
from app.intake.shops import connections, errands, inbox
from app.intake.shops.registry import CONNECTORS
from app.orders import queries as orders
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.intake.shops import Listener
    from app.tenants.models import Connection

RECENT = 1000  # orders that are looked through for goods that nobody knows
SHOWN = 20


@dataclass(frozen=True)
class Standing:
    """One connection as people read it.

    `state`: hook (it only calls us), asked, new, ok, late (a trouble that may pass), trouble.
    """

    connection: Connection
    shop: str
    hook: str
    state: str
    words: str | None = None
    since: datetime | None = None
    last: datetime | None = None  # of what it said by itself
    swept: datetime | None = None
    counts: dict[str, int] = field(default_factory=dict)
    unmapped: Sequence[str] = ()
    unconfirmed: int = 0  # of the shop's states of orders: what comes in them pays nobody

    @property
    def kind(self) -> Listener:
        """Which kind of shop it is."""
        return CONNECTORS[self.connection.kind]

    @property
    def health(self) -> dict[str, Any]:
        """What was written down of it."""
        return self.connection.health


def all_of(public_id: str | None = None) -> list[Standing]:
    """Return how every open connection of a shop stands, or the one with an outside id."""
    found = [each for each in tenants.connections() if each.kind in CONNECTORS]
    if public_id is not None:
        found = [each for each in found if each.public_id == public_id]
    names = {shop.id: shop.name for shop in tenants.shops()}
    counts, last = errands.counts([each.id for each in found]), inbox.newest()
    unmapped = orders.unexplained() if found else {}
    asked = _asked_for()
    return [
        Standing(
            connection=each,
            shop=names.get(each.shop_id, ""),
            hook=connections.hook_of(each),
            state=_state(each),
            words=connections.words_of(each.health["problem"], each.kind)
            if _is_ill(each)
            else None,
            since=_at(each.health.get("since")),
            last=last.get(each.id),
            swept=_at(each.health.get("swept_at")),
            counts=counts.get(each.id, {}),
            unmapped=[w for w in unmapped.get(each.shop_id, ()) if (each.shop_id, w) not in asked],
            unconfirmed=sum(not confirmed for *_said, confirmed in statuses(each)),
        )
        for each in found
    ]


def _asked_for() -> set[tuple[int, str]]:
    """Return by shop the words that lists of connections' own states ask for, so that nothing asks twice."""
    return {
        (each.shop_id, said["word"])
        for each in tenants.connections()
        for said in each.health.get("statuses", ())
    }


def lag(connection_id: int) -> timedelta | None:
    """Return how long the oldest delivery of a connection waits that is not booked yet."""
    oldest = inbox.oldest_waiting(connection_id)
    return None if oldest is None else clock.now() - oldest


def _is_ill(connection: Connection) -> bool:
    return connection.credentials is not None and bool(connection.health.get("problem"))


def _state(connection: Connection) -> str:
    if connection.credentials is None:
        return "asked" if connection.asked else "hook"
    if _is_ill(connection):
        return "late" if _may_pass(connection) else "trouble"
    return "ok" if connection.health.get("swept_at") else "new"


def _may_pass(connection: Connection) -> bool:
    """Whether a trouble is young, and of those that pass by themselves."""
    since = connection.health.get("since")
    young = since is not None and not connections.is_lasting(since)
    return young and connection.health["problem"] in {"away", "busy", "failing"}


def _at(said: str | None) -> datetime | None:
    return datetime.fromisoformat(said) if said else None


def statuses(connection: Connection) -> list[tuple[str, str, str, bool]]:
    """Return (word, name, state, confirmed) of the states of orders that the shop names, its own order kept.

    What the merchant has not confirmed yet carries our proposal.
    """
    said = connection.health.get("statuses", ())
    known = tenants.words(connection.shop_id).words if said else {}
    still = frozenset(connection.health.get("still", ()))
    return [
        (
            each["word"],
            each["name"],
            known.get(each["word"], "" if each["word"] in still else each["state"] or ""),
            each["word"] in known or each["word"] in still,
        )
        for each in said
    ]


@dataclass(frozen=True)
class Stranger:
    """Goods of orders that the catalogue does not hold: their id in the shop, name, and one such order."""

    product: str
    name: str
    order: str


_STRANGERS = text(
    """
    SELECT line->>'product' AS product, max(line->>'name') AS name, max(o.external_id) AS "order"
    FROM (SELECT * FROM orders WHERE shop_id = :shop ORDER BY id DESC LIMIT :recent) o,
         jsonb_array_elements(o.folded->'snapshot'->'lines') line
    WHERE line->>'product' IS NOT NULL AND NOT EXISTS (
        SELECT FROM product p WHERE p.tenant_id = o.tenant_id AND p.shop_id = o.shop_id
                                AND p.external_id = line->>'product')
    GROUP BY 1 ORDER BY 1 LIMIT :most
    """
)


def strangers(shop_id: int) -> list[Stranger]:
    """Return goods of the newest orders that the catalogue does not hold."""
    said = {"shop": shop_id, "recent": RECENT, "most": SHOWN}
    rows = db.session.execute(_STRANGERS, said)
    return [Stranger(row.product, row.name or row.product, row.order) for row in rows]
