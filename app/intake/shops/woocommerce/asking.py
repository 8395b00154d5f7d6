"""What we ask of a WooCommerce shop: an order with its refunds, what changed, what is still there."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.intake.shops import FETCHED, LISTED, Fetched, Page, ShopError
from app.intake.shops.woocommerce.client import Got, call, pages, rows
from app.intake.shops.woocommerce.reading import CARD, CLICK, ENTRY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.intake.shops import Access

PER_PAGE = 100
OVERLAP = 10  # orders of a page of history that the next one shows again, lest deletions hide some
_KEPT = (
    "id number status currency date_created_gmt date_modified_gmt date_paid_gmt "
    "date_completed_gmt customer_id"
).split()
_META = {ENTRY, CLICK, *CARD.values()}
_ITEM = "id product_id name quantity subtotal subtotal_tax total total_tax".split()
_BILLING = "first_name last_name email phone".split()


def fetch(access: Access, external_id: str) -> Fetched | None:
    """Return an order with its refunds by line; None: the shop has it no more."""
    try:
        said = call(access, "GET", f"orders/{_number(external_id)}").said
    except ShopError as error:
        if error.code == "gone":
            return None
        raise
    refunds: list[Any] = []
    if isinstance(said, dict) and said.get("refunds"):
        refunds = pages(access, f"orders/{_number(external_id)}/refunds", {})
    return _fetched(said, FETCHED, refunds)


def proved(access: Access, external_id: str, key: str) -> bool:
    """Tell whether a visitor who shows this key made an order: the address that thanks him carries both."""
    query = {"_fields": "id,order_key"}
    try:
        said = call(access, "GET", f"orders/{_number(external_id)}", query).said
    except ShopError as error:
        if error.code == "gone":
            return False
        raise
    known = str(said.get("order_key") or "") if isinstance(said, dict) else ""
    return bool(known) and hmac.compare_digest(known.encode(), key.encode())


def _number(external_id: str) -> str:
    if not (external_id.isascii() and external_id.isdecimal() and len(external_id) <= 19):
        raise ShopError("gone", "no number of an order")
    return external_id


def beginning(at: datetime, zone: str) -> dict[str, dict[str, Any]]:
    """Return where the looks at changed and at trashed orders begin, in UTC."""
    del zone
    since = _text(at)
    return {"any": {"since": since}, "trash": {"since": since, "trash": True}}


def changed_since(access: Access, cursor: Mapping[str, Any]) -> Page:
    """Return orders that changed since a cursor: {"since", "page", "trash"}.

    Each page asks from the last change that was seen, less a second, for the shop counts in seconds; so
    what changes meanwhile moves nothing out of sight. Where a whole page is of one second, the next
    page of the same question follows.
    """
    since, number = str(cursor["since"]), int(cursor.get("page", 1))
    query = {
        "modified_after": since,
        "dates_are_gmt": "true",
        "orderby": "modified",
        "order": "asc",
        "status": "trash" if cursor.get("trash") else "any",
        "per_page": str(PER_PAGE),
        "page": str(number),
    }
    got = call(access, "GET", "orders", query)
    found = _listed(got)
    more = number < got.pages
    if not found:
        return Page(found, {**cursor, "page": 1}, more=False, total=got.total)
    last = _text(found[-1].changed_at - timedelta(seconds=1))
    stuck = last <= since
    moved = {**cursor, "since": max(last, since), "page": number + 1 if stuck and more else 1}
    return Page(found, moved, more=more, total=got.total)


def history(access: Access, since: datetime, offset: int) -> Page:
    """Return orders made since an instant, by when they were made, from the one at `offset` on."""
    query = {
        "after": _text(since),
        "dates_are_gmt": "true",
        "orderby": "date",
        "order": "asc",
        "status": "any",
        "per_page": str(PER_PAGE),
        "offset": str(offset),
    }
    got = call(access, "GET", "orders", query)
    found = _listed(got)
    # Some are shown again: one that is deleted meanwhile moves those behind it.
    more = offset + len(found) < got.total and len(found) > OVERLAP
    following = offset + len(found) - (OVERLAP if more else 0)
    return Page(found, {"offset": following}, more=more, total=got.total)


def existing(access: Access, external_ids: Sequence[str]) -> set[str]:
    """Return which of these orders the shop still lists; trashed ones are not among them."""
    known = [each for each in external_ids if each.isascii() and each.isdecimal()]
    found = set()
    for start in range(0, len(known), PER_PAGE):
        ids = ",".join(known[start : start + PER_PAGE])
        query = {"include": ids, "status": "any", "per_page": str(PER_PAGE), "_fields": "id"}
        found |= {str(each["id"]) for each in rows(call(access, "GET", "orders", query).said)}
    return found


def _listed(got: Got) -> list[Fetched]:
    """Read a page of orders, without those that a plugin has made unreadable; none readable: no such shop."""
    listed, found = rows(got.said), []
    for each in listed:
        try:
            found.append(_fetched(each, LISTED, None))
        except ShopError:
            if len(listed) == 1:
                raise
    if listed and not found:
        raise ShopError("not_a_shop", "no order that can be read")
    return found


def _fetched(said: Any, topic: str, refunds: list[Any] | None) -> Fetched:
    try:
        kept = trimmed(said)
        body: dict[str, Any] = {"order": kept}
        if refunds is not None:
            body["refunds"] = [_refund(each) for each in refunds]
        return Fetched(
            external_id=str(said["id"]),
            body=json.dumps(body, ensure_ascii=False, default=str).encode("utf-8", "replace"),
            topic=topic,
            changed_at=_instant(said["date_modified_gmt"]),
            created_at=_instant(said["date_created_gmt"]),
            fingerprint=_fingerprint(kept),
            products=tuple(
                sorted({str(i["product_id"]) for i in kept["line_items"] if i.get("product_id")})
            ),
            refunded=bool(kept["refunds"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ShopError("not_a_shop", f"no order: {type(error).__name__}") from error


def trimmed(said: dict[str, Any]) -> dict[str, Any]:
    """Return of an order only what is read: no street, no address of a computer, no key for paying."""
    return {
        **{name: said.get(name) for name in _KEPT},
        "billing": _chosen(said.get("billing") or {}, _BILLING),
        "line_items": [_chosen(each, _ITEM) for each in said["line_items"]],
        "shipping_lines": _sums(said.get("shipping_lines")),
        "fee_lines": _sums(said.get("fee_lines")),
        "coupon_lines": [
            _chosen(each, ["code", "discount", "discount_tax"])
            for each in said.get("coupon_lines") or ()
        ],
        "refunds": [_chosen(each, ["id", "total"]) for each in said.get("refunds") or ()],
        "meta_data": [
            {"key": each["key"], "value": each["value"]}
            for each in said.get("meta_data") or ()
            if each.get("key") in _META
        ],
    }


def _refund(said: dict[str, Any]) -> dict[str, Any]:
    items = [
        {
            **_chosen(each, ["total", "total_tax", "quantity"]),
            "meta_data": [
                {"key": m["key"], "value": m["value"]}
                for m in each.get("meta_data") or ()
                if m.get("key") == "_refunded_item_id"
            ],
        }
        for each in said.get("line_items") or ()
    ]
    return {
        **_chosen(said, ["id", "amount"]),
        "line_items": items,
        "shipping_lines": _sums(said.get("shipping_lines")),
        "fee_lines": _sums(said.get("fee_lines")),
    }


def _sums(parts: Any) -> list[dict[str, Any]]:
    return [_chosen(each, ["total", "total_tax"]) for each in parts or ()]


def _chosen(said: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: said[name] for name in names if name in said}


def _fingerprint(kept: dict[str, Any]) -> tuple[Any, ...]:
    """Return what tells two states of an order of one second apart."""
    codes = tuple(each["code"] for each in kept["coupon_lines"])
    refunds = tuple(sorted(str(each["id"]) for each in kept["refunds"]))
    return str(kept["status"]), codes, refunds


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
