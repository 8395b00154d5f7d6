"""What we ask of an InSales shop and write into it, over its REST interface.

500 calls in five minutes are open to each: what would cost a call an order is spread over sweeps, and a
shop that says how long to wait is let be so long.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app import clock
from app.intake.shops import (
    FETCHED,
    LISTED,
    Card,
    Category,
    Fetched,
    Page,
    Product,
    SetUp,
    ShopError,
)
from app.intake.shops.addressed import address_with
from app.intake.shops.figures import BAD, instant, minor, text
from app.intake.shops.insales.reading import CARD, CLICK, REF, fields_of, status_of
from app.intake.shops.rest import call, row, rows
from app.intake.shops.unread import by_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.intake.shops import Access

PER_PAGE = 100
LOOKS = 20  # orders of which a sweep asks whether they are still there
GOODS_AT_ONCE = 50
TOPICS = ("orders/create", "orders/update", "orders/destroy")
OF_ORDERS = 3  # what a field of InSales belongs to
TITLES = {
    "commission": "Партнёр: вознаграждение",
    "promo_code": "Партнёр: промокод",
    "refcode": "Партнёр: рефкод",
    "partner": "Партнёр: имя",
    "terms": "Партнёр: условия",
    "deal_id": "Партнёр: сделка",
}
_KEPT = (
    "id number created_at updated_at paid_at delivered_at financial_status fulfillment_status "
    "currency_code total_price delivery_price full_delivery_price first_current_location current_location"
).split()
_LINE = "id product_id title quantity sale_price".split()
_CLIENT = "id email phone name surname client_group_id".split()


def ask(
    access: Access, method: str, path: str, query: Mapping[str, str] | None = None, body: Any = None
) -> Any:
    """Call the shop once. Raises ShopError."""
    plain = f"{access.key}:{access.secret}".encode()
    proof = f"Basic {base64.b64encode(plain).decode()}"
    return call(method, f"{access.address}/admin/{path}.json", proof, query, body)


def read_address(text: str, key: str, secret: str) -> tuple[str, str, str]:
    """Return the shop's address without what people paste behind it."""
    place = text.split("/admin", maxsplit=1)[0].rstrip("/")
    return place, key, secret


def fetch(access: Access, external_id: str) -> Fetched | None:
    """Return an order; None: the shop has it no more."""
    said = _order(access, external_id)
    return None if said is None else _fetched(access, said, FETCHED, {})


def _order(access: Access, external_id: str) -> dict[str, Any] | None:
    if not (external_id.isascii() and external_id.isdecimal() and len(external_id) <= 19):
        return None
    try:
        return row(ask(access, "GET", f"orders/{external_id}"))
    except ShopError as error:
        if error.code == "gone":
            return None
        raise


def _fetched(
    access: Access,
    said: dict[str, Any],
    topic: str,
    known: dict[str, str | None],
    at: datetime | None = None,
) -> Fetched:
    """Keep of an order what is read; codes of coupons are named by numbers, which are looked up once.

    `at`: when it changed if it does not say so.
    """
    try:
        codes = _codes(access, said, known)
        kept = trimmed(said)
        products = {
            str(each["product_id"]) for each in kept["order_lines"] if each.get("product_id")
        }
        return Fetched(
            external_id=str(said["id"]),
            body=json.dumps(
                {"order": kept, "codes": codes}, ensure_ascii=False, default=str
            ).encode("utf-8", "replace"),
            topic=topic,
            changed_at=instant(said["updated_at"]),
            created_at=instant(said["created_at"]),
            fingerprint=(status_of(said), tuple(codes), ()),
            products=tuple(sorted(products)),
        )
    except BAD as error:
        return by_number(said, at or clock.wall(), error)


def trimmed(said: dict[str, Any]) -> dict[str, Any]:
    """Return of an order only what is read: no street, no address of a computer."""
    handles = {*CARD.values(), CLICK, REF}
    own = said.get("custom_status") or {}
    return {
        **{name: said.get(name) for name in _KEPT},
        "custom_status": {name: own.get(name) for name in ("permalink", "system_status")},
        "order_lines": [{name: each.get(name) for name in _LINE} for each in said["order_lines"]],
        "client": {name: (said.get("client") or {}).get(name) for name in _CLIENT},
        "fields_values": [
            {"handle": each["handle"], "value": each.get("value")}
            for each in said.get("fields_values") or ()
            if each.get("handle") in handles
        ],
    }


