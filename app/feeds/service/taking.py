"""Take a feed's file in: what it is, what its columns mean; then it is looked at in the background."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import delete, select

from app import clock
from app.errors import Conflict, DomainError, FieldError
from app.events.service import actor
from app.extensions import db
from app.feeds import queries
from app.feeds.models import FeedLoad
from app.feeds.queries import FEED
from app.feeds.rules import CSV, FIELDS, NEEDED, YML, Unreadable, guess, look_at
from app.feeds.rules.yml import encoding_of, start_of
from app.feeds.service import kept
from app.feeds.service.feeds import add
from app.imports.rules import folded
from app.runs import service as runs
from app.runs.rules import OPEN
from app.tenancy import public_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.feeds.models import CatalogFeed
    from app.feeds.service.feeds import Wish
    from app.runs.models import Run

LONGEST_FILE_NAME = 120
KEPT_LOADS = 60  # files of a feed that its history shows
_PAGE = (b"<!doctype html", b"<html")


def take(
    feed: CatalogFeed, stream: IO[bytes], name: str, *, at_once: bool, again: bool = True
) -> FeedLoad | None:
    """Take in a file; None where it is the one that was loaded last and `again` is not wanted.

    Its look begins at once where it is clear what it says. `at_once`: it is loaded without a question unless too
    much is lost. Raises Unreadable for what is no catalogue, Conflict while another file of the feed is worked on.
    """
    if queries.is_busy(feed):
        raise Conflict("busy", _("A file of this feed is being worked on. Wait for its end."))
    with kept.unpacked(stream) as plain:
        if _kind(plain) == YML:
            return _take(feed, plain, name, YML, at_once=at_once, again=again)
        with kept.plain_text(plain) as text:
            return _take(feed, text, name, CSV, at_once=at_once, again=again)


def add_with(
    shop_id: int, wish: Wish, stream: IO[bytes], name: str, *, at_once: bool = False
) -> tuple[CatalogFeed, FeedLoad | None]:
    """Add a feed by upload with its first file; a file that is refused leaves no feed behind."""
    with db.session.begin_nested():
        feed = add(shop_id, wish)
        return feed, take(feed, stream, name, at_once=at_once)


def _kind(stream: IO[bytes]) -> str:
    """Return what a file is by how it begins. Raises Unreadable."""
    stream.seek(0)
    start = stream.read(2048)
    if start[:2] in kept.UTF16:
        start = start.decode("utf-16", "replace").encode()
    plain = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if plain.startswith(_PAGE):
        raise Unreadable("html", 1)
    if plain.startswith(b"<"):
        return YML
    if b"\0" in start or not plain:
        raise Unreadable("kind")
    return CSV


def _take(
    feed: CatalogFeed, stream: IO[bytes], name: str, kind: str, *, at_once: bool, again: bool
) -> FeedLoad | None:
    size, digest = kept.digest_of(stream)
    if digest == feed.digest and not again:
        return None
    table = look_at(stream) if kind == CSV else None
    stream.seek(0)
    start = stream.read(2048)
    encoding = "" if table else encoding_of(start)
    mark = table.mark if table else start_of(start)
    _forget_older(feed)
    load = FeedLoad(
        public_id=public_id("fl"),
        feed_id=feed.id,
        run_id=None,
        name=name[-LONGEST_FILE_NAME:] or "-",
        kind=kind,
        encoding=encoding,
        sign=table.sign if table else "",
        columns=list(table.columns) if table else [],
        samples=table.samples if table else [],
        start={"offset": mark.offset, "line": mark.line, "path": []},
        size=size,
        digest=digest,
        at_once=at_once,
        created_at=clock.now(),
        created_by=actor(),
        ended_at=None,
        problem=None,
        problem_line=None,
    )
    db.session.add(load)
    db.session.flush()
    kept.keep(load.id, stream)
    if table is None or _is_known(feed, table.columns) or (at_once and _guess(feed, load)):
        look(load)
    return load


def heads_of(columns: list[str] | tuple[str, ...]) -> str:
    """Return the heads of a file as they are remembered."""
    return "|".join(folded(column) for column in columns)


def _is_known(feed: CatalogFeed, columns: tuple[str, ...]) -> bool:
    return bool(feed.mapping) and feed.heads == heads_of(columns)


def _guess(feed: CatalogFeed, load: FeedLoad) -> bool:
    """Let columns mean what their heads say, where nobody is asked."""
    found = guess(load.columns)
    if any(name not in found for name in NEEDED) or len(found) < 2:
        return False
    feed.mapping, feed.heads = found, heads_of(load.columns)
    return True


def choose(feed: CatalogFeed, load: FeedLoad, mapping: Mapping[str, int]) -> Run:
    """Say what the columns mean, for this file and those that come; then the file is looked at.

    Raises DomainError at what is missing or said twice.
    """
    places = {name: mapping[name] for name in FIELDS if name in mapping}
    wrong = [
        FieldError(name, _("Choose the column that says it."))
        for name in NEEDED
        if name not in places
    ]
    seen: set[int] = set()
    for name, place in places.items():
        if not 0 <= place < len(load.columns):
            wrong.append(FieldError(name, _("There is no such column.")))
        elif place in seen:
            wrong.append(FieldError(name, _("This column means something else already.")))
        seen.add(place)
    if len(places) < 2 and not wrong:
        wrong.append(FieldError("name", _("Choose one more column: there is nothing to take yet.")))
    if wrong:
        raise DomainError("mapping", wrong[0].message, *wrong)
    feed.mapping, feed.heads = places, heads_of(load.columns)
    return look(load)


def look(load: FeedLoad) -> Run:
    """Begin to look at what a file would do. Raises Conflict while another of the feed is looked at."""
    db.session.flush()
    said: dict[str, Any] = {"load": load.public_id, "at": load.start}
    run = runs.start(FEED, said, "preview", f"{FEED}:{load.feed_id}")
    load.run_id = run.id
    db.session.flush()
    return run


def approve(load: FeedLoad) -> Run:
    """Load what was looked at. Raises Conflict where there is nothing to be loaded, or not any more."""
    run, feed = queries.run_of(load), queries.by_id(load.feed_id)
    held = load.problem in {None, "held"}
    if run is None or feed is None or not held or queries.newest(feed) is not load:
        raise Conflict("not_now", _("This is not possible any more. Look at it again."))
    feed.trusted = True
    load.problem, load.start = None, {**load.start, "approved": True}
    return runs.act(run, "apply")


def discard(load: FeedLoad) -> None:
    """Leave a file aside; what was loaded of it stays. Raises Conflict while it is worked on."""
    run = queries.run_of(load)
    if load.ended_at is not None or (run is not None and run.standing in OPEN):
        raise Conflict("not_now", _("This is not possible any more. Look at it again."))
    kept.emptied(load.id)
    load.problem, load.ended_at = "discarded", clock.now()
    db.session.flush()


def _forget_older(feed: CatalogFeed) -> None:
    """Let a newer file take the place of those that wait, and forget what is too old to be of interest."""
    for load in db.session.scalars(queries.loads_of(feed).where(FeedLoad.ended_at.is_(None))):
        kept.emptied(load.id)
        load.problem, load.ended_at = load.problem or "overtaken", clock.now()
    newest = queries.loads_of(feed).order_by(FeedLoad.id.desc()).offset(KEPT_LOADS)
    old = select(newest.with_only_columns(FeedLoad.id).subquery().c.id)
    db.session.execute(delete(FeedLoad).where(FeedLoad.id.in_(old)))
