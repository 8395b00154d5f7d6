"""The sweep: what notifications lost is found by asking, and the shop's hooks are looked after.

A sweep goes on where the one before ended, less an overlap, by the shop's own times; each page that it
took in and the place behind it are one transaction.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text, update

from app import clock, sql
from app.extensions import db
from app.intake.shops import COUPONS, connections, coupons, errands, inbox, pulling, shelving
from app.tenants.models import Connection
from app.tenants.queries import in_shadow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.intake.shops import Category, Fetched, Page, Product, SetUp
    from app.intake.shops.carrying import Within
    from app.intake.shops.connections import Shop

EVERY = timedelta(minutes=5)
JITTER = timedelta(minutes=1)
LEASE = timedelta(minutes=15)
LONGEST_PAUSE = timedelta(hours=1)
OVERLAP = timedelta(minutes=10)
MOST_PAGES = 20  # of one sweep; the next goes on behind them
OPEN_AT_ONCE = 100
OPEN_FOR = timedelta(days=120)  # orders younger than this are looked after even without a deal
SEEN = timedelta(hours=2)
_HELD = """
SELECT external_id, folded->'snapshot' AS said FROM orders
WHERE shop_id = %(shop)s AND external_id = ANY(%(ids)s)
"""
_OPEN = text(
    """
    SELECT o.id, o.external_id FROM orders o
    WHERE o.shop_id = :shop AND o.id > :after AND o.state IN ('registered', 'agreed', 'completed')
      AND (o.created_at > :young OR EXISTS (
          SELECT FROM deal d WHERE d.tenant_id = o.tenant_id AND d.order_id = o.id
                               AND d.matures_at IS NOT NULL))
      AND EXISTS (SELECT FROM order_message m WHERE m.tenant_id = o.tenant_id
                  AND m.order_id = o.id AND m.source = :kind)
    ORDER BY o.id LIMIT :most
    """
)


def due(limit: int = 200) -> list[tuple[int, int]]:
    """Return (tenant, connection) whose sweep is due; to be asked as partnerka_drain."""
    query = (
        select(Connection.tenant_id, Connection.id)
        .where(Connection.due_at <= clock.wall(), Connection.disabled_at.is_(None))
        .order_by(Connection.due_at)
    )
    return [(row[0], row[1]) for row in db.session.execute(query.limit(limit))]


def take(connection_id: int) -> bool:
    """Take the lease of a connection's sweep; False when another has it."""
    now = clock.wall()
    statement = (
        update(Connection)
        .where(Connection.id == connection_id, Connection.due_at <= now)
        .values(due_at=now + LEASE)
        .returning(Connection.id)
    )
    return db.session.scalar(statement) is not None


def sweep(shop: Shop, within: Within) -> bool:
    """Look after the hooks, take in what changed and what is gone; return whether more pages wait."""
    done = shop.connector.ensure_setup(shop.access)
    more = False
    for which in shop.connector.streams:
        more = _pages(shop, within, which) or more
    _gone(shop, within)
    more = pulling.pull(shop, within) or more
    within(lambda: _coupons(shop))
    within(lambda: _settle(shop, done, more=more))
    return more


def _pages(shop: Shop, within: Within, which: str) -> bool:
    now = shop.connector.beginning(clock.wall(), shop.access.zone)[which]
    cursor = _begin(within(lambda: _cursor_of(shop, which)), now)
    for _page in range(MOST_PAGES):
        page = shop.connector.changed_since(shop.access, cursor)
        take_page(shop, within, page, which)
        cursor = dict(page.cursor)
        if not page.more:
            return False
    return True


