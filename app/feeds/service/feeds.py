"""Verbs on feeds: add one, change it, throw it away, have it looked for now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask_babel import gettext as _

from app import clock, crypto, egress
from app.errors import Conflict, DomainError, FieldError, NotFound
from app.events.service import record
from app.extensions import db, kick_after_commit
from app.feeds import queries
from app.feeds.models import CatalogFeed
from app.feeds.queries import FETCH
from app.feeds.rules import NEVER, next_load
from app.feeds.service import kept
from app.runs import service as runs
from app.runs.rules import OPEN
from app.tenancy import current_tenant, public_id
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from datetime import datetime, time

LONGEST_NAME = 120
MOST_FEEDS = 50


@dataclass(frozen=True)
class Wish:
    """What a feed is to be. `login` None: as it was; empty: none."""

    name: str
    address: str | None
    every: str
    at: time
    hides: bool = True
    marks_sales: bool = True
    login: tuple[str, str] | None = None
    trusted: bool = False  # a new one is loaded without a question


def add(shop_id: int, wish: Wish) -> CatalogFeed:
    """Add a feed; one with an address is fetched in the background. Raises DomainError at what cannot stand."""
    shop = tenants.shop_by_id(shop_id)
    if shop is None:
        raise NotFound
    if len(db.session.scalars(queries.listed()).all()) >= MOST_FEEDS:
        raise DomainError("too_many", _("At most %(most)s feeds.", most=MOST_FEEDS))
    feed = CatalogFeed(
        public_id=public_id("fd"),
        shop_id=shop.id,
        created_at=clock.now(),
        trouble=None,
        heads=None,
        etag=None,
        last_modified=None,
        digest=None,
        due_at=None,
        leased_until=None,
        checked_at=None,
        loaded_at=None,
        retired_at=None,
        login=None,
        trusted=wish.trusted,
        **_read(wish),
    )
    _give(feed, wish)
    db.session.add(feed)
    db.session.flush()
    record("feed.added", f"catalog_feed:{feed.id}", feed=feed.public_id, name=feed.name)
    if feed.address:
        fetch_now(feed)
    return feed


def change(feed: CatalogFeed, wish: Wish) -> None:
    """Change a feed. Raises DomainError at what cannot stand."""
    said = _read(wish)
    if (said["address"] is None) != (feed.address is None):
        words = _("Write a whole address, such as https://shop.example/feed.yml.")
        raise DomainError("address", words, FieldError("address", words))
    moved = said["address"] != feed.address
    before = {name: getattr(feed, name) for name in said}
    for name, value in said.items():
        setattr(feed, name, value)
    _give(feed, wish)
    if moved:
        feed.etag = feed.last_modified = feed.digest = None
    changed = sorted(name for name, value in said.items() if before[name] != value)
    if changed or wish.login is not None:
        facts = {"feed": feed.public_id, "name": feed.name, "changed": changed}
        record("feed.changed", f"catalog_feed:{feed.id}", **facts)
    if moved:
        fetch_now(feed)
    elif feed.address:
        plan(feed)
    db.session.flush()


def _give(feed: CatalogFeed, wish: Wish) -> None:
    if wish.login is not None:
        name, password = wish.login
        feed.login = crypto.seal(f"{name}:{password}") if name or password else None


def _read(wish: Wish) -> dict[str, object]:
    name = " ".join(wish.name.split())[:LONGEST_NAME]
    wrong: list[FieldError] = []
    address = wish.address.strip() if wish.address else None
    if address:
        try:
            egress.client.check(address)
        except egress.RefusedError:
            words = _("Write a whole address, such as https://shop.example/feed.yml.")
            wrong.append(FieldError("address", words))
    if wish.login and ":" in wish.login[0]:
        wrong.append(FieldError("login", _("A user name has no colon.")))
    if wrong:
        raise DomainError("invalid_feed", wrong[0].message, *wrong)
    return {
        "name": name or (egress.parse(address).host if address else "-"),
        "address": address or None,
        "every": wish.every if address else NEVER,
        "at": wish.at,
        "hides": wish.hides,
        "marks_sales": wish.marks_sales,
    }


def fetch_now(feed: CatalogFeed) -> None:
    """Have a feed looked for soon, changed or not. Raises Conflict while a file of it is worked on."""
    if feed.address is None or queries.is_busy(feed):
        raise Conflict("busy", _("A file of this feed is being worked on. Wait for its end."))
    feed.due_at = clock.wall()
    feed.etag = feed.last_modified = feed.digest = None
    feed.failures = 0
    kick_after_commit(FETCH)
    db.session.flush()


def plan(feed: CatalogFeed, not_before: datetime | None = None) -> None:
    """Set when a feed is looked for next."""
    tenant = tenants.tenant(current_tenant())
    if tenant is None:
        raise NotFound
    zone, now = tenant.timezone, clock.wall()
    found = next_load(feed.public_id, feed.every, feed.at, zone, now)
    if not_before is not None:
        found = not_before if found is None else min(found, not_before)
    feed.due_at = found


def retire(feed: CatalogFeed) -> None:
    """Throw a feed away; its products stay as they are, and another feed may take them over."""
    load = queries.newest(feed)
    run = queries.run_of(load)
    if run is not None and run.standing in OPEN:
        runs.act(run, "stop")
    if load is not None and load.ended_at is None:
        kept.emptied(load.id)
        load.problem, load.ended_at = "discarded", clock.now()
    feed.retired_at, feed.due_at, feed.login = clock.now(), None, None
    record("feed.retired", f"catalog_feed:{feed.id}", feed=feed.public_id, name=feed.name)
    db.session.flush()
