"""What we ask of an Ecwid shop, over REST v3."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from app import clock
from app.intake.shops import (
    FETCHED,
    LISTED,
    Card,
    Category,
    Fetched,
    Page,
    Product,
    ShopError,
)
from app.intake.shops.ecwid.reading import CLICK, REF, codes_of, moment, refunds_of, status_of
from app.intake.shops.figures import BAD, minor, text
from app.intake.shops.rest import call, row, rows
from app.intake.shops.unread import by_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.intake.shops import Access

PER_PAGE = 100
OVERLAP = 10  # orders of a page that the next one shows again, lest one that moves hides another
TOGETHER = 50  # orders and goods asked for by their ids at once
_KEPT = (
    "id vendorOrderNumber total totalBeforeGiftCardRedemption paymentStatus fulfillmentStatus createTimestamp "
    "updateTimestamp customerId email refundedAmount affiliateId"
).split()


def ask(access: Access, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Call the shop once. Raises ShopError."""
    return row(call("GET", f"{access.address}/{path}", f"Bearer {access.secret}", query))


def read_address(text: str, key: str, secret: str) -> tuple[str, str, str]:
    """Return where the shop's interface is: the store's number is a part of it."""
    place = text.split("/api/v3", maxsplit=1)[0].rstrip("/")
    return f"{place}/api/v3/{quote(key, safe='')}", key, secret


def fetch(access: Access, external_id: str) -> Fetched | None:
    """Return an order; None: the shop has it no more."""
    try:
        said = ask(access, f"orders/{quote(external_id, safe='')}")
    except ShopError as error:
        if error.code == "gone":
            return None
        raise
    return _fetched(said, FETCHED)


def _fetched(said: dict[str, Any], topic: str) -> Fetched:
    try:
        kept = trimmed(said)
        return Fetched(
            external_id=str(said["id"]),
            body=json.dumps({"order": kept}, ensure_ascii=False, default=str).encode(
                "utf-8", "replace"
            ),
            topic=topic,
            changed_at=moment(said["updateTimestamp"]),
            created_at=moment(said["createTimestamp"]),
            fingerprint=(
                status_of(said),
                tuple(codes_of(said)),
                tuple(sorted(name for name, _amount in refunds_of(said))),
            ),
            products=tuple(
                sorted({str(i["productId"]) for i in kept["items"] if i.get("productId")})
            ),
        )
    except BAD as error:
        return by_number(said, clock.wall(), error)


def trimmed(said: dict[str, Any]) -> dict[str, Any]:
    """Return of an order only what is read: no street, no address of a computer."""
    extra = said.get("extraFields") or {}
    return {
        **{name: said.get(name) for name in _KEPT},
        "items": [
            {name: each.get(name) for name in ("id", "productId", "name", "quantity", "price")}
            for each in said["items"]
        ],
        "shippingOption": {"shippingRate": (said.get("shippingOption") or {}).get("shippingRate")},
        "discountCoupon": {"code": (said.get("discountCoupon") or {}).get("code")},
        "billingPerson": _person(said.get("billingPerson") or said.get("shippingPerson") or {}),
        "refunds": [{"amount": each.get("amount")} for each in said.get("refunds") or ()],
        "extraFields": {name: extra[name] for name in (CLICK, REF) if name in extra},
    }


def _person(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: said.get(name) for name in ("name", "phone")}


def beginning(at: datetime, zone: str) -> dict[str, dict[str, Any]]:
    """Return where to begin: the shop is asked by seconds since 1970."""
    return {"orders": {"stream": "orders", "since": _naive(at)}}


