"""Things of a PrestaShop by when each was changed last: page by page, and none left out.

Each page asks from the last change that was seen, that second included, for the shop counts in seconds: what
changes meanwhile comes again at the end, and moves nothing out of sight. Where a whole page is of one second,
the next page of the same question follows. A cursor: {"since", "page", "seen"}, by the shop's clock.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.intake.shops.prestashop import shapes
from app.intake.shops.prestashop.client import Got, read
from app.intake.shops.prestashop.shapes import rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.intake.shops import Access

SECOND = timedelta(seconds=1)
OVERLAP = timedelta(minutes=70)  # the hour that comes twice among them
NEVER = datetime(1, 1, 1)  # noqa: DTZ001 - by a clock of nowhere; what was never changed is of then


def asked(
    access: Access, resource: str, by: str, since: datetime, page: int, size: int, **more: str
) -> Got:
    """Ask for a page of what was changed at a time or later."""
    query = {
        **more,
        "date": "1",
        "sort": f"[{by}_ASC,id_ASC]",
        "limit": f"{(page - 1) * size},{size}",
        "display": "full",
    }
    if since > NEVER:
        query[f"filter[{by}]"] = f">[{since - SECOND:%Y-%m-%d %H:%M:%S}]"
    return read(access, resource, query)


def behind(
    cursor: Mapping[str, Any], since: datetime, page: int, at: datetime, *, full: bool
) -> dict[str, Any]:
    """Return the cursor behind a page whose last change was `at`; `full`: others may follow.

    Products are found by another date than the one that they show, which may lie long before: never back.
    """
    said = max(at, since).isoformat(timespec="seconds")
    if not full:  # nothing that was seen before is forgotten
        said = max(said, str(cursor.get("since") or said))
    following = page + 1 if full and at <= since else 1
    return {**cursor, "since": said, "seen": said, "page": following}


def since_of(cursor: Mapping[str, Any]) -> datetime:
    """Return from when on to ask."""
    said = cursor.get("since")
    return datetime.fromisoformat(str(said)).replace(tzinfo=None) if said else NEVER


def page_of(
    access: Access, resource: str, one: str, cursor: Mapping[str, Any], size: int, **more: str
) -> tuple[Got, list[dict[str, Any]], dict[str, Any], bool, int | None]:
    """Return an answer, its things, the cursor behind them, whether more wait, and how many there are.

    Behind the last page the next round begins a little before the newest change. How many there are the
    webservice does not say: at the very beginning their ids are counted.
    """
    since, page = since_of(cursor), int(cursor.get("page", 1))
    got = asked(access, resource, "date_upd", since, page, size, **more)
    found = rows(got.said, resource, one)
    full = len(found) >= size
    total = None
    if since == NEVER and page == 1:
        total = len(rows(read(access, resource).said, resource, one)) if full else len(found)
    if not found:
        return got, found, {**cursor, "page": 1}, False, total
    at = shapes.local(found[-1].get("date_upd")) or NEVER
    moved = behind(cursor, since, page, at, full=full)
    if not full:
        newest = since_of(moved)
        again = newest - OVERLAP if newest > NEVER + OVERLAP else newest
        moved["since"] = again.isoformat(timespec="seconds")
    return got, found, moved, full, total
