"""Look at a feed's file in the background, piece by piece: what would be new, changed, gone, and what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app import clock, sql
from app.errors import Conflict, NotFound
from app.extensions import db
from app.feeds import queries
from app.feeds.models import FeedCategory
from app.feeds.rules import (
    MOST_CATEGORIES,
    MOST_OFFERS,
    WITHIN,
    YML,
    Category,
    Flaw,
    Mark,
    Reader,
    Unreadable,
    arranged,
    tables,
    yml,
)
from app.feeds.service import kept, statements
from app.runs.rules import Step
from app.tenancy import current_tenant
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Sequence

    from app.feeds.models import CatalogFeed, FeedLoad
    from app.feeds.rules import Piece, Row
    from app.runs.models import Run

MOST_FLAWS = 100_000  # that are kept of one file; all are counted


def file_of(run: Run) -> tuple[CatalogFeed, FeedLoad]:
    """Return the file that a run is about, and its feed. Raises NotFound for what was forgotten."""
    load = queries.load_said(run.parameters["load"])
    feed = queries.by_id(load.feed_id) if load else None
    if load is None or feed is None:
        raise NotFound
    return feed, load


def is_whole(feed: CatalogFeed, load: FeedLoad) -> bool:
    """Whether a file says all that the shop sells; a list of prices alone does not."""
    return load.kind == YML or "name" in feed.mapping


def common(feed: CatalogFeed, load: FeedLoad) -> dict[str, Any]:
    """Return the values that the statements share."""
    return {
        "shop": feed.shop_id,
        "feed": feed.id,
        "load": load.id,
        "now": clock.now(),
        "old": load.kind == YML or "oldprice" in feed.mapping,
        "whole": is_whole(feed, load),
        "live": sql.array(queries.live()),
    }


def look(run: Run, ids: Sequence[int]) -> Step:
    """Read a piece on, compare it with the catalogue, and keep what differs."""
    feed, load = file_of(run)
    at = run.parameters["at"]
    mark = Mark(at["offset"], at["line"], tuple(at["path"]))
    try:
        piece = _read(feed, load, mark, ids[-1])
        sums = _keep(feed, load, piece)
    except Unreadable as error:
        load.problem, load.problem_line = error.why, error.line
        return Step(run.total, run.total - run.cursor)
    if piece.mark is None:
        return Step(run.total, run.total - run.cursor, sums)
    place = {"offset": piece.mark.offset, "line": piece.mark.line, "path": list(piece.mark.path)}
    run.parameters = {**run.parameters, "at": place}
    return Step(piece.mark.offset, piece.mark.offset - run.cursor, sums)


def _read(feed: CatalogFeed, load: FeedLoad, mark: Mark, until: int) -> Piece:
    stream = kept.reopened(load.id, load.size)
    if load.kind == YML:
        return yml.read_on(stream, load.encoding, mark, until)
    table = (len(load.columns), load.sign, feed.mapping)
    return tables.read_on(stream, table, mark, until)


def _keep(feed: CatalogFeed, load: FeedLoad, piece: Piece) -> dict[str, int]:
    if load.rows + len(piece.offers) > MOST_OFFERS:
        raise Unreadable("rows", piece.offers[-1].line)
    _keep_categories(load, piece.categories)
    is_yml = load.kind == YML
    known = set(_categories(load)) if is_yml else set()
    reader = Reader(_currency(), known or None, commas=not is_yml, always=is_yml)
    rows = [row for offer in piece.offers if (row := reader.read(offer)) is not None]
    sql.send(statements.PLANS, {})
    sql.send(statements.PART, {})
    sql.copy(statements.FILL, (_cells(n, row) for n, row in enumerate(rows, load.rows + 1)))
    values = common(feed, load)
    found = {row.verdict: row.number for row in sql.rows(statements.STAGE, values)}
    if sum(found.values()) < len(rows):
        reader.flaws += [Flaw(*each) for each in sql.rows(statements.LEFT_OUT, values)]
    sql.send(statements.EMPTY, {})
    refused = len(piece.offers) - sum(found.values())
    load.rows += len(rows)
    note(load, [*piece.flaws, *reader.flaws])
    return {**found, "refused": refused} if refused else found


def _currency() -> str:
    tenant = tenants.tenant(current_tenant())
    if tenant is None:
        raise NotFound
    return tenant.currency


def _cells(number: int, row: Row) -> tuple[Any, ...]:
    return (
        number,
        row.line,
        row.external_id,
        row.name,
        row.search,
        row.category,
        row.price,
        row.old_price,
        row.url,
        row.picture,
        row.available,
        row.cost,
    )


def _categories(load: FeedLoad) -> Iterable[str]:
    query = select(FeedCategory.external_id).where(FeedCategory.load_id == load.id)
    return db.session.scalars(query)


def _keep_categories(load: FeedLoad, said: Sequence[Category]) -> None:
    if not said:
        return
    number = load.start.get("categories", 0)
    if number + len(said) > MOST_CATEGORIES:
        raise Unreadable("categories", said[-1].line)
    found = [
        {"n": n, "line": c.line, "id": c.external_id, "name": c.name, "parent": c.parent}
        for n, c in enumerate(said, start=number + 1)
    ]
    sql.send(statements.CATEGORIES, {"load": load.id, "rows": sql.recordset(found)})
    load.start = {**load.start, "categories": number + len(said)}


def shelves(load: FeedLoad) -> tuple[list[Category], list[Flaw]]:
    """Return the categories of a file as they can stand, and what was wrong with them."""
    query = (
        select(FeedCategory).where(FeedCategory.load_id == load.id).order_by(FeedCategory.number)
    )
    return arranged(
        Category(c.line, c.external_id, c.name, c.parent) for c in db.session.scalars(query)
    )


def note(load: FeedLoad, flaws: Sequence[Flaw]) -> None:
    """Keep what was wrong; of very much only the first."""
    kept_ones = flaws[: max(MOST_FLAWS - load.flawed, 0)]
    load.flawed += len(flaws)
    if kept_ones:
        found = [
            {"line": f.line, "id": f.external_id, "code": f.code, "said": f.said} for f in kept_ones
        ]
        sql.send(statements.FLAWS, {"load": load.id, "rows": sql.recordset(found)})


def swallowed(feed: CatalogFeed, load: FeedLoad) -> int | None:
    """Return the line that opens a quote within which alone the file has products of the feed; None: none."""
    found = sql.rows(statements.SWALLOWED, common(feed, load))
    return next((row.line for row in found), None)


def count(feed: CatalogFeed, load: FeedLoad) -> None:
    """Reckon at the end how much of what was there is gone."""
    _said, flaws = shelves(load)
    note(load, flaws)
    sql.send(statements.WHOLE, {})
    found = sql.one(statements.COUNTS, common(feed, load))
    load.known = found.known
    load.gone = found.gone if feed.hides and is_whole(feed, load) else 0


def went(feed: CatalogFeed, load: FeedLoad) -> int:
    """Return how many went with earlier files of these days, and nobody was asked: a feed may dwindle by and by."""
    values = {**common(feed, load), "since": clock.now() - WITHIN}
    number: int = sql.one(statements.WENT, values).number
    return number


def told(sums: Counter[str] | dict[str, Any]) -> dict[str, int]:
    """Return the figures of a look or a load, zeros included."""
    names = ("new", "changed", "same", "refused", "hidden", "categories")
    return {name: int(sums.get(name, 0)) for name in names}


def may(run: Run, action: str) -> None:
    """Refuse to go on with a file that was left aside, or that a newer one took the place of."""
    load = queries.load_said(run.parameters["load"])
    if action == "resume" and (load is None or load.ended_at is not None):
        raise Conflict("gone", "")
