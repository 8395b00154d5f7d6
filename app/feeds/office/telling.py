"""What the page of a feed tells: how far it is, what would come of the file, what came of those before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import url_for

from app.feeds import queries, service
from app.feeds.forms import EVERY, FLAWS, WHY
from app.runs.rules import LIFECYCLE, OPEN, can_resume, percent_done
from app.site.lists import name_of
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from app.feeds.models import CatalogFeed, FeedLoad
    from app.runs.models import Run

SHOWN = 12  # files of the history on the page
EXAMPLES = 6


def told(feed: CatalogFeed) -> dict[str, Any]:
    """Return what the page of a feed shows."""
    loads = queries.history(feed, SHOWN)
    runs = queries.runs_of(loads)
    load = loads[0] if loads else None
    run = runs.get(load.run_id or 0) if load else None
    is_open = run is not None and run.standing in OPEN
    shop = tenants.shop_by_id(feed.shop_id)
    return {
        "feed": feed,
        "shop": name_of(shop) if shop and len(tenants.shops()) > 1 else "",
        "load": load,
        "run": run,
        "open": is_open,
        "fetching": queries.is_fetching(feed) and not is_open,
        "percent": percent_done(run.done, run.total) if run else 0,
        "can_resume": _may_go_on(load, run),
        "asks": _asks(load, run),
        "figures": _figures(load, run),
        "examples": _examples(feed, load, run),
        "flaws": queries.flaw_counts(load) if load and load.flawed else [],
        "history": [(each, runs.get(each.run_id or 0), _figures(each, runs.get(each.run_id or 0)))
                    for each in loads],
        "why": WHY,
        "flaw_words": FLAWS,
        "every": EVERY,
        "poll": url_for("office.feeds.show", feed_id=feed.public_id),
    }  # fmt: skip


def _may_go_on(load: FeedLoad | None, run: Run | None) -> bool:
    return (
        load is not None
        and run is not None
        and load.ended_at is None
        and can_resume(run.standing, run.phase)
    )


def _asks(load: FeedLoad | None, run: Run | None) -> bool:
    """Whether the merchant is to say that the file may be loaded."""
    return (
        load is not None
        and run is not None
        and load.ended_at is None
        and run.state == "previewed"
        and LIFECYCLE.allows(run.standing, "apply")
    )


def _figures(load: FeedLoad | None, run: Run | None) -> dict[str, int]:
    """Return what would come of a file, or what came of it."""
    if load is None or run is None:
        return {}
    if run.phase == "apply":
        same = {name: run.sums.get(name, 0) for name in ("same", "refused")}
        return service.told({**run.applied, **same})
    return service.told({**run.sums, "hidden": load.gone})


def _examples(feed: CatalogFeed, load: FeedLoad | None, run: Run | None) -> dict[str, Any]:
    """Return some rows of each kind, for who is asked."""
    if load is None or run is None or not _asks(load, run):
        return {}
    return {
        "new": queries.examples(load, "new", EXAMPLES) if run.sums.get("new") else (),
        "changed": queries.examples(load, "changed", EXAMPLES) if run.sums.get("changed") else (),
        "gone": queries.gone(feed, load, EXAMPLES) if load.gone else (),
    }