def changed_since(access: Access, cursor: Mapping[str, Any]) -> Page:
    """Return orders that changed since a cursor, up to the moment at which its first page was asked for."""
    number = int(cursor.get("page", 1))
    until = str(cursor["to"]) if number > 1 else _naive(clock.wall())
    window = {"updatedFrom": _seconds(str(cursor["since"])), "updatedTo": _seconds(until)}
    offset = (number - 1) * (PER_PAGE - OVERLAP)
    found, total = _page(access, window, offset)
    if offset + len(found) < total and len(found) > OVERLAP:
        return Page(found, {**cursor, "page": number + 1, "to": until}, more=True, total=total)
    return Page(found, {**cursor, "since": until, "page": 1, "to": None}, more=False, total=total)


def history(access: Access, since: datetime, offset: int) -> Page:
    """Return orders made since an instant, from the one at `offset` on."""
    found, total = _page(access, {"createdFrom": _seconds(_naive(since))}, offset)
    more = offset + len(found) < total and len(found) > OVERLAP
    following = offset + len(found) - (OVERLAP if more else 0)
    return Page(found, {"offset": following}, more=more, total=total)


def _page(access: Access, query: Mapping[str, str], offset: int) -> tuple[list[Fetched], int]:
    said = ask(access, "orders", {**query, "limit": str(PER_PAGE), "offset": str(offset)})
    found = sorted(
        (_fetched(each, LISTED) for each in rows(said.get("items"))), key=lambda one: one.changed_at
    )
    total = said.get("total")
    return found, total if isinstance(total, int) else len(found)


def _naive(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _seconds(text: str) -> str:
    return str(int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()))


def existing(access: Access, external_ids: Sequence[str]) -> set[str]:
    """Return which of these orders the shop still has."""
    there: set[str] = set()
    for start in range(0, len(external_ids), TOGETHER):
        ids = ",".join(external_ids[start : start + TOGETHER])
        said = ask(access, "orders", {"ids": ids, "limit": str(PER_PAGE)})
        there |= {str(each["id"]) for each in rows(said.get("items"))}
    return there


def products(
    access: Access, external_ids: Sequence[str]
) -> tuple[Sequence[Product], Sequence[Category]]:
    """Return products with the categories in which they lie; those that are gone are absent."""
    found: list[Product] = []
    for start in range(0, len(external_ids), TOGETHER):
        ids = ",".join(external_ids[start : start + TOGETHER])
        said = ask(access, "products", {"productId": ids, "limit": str(PER_PAGE)})
        found += [_product(each, access.currency) for each in rows(said.get("items"))]
    wanted = {each for product in found for each in product.categories}
    if not wanted:
        return found, ()
    shown = rows(ask(access, "categories", {"limit": str(PER_PAGE)}).get("items"))
    return found, [
        Category(
            str(each["id"]), str(each.get("name") or each["id"])[:300], text(each.get("parentId"))
        )
        for each in shown
    ]


def _product(said: dict[str, Any], currency: str) -> Product:
    price = said.get("price")
    return Product(
        external_id=str(said["id"]),
        name=str(said.get("name") or said["id"])[:300],
        price=minor(price, currency) if price not in (None, "") else None,
        url=text(said.get("url")),
        shown=bool(said.get("enabled", True)),
        categories=tuple(str(each) for each in said.get("categoryIds") or ()),
    )


def read_card(access: Access, external_id: str) -> Card | None:
    """Say that nothing is written on cards there."""
    raise ShopError("not_offered", "card")


def write_card(access: Access, external_id: str, fields: Mapping[str, str]) -> Card:
    """Say that nothing is written on cards there."""
    raise ShopError("not_offered", "card")


def health(access: Access) -> Mapping[str, Any]:
    """Look whether the token reads orders, and in which money and where the shop sells."""
    ask(
        access,
        "orders",
        {"limit": "1", "updatedFrom": _seconds(_naive(clock.wall() - timedelta(days=1)))},
    )
    units = ask(access, "profile").get("formatsAndUnits") or {}
    found = {"currency": text(units.get("currency"), 3), "zone": text(units.get("timezone"), 60)}
    return {name: said for name, said in found.items() if said}
