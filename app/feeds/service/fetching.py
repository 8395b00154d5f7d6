"""Fetch a feed from its address: only when it changed, through the one way out, to disk."""

from __future__ import annotations

import base64
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import IO, TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from sqlalchemy import select

from app import clock, crypto, egress
from app.errors import Conflict
from app.extensions import db
from app.feeds import queries
from app.feeds.models import CatalogFeed
from app.feeds.rules import LARGEST, Unreadable, again_after
from app.feeds.service.feeds import plan
from app.feeds.service.loading import told
from app.feeds.service.taking import take
from app.installation import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SECONDS = 900.0
LEASE = timedelta(seconds=SECONDS + 120)
HOPS = 3
# What stands in the way to a file, not in the file.
ON_THE_WAY = frozenset("moved login missing status sealed refused unreachable size".split())
_MOVED = frozenset({301, 302, 303, 307, 308})


class Unfetched(Exception):
    """A feed that could not be fetched; `why` is a word for people."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Errand:
    """Where a feed is, and what is known of it."""

    feed_id: int
    address: str
    login: bytes | None
    etag: str | None
    last_modified: str | None


@dataclass(frozen=True)
class Fetched:
    """What an address answered: its marks; `is_new`: its file is in the stream."""

    is_new: bool
    etag: str | None = None
    last_modified: str | None = None


def lease(feed_id: int) -> Errand | None:
    """Take a feed that is due; None when another has it, or a file of it is worked on."""
    now = clock.wall()
    query = select(CatalogFeed).where(CatalogFeed.id == feed_id, CatalogFeed.due_at <= now)
    feed = db.session.scalar(query.with_for_update(skip_locked=True))
    if feed is None or feed.address is None or feed.retired_at is not None:
        return None
    if feed.leased_until is not None and feed.leased_until > now:
        return None
    if queries.is_busy(feed):
        feed.due_at = now + again_after(1)
        return None
    feed.leased_until = now + LEASE
    return Errand(feed.id, feed.address, feed.login, feed.etag, feed.last_modified)


def fetch(errand: Errand, into: IO[bytes]) -> Fetched:
    """Fetch a feed. Raises Unfetched."""
    address, headers = errand.address, _headers(errand)
    for _hop in range(HOPS + 1):
        answer = _call(address, headers, into)
        if answer.status not in _MOVED:
            break
        there = urljoin(address, answer.headers.get("location", ""))
        if urlsplit(there)[:2] != urlsplit(address)[:2]:
            headers.pop("Authorization", None)  # it is for that host alone
        address = there
    else:
        raise Unfetched("moved")
    if answer.status == HTTPStatus.NOT_MODIFIED:
        return Fetched(is_new=False, etag=errand.etag, last_modified=errand.last_modified)
    if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise Unfetched("login")
    if answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        raise Unfetched("missing")
    if answer.status != HTTPStatus.OK:
        raise Unfetched("status")
    etag, changed = (_mark(answer.headers, name) for name in ("etag", "last-modified"))
    return Fetched(is_new=True, etag=etag, last_modified=changed)


def _mark(headers: Mapping[str, str], name: str) -> str | None:
    text = headers.get(name, "")
    return text if 0 < len(text) <= 200 and text.isascii() and text.isprintable() else None


def _headers(errand: Errand) -> dict[str, str]:
    found = {"Accept": "application/xml, text/csv, */*", "Accept-Encoding": "gzip"}
    if errand.etag:
        found["If-None-Match"] = errand.etag
    if errand.last_modified:
        found["If-Modified-Since"] = errand.last_modified
    if errand.login:
        try:
            said = crypto.open_sealed(errand.login).encode()
        except crypto.Unsealable as error:
            raise Unfetched("sealed") from error
        found["Authorization"] = f"Basic {base64.b64encode(said).decode()}"
    return found


def _call(address: str, headers: Mapping[str, str], into: IO[bytes]) -> egress.Answer:
    limits = egress.Limits(SECONDS, LARGEST)
    into.seek(0)
    into.truncate()
    try:
        return egress.client.fetch("GET", address, headers=headers, limits=limits, into=into)
    except egress.TooLongError as error:
        raise Unfetched("size") from error
    except egress.RefusedError as error:
        raise Unfetched("refused") from error
    except egress.EgressError as error:
        raise Unfetched("unreachable") from error


def taken(errand: Errand, fetched: Fetched, file: IO[bytes]) -> None:
    """Note what came, and begin with the file. A file that is no catalogue is noted, and tried again at its time."""
    feed = db.session.scalars(
        select(CatalogFeed).where(CatalogFeed.id == errand.feed_id).with_for_update()
    ).one()
    feed.leased_until = None
    if feed.retired_at is not None or feed.address != errand.address:
        return
    feed.checked_at, feed.failures = clock.now(), 0
    plan(feed)
    if feed.trouble in ON_THE_WAY:
        feed.trouble = None
    if not fetched.is_new:
        return
    try:
        name = urlsplit(errand.address).path.rpartition("/")[2] or feed.name
        load = take(feed, file, name, at_once=feed.trusted, again=False)
    except Conflict:
        plan(feed, clock.wall() + again_after(1))
        return
    except Unreadable as error:
        told(feed, "feed.failed", error.why)
        return
    feed.etag, feed.last_modified = fetched.etag, fetched.last_modified
    if load is None and feed.trouble != "held":
        feed.trouble = None


def failed(errand: Errand, why: str) -> None:
    """Note why a feed could not be fetched; it is tried again soon, and then at its time."""
    feed = db.session.scalars(
        select(CatalogFeed).where(CatalogFeed.id == errand.feed_id).with_for_update()
    ).one()
    feed.leased_until = None
    if feed.retired_at is not None:
        return
    feed.failures += 1
    feed.checked_at = clock.now()
    soon = clock.wall() + again_after(feed.failures) if feed.failures <= 3 else None
    plan(feed, soon)
    told(feed, "feed.failed", why)


def carry(within: Callable[[Callable[[], object]], object], feed_id: int) -> bool | None:
    """Fetch a feed that is due: True where something came of it, False where its server is away."""
    errand = within(lambda: lease(feed_id))
    if not isinstance(errand, Errand):
        return None
    with tempfile.TemporaryFile(dir=settings().var_dir) as file:
        try:
            found = fetch(errand, file)
        except Unfetched as problem:
            why = problem.why
            within(lambda: failed(errand, why))
            return False
        within(lambda: taken(errand, found, file))
    return True