def _begin(cursor: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Begin some minutes before where the last sweep ended, unless it was cut within a page.

    Never later than some minutes ago: a shop's clock that ran ahead and was set right hides nothing.
    """
    if int(cursor.get("page", 1)) > 1:
        return dict(cursor)
    ended, latest = (datetime.fromisoformat(each["since"]) for each in (cursor, now))
    since = min(ended.replace(tzinfo=UTC), latest.replace(tzinfo=UTC)) - OVERLAP
    return {**cursor, "since": since.strftime("%Y-%m-%dT%H:%M:%S")}


def _cursor_of(shop: Shop, which: str) -> dict[str, Any]:
    """Return where a stream goes on; one that is new with us begins now."""
    known = _cursor(shop.connection_id)
    if which not in known:
        return shop.connector.beginning(clock.wall(), shop.access.zone)[which]
    return dict(known[which])


def _cursor(connection_id: int) -> dict[str, Any]:
    found = db.session.scalar(select(Connection.cursor).where(Connection.id == connection_id))
    return dict(found or {})


def take_page(shop: Shop, within: Within, page: Page, which: str | None = None) -> int:
    """Take in a page of orders, with the goods that we do not know; return how many were news."""
    fresh = within(lambda: news(shop, page.orders))
    wanted = {product for each in fresh for product in each.products}
    unknown = within(lambda: shelving.unknown(shop.shop_id, wanted))
    goods = shop.connector.products(shop.access, unknown) if unknown else ((), ())
    within(lambda: keep(shop, fresh, goods, which, page.cursor))
    return len(fresh)


def keep(
    shop: Shop,
    fresh: Sequence[Fetched],
    goods: tuple[Sequence[Product], Sequence[Category]],
    which: str | None = None,
    cursor: Mapping[str, Any] | None = None,
) -> None:
    """Put orders into the line of deliveries, and ask for those whose refunds have lines."""
    if goods[0]:
        shelving.shelve(shop.shop_id, *goods)
    for topic in sorted({each.topic for each in fresh}):
        inbox.keep(shop.connection_id, topic, [e.body for e in fresh if e.topic == topic])
    errands.ask(shop.connection_id, "fetch", [e.external_id for e in fresh if e.refunded])
    if which is not None and cursor is not None:
        known = _cursor(shop.connection_id)
        _put(shop.connection_id, cursor={**known, which: dict(cursor)})
        found = _health(shop.connection_id).get("found", 0)
        connections.note(shop.connection_id, found=found + len(fresh))


def news(shop: Shop, listed: Sequence[Fetched]) -> list[Fetched]:
    """Return those of listed orders that say something which we do not hold."""
    ids = [each.external_id for each in listed]
    rows = sql.rows(_HELD, {"shop": shop.shop_id, "ids": ids}) if ids else []
    held = {row.external_id: row.said for row in rows}
    fresh = [each for each in listed if not _is_held(each, held.get(each.external_id))]
    bodies = [each.body for each in fresh]
    seen = inbox.already(shop.connection_id, bodies, clock.now() - SEEN) if bodies else set()
    return [each for each in fresh if each.body not in seen]


def _is_held(listed: Fetched, said: Mapping[str, Any] | None) -> bool:
    if said is None or said["updated_at"] is None:
        return False
    at = datetime.fromisoformat(said["updated_at"])
    refunds = tuple(sorted({each["id"].removesuffix("-rest") for each in said["refunds"]}))
    print_of = (said["status"], tuple(said["coupons"]), refunds)
    return at >= listed.changed_at and print_of == listed.fingerprint


def _gone(shop: Shop, within: Within) -> None:
    """Look whether the shop still has the open orders that follow those looked at before."""
    after = int(within(lambda: _cursor(shop.connection_id)).get("open", 0))
    batch = within(lambda: _open(shop, after))
    missing: list[str] = []
    if batch:
        there = shop.connector.existing(shop.access, [each for _id, each in batch])
        missing = [each for _id, each in batch if each not in there]
    last = batch[-1][0] if len(batch) == OPEN_AT_ONCE else 0

    def note() -> None:
        errands.ask(shop.connection_id, "fetch", missing)
        _put(shop.connection_id, cursor={**_cursor(shop.connection_id), "open": last})

    within(note)


def _open(shop: Shop, after: int) -> list[tuple[int, str]]:
    values = {
        "shop": shop.shop_id,
        "after": after,
        "young": clock.now() - OPEN_FOR,
        "kind": shop.connector.kind,
        "most": OPEN_AT_ONCE,
    }
    return [(row[0], row[1]) for row in db.session.execute(_OPEN, values)]


def _coupons(shop: Shop) -> None:
    if COUPONS not in shop.connector.offers:
        return
    wishes = select(Connection.coupons).where(Connection.id == shop.connection_id)
    if db.session.scalar(wishes) and not in_shadow():
        errands.ask(shop.connection_id, coupons.KIND, coupons.pending(shop.connection_id))


def _settle(shop: Shop, done: SetUp, *, more: bool) -> None:
    now = clock.wall()
    jitter = JITTER * random.uniform(-1, 1)  # noqa: S311 - spreads shops over the minutes
    _put(shop.connection_id, due_at=now if more else now + EVERY + jitter)
    said: dict[str, Any] = {
        "problem": None,
        "since": None,
        "swept_at": now.isoformat(),
        "failed": 0,
    }
    if done.made or done.mended or done.removed:
        known = _health(shop.connection_id).get("mended", 0)
        said |= {"hooks_at": now.isoformat(), "mended": known + done.mended}
    connections.note(shop.connection_id, **said)


def pause(connection_id: int, wait: timedelta | None) -> None:
    """Let a shop that failed be until later: longer each time, and as long as it asked for."""
    failed = _health(connection_id).get("failed", 0) + 1
    grown = min(EVERY * 2 ** min(failed - 1, 5), LONGEST_PAUSE)
    _put(connection_id, due_at=clock.wall() + max(grown, wait or timedelta(0)))
    connections.note(connection_id, failed=failed)


def _health(connection_id: int) -> dict[str, Any]:
    return db.session.scalar(select(Connection.health).where(Connection.id == connection_id)) or {}


def _put(connection_id: int, **values: Any) -> None:
    own = update(Connection).where(Connection.id == connection_id)
    db.session.execute(own.values(**values))
