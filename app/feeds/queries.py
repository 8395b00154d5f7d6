"""Read catalogue feeds: where they come from, their files, what these would do, and what was wrong with rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, func, select

from app import clock, sql
from app.extensions import db
from app.feeds.models import CatalogFeed, FeedFlaw, FeedLoad, FeedRow
from app.runs.models import Run
from app.runs.rules import OPEN

if TYPE_CHECKING:
    from collections.abc import Sequence

FEED = "feed"  # the kind of its runs
FETCH = "fetch_feeds"  # the job that looks for those that are due
TOGETHER = 5_000


def listed() -> Select[Any]:
    """Return the statement of the merchant's feeds."""
    return select(CatalogFeed).where(CatalogFeed.retired_at.is_(None))


def find(public_id: str) -> CatalogFeed | None:
    """Return a feed by its outside id."""
    found: CatalogFeed | None = db.session.scalar(
        listed().where(CatalogFeed.public_id == public_id)
    )
    return found


def by_id(feed_id: int) -> CatalogFeed | None:
    """Return a feed, thrown away or not."""
    return db.session.scalar(select(CatalogFeed).where(CatalogFeed.id == feed_id))


def by_address(shop_id: int, address: str | None, name: str | None = None) -> CatalogFeed | None:
    """Return a shop's feed with an address; without one that of this name by upload."""
    query = listed().where(CatalogFeed.shop_id == shop_id)
    if address is None:
        query = query.where(CatalogFeed.address.is_(None), CatalogFeed.name == name)
    else:
        query = query.where(CatalogFeed.address == address)
    found: CatalogFeed | None = db.session.scalar(query.order_by(CatalogFeed.id).limit(1))
    return found


def live() -> Sequence[int]:
    """Return the ids of the merchant's feeds."""
    return db.session.scalars(listed().with_only_columns(CatalogFeed.id)).all()


def due(limit: int = 200) -> list[tuple[int, int, int]]:
    """Return (tenant, feed, feed) of those to be looked for now; to be asked as partnerka_drain."""
    now = clock.wall()
    query = (
        select(CatalogFeed.tenant_id, CatalogFeed.id)
        .where(CatalogFeed.due_at <= now, CatalogFeed.retired_at.is_(None))
        .where((CatalogFeed.leased_until.is_(None)) | (CatalogFeed.leased_until < now))
        .order_by(CatalogFeed.due_at)
        .limit(limit)
    )
    return [(row.tenant_id, row.id, row.id) for row in db.session.execute(query)]


def loads_of(feed: CatalogFeed) -> Select[Any]:
    """Return the statement of a feed's files."""
    return select(FeedLoad).where(FeedLoad.feed_id == feed.id)


def load(feed: CatalogFeed, public_id: str) -> FeedLoad | None:
    """Return a file of a feed by its outside id."""
    found: FeedLoad | None = db.session.scalar(
        loads_of(feed).where(FeedLoad.public_id == public_id)
    )
    return found


def load_said(public_id: str) -> FeedLoad | None:
    """Return a file by its outside id."""
    return db.session.scalar(select(FeedLoad).where(FeedLoad.public_id == public_id))


def newest(feed: CatalogFeed) -> FeedLoad | None:
    """Return the newest file of a feed."""
    found: FeedLoad | None = db.session.scalar(loads_of(feed).order_by(FeedLoad.id.desc()).limit(1))
    return found


def history(feed: CatalogFeed, most: int) -> Sequence[FeedLoad]:
    """Return the newest files of a feed, the last one first."""
    query = loads_of(feed).order_by(FeedLoad.id.desc()).limit(most)
    return db.session.scalars(query).all()


def load_of(run: Run) -> FeedLoad | None:
    """Return the file that a run is about; None once it is forgotten."""
    return db.session.scalar(select(FeedLoad).where(FeedLoad.run_id == run.id))


def run_of(load: FeedLoad | None) -> Run | None:
    """Return the run of a file, once its columns are known."""
    if load is None or load.run_id is None:
        return None
    return db.session.scalar(select(Run).where(Run.id == load.run_id))


def runs_of(loads: Sequence[FeedLoad]) -> dict[int, Run]:
    """Return the runs of some files by their ids."""
    wanted = [load.run_id for load in loads if load.run_id is not None]
    query = select(Run).where(Run.id.in_(wanted))
    return {run.id: run for run in db.session.scalars(query)} if wanted else {}


def is_busy(feed: CatalogFeed) -> bool:
    """Whether a file of a feed is being looked at or loaded."""
    query = (
        select(Run.id)
        .join(FeedLoad, (FeedLoad.tenant_id == Run.tenant_id) & (FeedLoad.run_id == Run.id))
        .where(FeedLoad.feed_id == feed.id, Run.state.in_(OPEN))
    )
    return db.session.scalar(query.limit(1)) is not None


def is_fetching(feed: CatalogFeed) -> bool:
    """Whether a feed is to be fetched now, or is on its way."""
    return feed.due_at is not None and feed.due_at <= clock.wall()


def flaws_of(load: FeedLoad) -> Select[Any]:
    """Return the statement of what was wrong with rows."""
    return select(FeedFlaw).where(FeedFlaw.load_id == load.id)


def flaws_after(load: FeedLoad, last: tuple[int, int], most: int = TOGETHER) -> Sequence[FeedFlaw]:
    """Return the next ones, by line."""
    line, own = last
    query = flaws_of(load).where(
        (FeedFlaw.line > line) | ((FeedFlaw.line == line) & (FeedFlaw.id > own))
    )
    return db.session.scalars(query.order_by(FeedFlaw.line, FeedFlaw.id).limit(most)).all()


def flaw_counts(load: FeedLoad) -> list[tuple[str, int]]:
    """Return how often what was wrong, the most frequent first."""
    query = select(FeedFlaw.code, func.count()).where(FeedFlaw.load_id == load.id)
    query = query.group_by(FeedFlaw.code).order_by(func.count().desc(), FeedFlaw.code)
    return [(code, number) for code, number in db.session.execute(query)]


_GONE = """
SELECT p.id, p.external_id, p.name FROM product p
WHERE p.shop_id = %(shop)s AND p.feed_id = %(feed)s AND p.gone_at IS NULL
  AND NOT EXISTS (SELECT FROM feed_row r WHERE r.load_id = %(load)s AND r.external_id = p.external_id)
ORDER BY p.id LIMIT %(most)s
"""


def gone(feed: CatalogFeed, load: FeedLoad, most: int) -> list[Any]:
    """Return the first products that a feed had and a file of it has no more."""
    values = {"shop": feed.shop_id, "feed": feed.id, "load": load.id, "most": most}
    return sql.rows(_GONE, values)


def examples(load: FeedLoad, verdict: str, most: int = 8) -> Sequence[FeedRow]:
    """Return the first rows of a file that would be new, or changed."""
    query = select(FeedRow).where(FeedRow.load_id == load.id, FeedRow.verdict == verdict)
    return db.session.scalars(query.order_by(FeedRow.number).limit(most)).all()
