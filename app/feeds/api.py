"""POST of a catalogue, as a file or by its address, and how far it is."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint
from flask import g, request
from flask_babel import gettext as _
from pydantic import ValidationError

from app.errors import DomainError, FieldError, NotFound, in_plain_words
from app.feeds import queries, service
from app.feeds.forms import WHY
from app.feeds.rules import LARGEST, NEVER, Unreadable
from app.feeds.schemas import FeedIn, FeedOut, FeedProblems, ProblemsIn
from app.runs import queries as run_queries
from app.runs.rules import OPEN, State, percent_done
from app.site.access import requires, takes_file

if TYPE_CHECKING:
    from app.feeds.models import CatalogFeed, FeedLoad

bp = APIBlueprint("feeds", __name__, tag="Catalog")
BY_API = "API"
MOST = 200
_EARLY = time(4)


@bp.post("/catalog/feed")
@bp.output(FeedOut, status_code=201)
@requires("catalog")
@takes_file(LARGEST, FeedIn)
def post_feed() -> dict[str, Any]:
    """Send the whole catalogue, YML or CSV, or its address; it is loaded in the background.

    The body is the file itself, at most 512 MiB, plain or packed with gzip; a form with one file; or JSON with
    `address`. Products of the feed that the new file no longer has are hidden.
    """
    upload = g.get("upload")
    feed = _by_address() if upload is None else _by_upload(upload)
    return _told(feed, queries.newest(feed))


def _by_upload(upload: Any) -> CatalogFeed:
    feed = queries.by_address(g.shop_id, None, BY_API)
    if feed is None:
        feed = service.add(g.shop_id, service.Wish(BY_API, None, NEVER, _EARLY))
    try:
        load = service.take(feed, upload.stream, upload.name or "API", at_once=True)
    except Unreadable as error:
        words = str(WHY[error.why])
        raise DomainError(error.why, words, FieldError("file", words)) from error
    if load is not None and load.run_id is None:
        words = _("The columns are not recognised. Name them id, name, category, price and so on.")
        raise DomainError("columns", words, FieldError("file", words))
    return feed


def _by_address() -> CatalogFeed:
    said = _said()
    feed = queries.by_address(g.shop_id, said.address)
    if feed is None:
        every = said.every or NEVER
        return service.add(g.shop_id, service.Wish("", said.address, every, _EARLY, trusted=True))
    if said.every is not None and said.every != feed.every:
        wish = service.Wish(
            feed.name, feed.address, said.every, feed.at, feed.hides, feed.marks_sales
        )
        service.change(feed, wish)
    feed.trusted = True
    service.fetch_now(feed)
    return feed


def _said() -> FeedIn:
    try:
        return FeedIn.model_validate(request.get_json(silent=True) or {})
    except ValidationError as error:
        wrong = [
            FieldError(".".join(map(str, e["loc"])), in_plain_words(e["msg"]))
            for e in error.errors()
        ]
        raise DomainError("invalid", wrong[0].message, *wrong) from error


@bp.get("/catalog/feed/<string:feed_id>")
@bp.output(FeedOut)
@requires("catalog")
def show_feed(feed_id: str) -> dict[str, Any]:
    """Return how far a feed is, by its id or by that of a run."""
    feed, load = _found(feed_id)
    return _told(feed, load)


@bp.get("/catalog/feed/<string:feed_id>/problems")
@bp.input(ProblemsIn, location="query")
@bp.output(FeedProblems)
@requires("catalog")
def show_problems(feed_id: str, query_data: ProblemsIn) -> dict[str, Any]:
    """Return what was wrong with rows, by line: `?limit=` (1 to 200) `&cursor=`."""
    _feed, load = _found(feed_id)
    if load is None:
        return {"items": [], "next": None}
    limit = query_data.limit
    found = queries.flaws_after(load, _place(query_data.cursor or ""), limit + 1)
    part = found[:limit]
    more = f"{part[-1].line}-{part[-1].id}" if len(found) > len(part) else None
    items = [{"line": f.line, "id": f.external_id, "code": f.code, "said": f.said} for f in part]
    return {"items": items, "next": more}


def _place(cursor: str) -> tuple[int, int]:
    line, _dash, own = cursor.partition("-")
    return (int(line), int(own)) if cursor else (0, 0)


def _found(feed_id: str) -> tuple[CatalogFeed, FeedLoad | None]:
    """Return a feed of the key's shop and a file of it."""
    run = run_queries.find(feed_id)
    load = queries.load_of(run) if run is not None and run.kind == queries.FEED else None
    feed = queries.by_id(load.feed_id) if load else queries.find(feed_id)
    if feed is None or feed.shop_id != g.shop_id or feed.retired_at is not None:
        raise NotFound
    return feed, load or queries.newest(feed)


def _told(feed: CatalogFeed, load: FeedLoad | None) -> dict[str, Any]:
    run = queries.run_of(load)
    sums = {} if run is None else {**run.sums, **run.applied}
    figures = service.told(sums)
    problem = load.problem if load else None
    if not queries.is_fetching(feed):
        problem = problem or feed.trouble
    return {
        "id": feed.public_id,
        "run": run.public_id if run else None,
        "state": _state(feed, load, run),
        "percent": percent_done(run.done, run.total) if run else 0,
        "new": figures["new"],
        "changed": figures["changed"],
        "unchanged": figures["same"],
        "hidden": figures["hidden"],
        "refused": figures["refused"],
        "problems": load.flawed if load else 0,
        "problem": problem,
        "line": load.problem_line if load else None,
    }


def _state(feed: CatalogFeed, load: FeedLoad | None, run: Any) -> str:
    if run is not None and run.standing in OPEN:
        return "looking" if run.phase == "preview" else "loading"
    if queries.is_fetching(feed):
        return "fetching"
    if feed.trouble not in {None, "held"} or (load is not None and load.ended_at and load.problem):
        return "failed"
    if run is None:
        return "waiting"
    states = {State.DONE: "done", State.PREVIEWED: "asks", State.FAILED: "failed"}
    return states.get(run.standing, "stopped")