def _codes(access: Access, said: dict[str, Any], known: dict[str, str | None]) -> list[str]:
    found = []
    for each in said.get("discounts") or ():
        name = text(each.get("discount_code_id"))
        if name is None:
            continue
        if name not in known:
            known[name] = _code(access, name)
        if known[name]:
            found.append(str(known[name]))
    return found


def _code(access: Access, name: str) -> str | None:
    try:
        return text(row(ask(access, "GET", f"discount_codes/{name}")).get("code"))
    except ShopError as error:
        if error.code in {"gone", "rights"}:
            return None
        raise


def beginning(at: datetime, zone: str) -> dict[str, dict[str, Any]]:
    """Return where to begin: the shop is asked in UTC."""
    return {"orders": {"stream": "orders", "since": _naive(at)}}


def _listed(access: Access, query: Mapping[str, str], since: datetime) -> list[Fetched]:
    known: dict[str, str | None] = {}
    found: list[Fetched] = []
    for each in rows(ask(access, "GET", "orders", query)):
        at = found[-1].changed_at if found else since
        found.append(_fetched(access, each, LISTED, known, at))
    return found


def changed_since(access: Access, cursor: Mapping[str, Any]) -> Page:
    """Return orders that changed since a cursor, by when they changed and by their numbers.

    It is always the first page of what lies behind the last order that was seen.
    """
    query = {"updated_since": f"{cursor['since']} UTC", "per_page": str(PER_PAGE)}
    if cursor.get("from_id"):
        query["from_id"] = str(cursor["from_id"])
    found = _listed(access, query, instant(cursor["since"]))
    more = len(found) == PER_PAGE
    if not found:
        return Page(found, {**cursor, "from_id": 0, "page": 1}, more=False)
    last = found[-1]
    moved = {
        "since": _naive(last.changed_at),
        "from_id": int(last.external_id),
        "page": 2 if more else 1,
    }
    stuck = all(moved.get(name) == cursor.get(name) for name in ("since", "from_id"))
    return Page(found, {**cursor, **moved}, more=more and not stuck)


def _naive(at: datetime) -> str:
    text = at.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")
    return text.removesuffix(".000")


