"""Load a feed's file that was looked at, part by part: shelves first, then products, then what is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import clock, sql
from app.events.service import actor, record
from app.feeds import queries
from app.feeds.queries import FEED
from app.feeds.rules import CHANGED, MIB, NEW, lost_too_many
from app.feeds.service import kept, looking, statements
from app.runs import service as runs
from app.runs.rules import Step
from app.runs.service import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.feeds.models import CatalogFeed, FeedLoad
    from app.runs.models import Run

TOGETHER = 4 * MIB  # bytes that are looked at in one transaction
ROWS = 5_000  # rows that are loaded in one


def _count(run: Run) -> int:
    feed, load = looking.file_of(run)
    if run.phase == "preview":
        return load.size
    if not run.parameters.get("shelved"):
        run.applied = {"categories": _put_shelves(feed, load)}
        run.parameters = {**run.parameters, "shelved": True}
    return load.rows + load.gone


def _take(run: Run, cursor: int, most: int) -> Sequence[int]:
    if run.phase == "apply":
        most = min(most, ROWS)
    return range(cursor + 1, min(cursor + most, run.total) + 1)


def _put_shelves(feed: CatalogFeed, load: FeedLoad) -> int:
    """Make and change the categories; return how many differed."""
    said, _flaws = looking.shelves(load)
    found = [{"id": c.external_id, "name": c.name, "parent": c.parent or None} for c in said]
    values = {**looking.common(feed, load), "rows": sql.recordset(found), "actor": actor()}
    made = [row.id for row in sql.rows(statements.SHELVES, values)] if found else []
    made += [row.id for row in sql.rows(statements.SHELVES_OF_ROWS, values)]
    if made:
        sql.send(statements.SHELVES_BEGIN, {**values, "ids": sql.array(made)})
    changed = sql.one(statements.SHELVES_CHANGE, values).number if found else 0
    return max(len(made), changed)


def _apply(run: Run, ids: Sequence[int]) -> Step:
    """Load a part: the rows with these numbers, and as many of those that are gone as are left of it."""
    feed, load = looking.file_of(run)
    sql.send(statements.PLANS, {})
    values = {
        **looking.common(feed, load),
        "first": ids[0],
        "last": ids[-1],
        "sales": feed.marks_sales,
        "actor": actor(),
    }
    sums = {}
    if ids[0] <= load.rows:
        made = sql.one(statements.MAKE, values)
        # What somebody else made meanwhile is no news any more, but may differ.
        verdicts = (CHANGED,) if made.number == made.due else (CHANGED, NEW)
        changed = sql.one(statements.CHANGE, {**values, "verdicts": sql.array(verdicts)})
        sums = {"new": made.number, "changed": changed.number}
    beyond = ids[-1] - max(load.rows, ids[0] - 1)
    if beyond > 0:
        sql.send(statements.WHOLE, {})
        sums["hidden"] = sql.one(statements.HIDE, {**values, "most": beyond}).number
    return Step(ids[-1], len(ids), sums)


def _ended(run: Run) -> None:
    feed, load = looking.file_of(run)
    if run.phase == "preview":
        _looked(run, feed, load)
        return
    kept.emptied(load.id)
    load.ended_at = feed.loaded_at = clock.now()
    feed.digest, feed.trouble, feed.failures = load.digest, None, 0


def _looked(run: Run, feed: CatalogFeed, load: FeedLoad) -> None:
    """Say what comes of a look: why it is no catalogue; a question; or it is loaded."""
    kept.forget(load.id)
    if load.problem is None and not load.rows and not load.start.get("categories"):
        load.problem = "no_offers"
    if load.problem is None and (line := looking.swallowed(feed, load)) is not None:
        load.problem, load.problem_line = "quote", line
    if load.problem is not None:
        kept.emptied(load.id)
        load.ended_at = clock.now()
        told(feed, "feed.failed", load.problem)
        return
    looking.count(feed, load)
    went = looking.went(feed, load) if load.gone else 0
    if lost_too_many(load.known + went, load.gone + went):
        load.problem = "held"
        told(feed, "feed.held", "held", known=load.known + went, gone=load.gone + went)
    elif load.at_once:
        runs.act(run, "apply")


def told(feed: CatalogFeed, event: str, why: str, **figures: int) -> None:
    """Tell the merchant of what stands in a feed's way, once: not each hour anew."""
    if feed.trouble != why:
        record(
            event,
            f"catalog_feed:{feed.id}",
            feed=feed.public_id,
            name=feed.name,
            why=why,
            **figures,
        )
    feed.trouble = why


KINDS: dict[str, Kind] = {
    FEED: Kind(
        _count, _take, looking.look, _apply, may=looking.may, together=TOGETHER, ended=_ended
    )
}

__all__ = ["KINDS", "queries", "told"]
