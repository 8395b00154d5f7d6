"""What we ask of a PrestaShop: orders with all that belongs to them, what changed, what is still there.

Nothing calls us, so everything is found by asking, by the shop's own clock. An order's row knows neither
its codes nor its refunds nor who bought: a page of orders is completed by one call for each of these.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.intake.shops import Page, ShopError
from app.intake.shops.prestashop import shapes
from app.intake.shops.prestashop.client import Got, read
from app.intake.shops.prestashop.gathering import gather, zone_of
from app.intake.shops.prestashop.pages import SECOND, asked, behind, since_of
from app.intake.shops.prestashop.shapes import number, rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from app.intake.shops import Access, Fetched

PER_PAGE = 100
OVERLAP = 10  # orders of a page of history that the next one shows again, lest deletions hide some
DOUBT = timedelta(hours=1)  # how far back the shop's clock may jump
UNKNOWN = timedelta(days=1)  # before now, by any clock on earth
ORDERS, SLIPS, HISTORIES = "orders", "order_slip", "order_histories"
streams: tuple[str, ...] = (ORDERS, SLIPS, HISTORIES)
# What a stream is sorted by, and what its things are called in an answer.
_BY = {ORDERS: "date_upd", SLIPS: "date_upd", HISTORIES: "date_add"}
_NAMES = {
    ORDERS: ("orders", "order"),
    SLIPS: ("order_slips", "order_slip"),
    HISTORIES: ("order_histories", "order_history"),
}


def beginning(at: datetime, zone: str) -> dict[str, dict[str, Any]]:
    """Return where each stream begins: now by the shop's clock, or surely before that."""
    known = shapes.zone_of(zone)
    said = shapes.clock_of(at if known else at - UNKNOWN, known).replace(" ", "T")
    return {name: {"stream": name, "since": said, "page": 1} for name in streams}


def fetch(access: Access, external_id: str) -> Fetched | None:
    """Return an order with its refunds; None: the shop has it no more."""
    if not number(external_id):
        return None
    try:
        said = read(access, f"orders/{number(external_id)}")
    except ShopError as error:
        if error.code != "gone":
            raise
        return _doubted(access, external_id)
    found = gather(access, rows(said.said, "order", "orders"), said.at)
    return found[0] if found else None


def _doubted(access: Access, external_id: str) -> Fetched | None:
    """Ask once more, by the list: an answer that a proxy lost is no deletion."""
    query = {"filter[id]": f"[{number(external_id)}]", "display": "full"}
    said = read(access, "orders", query)
    found = gather(access, rows(said.said, "orders", "order"), said.at)
    return found[0] if found else None


def proved(access: Access, external_id: str, key: str) -> bool:
    """Tell whether a visitor who shows this key made an order: the address that thanks him carries both."""
    try:
        said = read(access, f"orders/{number(external_id) or '0'}").said
    except ShopError as error:
        if error.code == "gone":
            return False
        raise
    known = [shapes.words(each.get("secure_key")) for each in rows(said, "order", "orders")]
    return bool(known and known[0]) and hmac.compare_digest(known[0].encode(), key.encode())


def changed_since(access: Access, cursor: Mapping[str, Any]) -> Page:
    """Return orders of which something changed since a cursor, which names its stream."""
    stream = str(cursor.get("stream") or ORDERS)
    zone, page = zone_of(access), int(cursor.get("page", 1))
    since = _since(cursor, zone)
    try:
        said = asked(access, stream, _BY[stream], since, page, PER_PAGE)
    except ShopError as error:
        # An order changes with its history: where this cannot be asked for, nothing is lost.
        if stream == HISTORIES and error.code in {"rights", "absent", "refused"}:
            return Page((), dict(cursor), more=False)
        raise
    found = rows(said.said, *_NAMES[stream])
    if not found:
        return Page((), {**cursor, "page": 1, "seen": cursor["since"]}, more=False)
    full = len(found) >= PER_PAGE
    at = shapes.local(found[-1].get(_BY[stream])) or since
    moved = behind(cursor, since, page, at, full=full)
    if stream != ORDERS:
        ids = sorted({n for each in found if (n := number(each.get("id_order")))}, key=int)
        found, said = _orders(access, ids)
    return Page(gather(access, found, said.at), moved, more=full, total=len(found))


def _since(cursor: Mapping[str, Any], zone: ZoneInfo | None) -> datetime:
    """Return from which second on to ask; earlier at a new beginning around the end of summer time."""
    since = since_of(cursor)
    if cursor.get("seen") == cursor["since"]:
        return since  # within one sweep
    return since - DOUBT if zone is None or _jumps(since, zone) else since


def _jumps(since: datetime, zone: ZoneInfo) -> bool:
    """Whether the shop's clock goes back about then."""
    before, after = (
        (since + timedelta(hours=hours)).replace(tzinfo=zone).utcoffset() or timedelta(0)
        for hours in (-4, 4)
    )
    return after < before


def _orders(access: Access, ids: Sequence[str]) -> tuple[list[dict[str, Any]], Got]:
    if not ids:
        return [], Got([])
    query = {"filter[id]": shapes.either(ids), "display": "full"}
    said = read(access, "orders", query)
    return rows(said.said, "orders", "order"), said


def history(access: Access, since: datetime, offset: int) -> Page:
    """Return orders made since an instant, by when they were made, from the one at `offset` on.

    How many there are the webservice does not say: the first page counts their ids.
    """
    zone = zone_of(access)
    begin = since if zone else since - UNKNOWN
    query = {
        "filter[date_add]": f">[{shapes.clock_of(begin - SECOND, zone)}]",
        "date": "1",
        "sort": "[date_add_ASC,id_ASC]",
    }
    listed = {**query, "limit": f"{offset},{PER_PAGE}", "display": "full"}
    said = read(access, "orders", listed)
    found = gather(access, rows(said.said, "orders", "order"), said.at)
    more = len(found) >= PER_PAGE
    # Some are shown again: one that is deleted meanwhile moves those behind it.
    following = offset + len(found) - (OVERLAP if more else 0)
    total = offset + len(found)
    if more and offset == 0:
        total = len(rows(read(access, "orders", query).said, "orders", "order"))
    return Page(found, {"offset": following}, more=more, total=total)


def existing(access: Access, external_ids: Sequence[str]) -> set[str]:
    """Return which of these orders the shop still lists."""
    known = [each for each in external_ids if number(each)]
    found = set()
    for start in range(0, len(known), PER_PAGE):
        ids = [number(each) for each in known[start : start + PER_PAGE]]
        said = read(access, "orders", {"filter[id]": shapes.either(ids)}).said
        found |= {number(each.get("id")) for each in rows(said, "orders", "order")}
    return {each for each in known if number(each) in found}