def existing(access: Access, external_ids: Sequence[str]) -> set[str]:
    """Return which of these orders the shop still has; some of them are looked up, others next time."""
    turn = int(clock.wall().timestamp()) // 300
    parts = -(-len(external_ids) // LOOKS) or 1
    there = set(external_ids)
    for external_id in list(external_ids)[turn % parts :: parts]:
        if _order(access, external_id) is None:
            there.discard(external_id)
    return there


def history(access: Access, since: datetime, offset: int) -> Page:
    """Return orders made since an instant; what was made since then also changed since then."""
    query = {
        "updated_since": f"{_naive(since)} UTC",
        "per_page": str(PER_PAGE),
        "page": str(offset + 1),
    }
    found = _listed(access, query, since)
    more = len(found) == PER_PAGE
    return Page(
        [each for each in found if each.created_at >= since], {"offset": offset + 1}, more=more
    )


def products(
    access: Access, external_ids: Sequence[str]
) -> tuple[Sequence[Product], Sequence[Category]]:
    """Return products with the collections in which they lie; those that are gone are absent."""
    found: list[Product] = []
    for external_id in external_ids[:GOODS_AT_ONCE]:
        try:
            found.append(
                _product(row(ask(access, "GET", f"products/{external_id}")), access.currency)
            )
        except ShopError as error:
            if error.code != "gone":
                raise
    if not any(each.categories for each in found):
        return found, ()
    shown = rows(ask(access, "GET", "collections"))
    return found, [
        Category(
            str(each["id"]), str(each.get("title") or each["id"])[:300], text(each.get("parent_id"))
        )
        for each in shown
        if each.get("id")
    ]


def _product(said: dict[str, Any], currency: str) -> Product:
    variants = said.get("variants") or [{}]
    price = variants[0].get("price")
    return Product(
        external_id=str(said["id"]),
        name=str(said.get("title") or said["id"])[:300],
        price=minor(price, currency) if price not in (None, "") else None,
        shown=not said.get("is_hidden") and not said.get("archived"),
        categories=tuple(str(each) for each in said.get("collections_ids") or ()),
    )


def read_card(access: Access, external_id: str) -> Card | None:
    """Return the partner fields of an order; None: the shop has it no more."""
    said = _order(access, external_id)
    return None if said is None else _card(said)


def write_card(access: Access, external_id: str, fields: Mapping[str, str]) -> Card:
    """Write these partner fields in one call; return them as the shop then has them."""
    values = [{"handle": CARD[name], "value": value} for name, value in fields.items()]
    body = {"order": {"fields_values_attributes": values}}
    return _card(row(ask(access, "PUT", f"orders/{external_id}", None, body)))


def _card(said: dict[str, Any]) -> Card:
    try:
        fields = fields_of(said)
        at = instant(said["updated_at"])
    except (KeyError, TypeError, ValueError) as error:
        raise ShopError("not_a_shop", "no order") from error
    return Card({name: fields.get(handle, "") for name, handle in CARD.items()}, at)


def ensure_setup(access: Access) -> SetUp:
    """See that the shop calls us with our secret, and that its orders have our six fields: each once."""
    made = removed = 0
    address = address_with(access.hook, access.hook_secret)
    ours = [each for each in rows(ask(access, "GET", "webhooks")) if _is_ours(each, access)]
    for each in ours:
        if each.get("address") != address or each.get("topic") not in TOPICS:
            ask(access, "DELETE", f"webhooks/{int(each['id'])}")
            removed += 1
    there = {each.get("topic") for each in ours if each.get("address") == address}
    for topic in TOPICS:
        if topic not in there:
            hook = {"address": address, "topic": topic, "format_type": "json"}
            ask(access, "POST", "webhooks", None, {"webhook": hook})
            made += 1
    return SetUp(made + _fields(access), 0, removed)


def _fields(access: Access) -> int:
    """Make the six fields that are not there; a key that may not is no reason to take no orders."""
    made = 0
    try:
        handles = {each.get("handle") for each in rows(ask(access, "GET", "fields"))}
        for name, handle in CARD.items():
            if handle not in handles:
                ask(access, "POST", "fields", None, {"field": _field(name, handle)})
                made += 1
    except ShopError as error:
        if error.code not in {"rights", "refused", "gone"}:
            raise
    return made


def _is_ours(hook: Mapping[str, Any], access: Access) -> bool:
    return bool(access.hook) and str(hook.get("address", "")).partition("?")[0] == access.hook


def _field(name: str, handle: str) -> dict[str, Any]:
    return {
        "type": "Field::TextField",
        "destiny": OF_ORDERS,
        "handle": handle,
        "title": TITLES[name],
        "office_title": TITLES[name],
        "for_buyer": False,
        "obligatory": False,
    }


def take_down(access: Access) -> None:
    """Remove the hooks that call us; the fields stay, for they hold what was written."""
    for each in rows(ask(access, "GET", "webhooks")):
        if _is_ours(each, access):
            ask(access, "DELETE", f"webhooks/{int(each['id'])}")


def health(access: Access) -> Mapping[str, Any]:
    """Look whether the keys read orders, and what the shop's states of orders are called."""
    rows(ask(access, "GET", "orders", {"per_page": "1"}))
    meant = {"new": "registered", "accepted": "registered", "approved": "agreed", "dispatched": "agreed",
             "delivered": "completed", "declined": "cancelled", "returned": "refunded"}  # fmt: skip
    return {
        "statuses": [
            {
                "word": str(each["permalink"])[:100],
                "name": str(each.get("title") or each["permalink"])[:100],
                "state": meant.get(str(each.get("system_status")), ""),
            }
            for each in rows(ask(access, "GET", "custom_statuses"))
            if each.get("permalink")
        ]
    }
