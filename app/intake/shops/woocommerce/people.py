"""WooCommerce's customers and reviews: told by hooks, and asked for from the first to the newest."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from app import clock
from app.intake.shops import (
    Nothing,
    Person,
    PersonSaid,
    Pulled,
    Review,
    Said,
    ShopError,
    Unreadable,
)
from app.intake.shops.woocommerce.client import call, rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.intake.shops import Access

PER_PAGE = 100
GROUP = "partner_group"
BIRTHDAYS = ("birthday", "billing_birthday", "birth_date", "billing_birth_date")  # of plugins
APPROVED_WITHIN = timedelta(days=14)  # a review shows its time of writing, and no time of approval
# Plugins give customers roles of their own; these are the shop's own people.
STAFF = frozenset({"administrator", "shop_manager", "editor", "author", "contributor"})
_TAG = re.compile(r"<[^>]*>")
_BAD = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError)
_FIELDS = "id,role,email,first_name,last_name,username,date_created_gmt,billing,meta_data"
_OF_REVIEW = "id,date_created_gmt,product_id,reviewer_email,review,rating,verified,status"


def person_said(topic: str, body: bytes) -> Said:
    """Read a customer's delivery; one that was deleted stays known by his orders."""
    if topic == "customer.deleted":
        return Nothing()
    try:
        said = json.loads(body)
        return Nothing() if said.get("role") in STAFF else PersonSaid(_person(said))
    except _BAD as error:
        msg = f"no customer of this shop: {type(error).__name__}: {error}"
        raise Unreadable(msg) from error


def _person(said: dict[str, Any]) -> Person:
    billing = said.get("billing") or {}
    name = f"{said.get('first_name') or ''} {said.get('last_name') or ''}".strip()
    own = {
        m["key"]: m["value"] for m in said.get("meta_data") or () if isinstance(m.get("value"), str)
    }
    born = next((own[key] for key in BIRTHDAYS if own.get(key)), None)
    made = said.get("date_created_gmt")
    return Person(
        external_id=str(int(said["id"])),
        email=said.get("email") or billing.get("email") or None,
        phone=billing.get("phone") or None,
        name=name or None,
        birthday=born,
        registered_at=_instant(made) if made else None,
    )


def people(access: Access, cursor: Mapping[str, Any]) -> Pulled:
    """Return a page of customers by when they registered; behind the last one, the last page again."""
    number = int(cursor.get("page", 1))
    query = {
        "orderby": "registered_date", "order": "asc", "role": "all", "_fields": _FIELDS,
        "per_page": str(PER_PAGE), "page": str(number),
    }  # fmt: skip
    got = call(access, "GET", "customers", query)
    more = number < got.pages
    # One that is deleted moves those behind him: the page before the last one is looked at, too.
    following = number + 1 if more else max(1, got.pages - 1)
    customers = [each for each in rows(got.said) if each.get("role") not in STAFF]
    found = _all(customers, _person)
    return Pulled({"page": following}, more, people=found, total=got.total)


def reviews(access: Access, cursor: Mapping[str, Any]) -> Pulled:
    """Return a page of approved reviews; behind the last one, those of the last two weeks again."""
    number, newest = int(cursor.get("page", 1)), str(cursor.get("newest") or "")
    query = {
        "orderby": "date_gmt", "order": "asc", "status": "approved", "_fields": _OF_REVIEW,
        "per_page": str(PER_PAGE), "page": str(number),
    }  # fmt: skip
    if cursor.get("since"):
        query["after"] = str(cursor["since"])
    got = call(access, "GET", "products/reviews", query)
    found = _all(got.said, _review)
    newest = max([newest, *(_text(each.at) for each in found)])
    if number < got.pages:
        moved = {**cursor, "page": number + 1, "newest": newest}
        return Pulled(moved, more=True, reviews=found, total=got.total)
    since = datetime.fromisoformat(newest) - APPROVED_WITHIN if newest else None
    again = {"since": since.strftime("%Y-%m-%dT%H:%M:%S") if since else None, "newest": newest}
    return Pulled(again, more=False, reviews=found, total=got.total)


def _review(said: dict[str, Any]) -> Review:
    return Review(
        external_id=str(int(said["id"])),
        at=_instant(said["date_created_gmt"]),
        email=said.get("reviewer_email") or None,
        product=str(int(said["product_id"])),
        rating=int(said.get("rating") or 0) or None,
        length=len(_TAG.sub("", str(said.get("review") or "")).strip()),
        verified=bool(said.get("verified")),
    )


def _all(said: Any, read: Any) -> list[Any]:
    """Read a list, without those that a plugin has made unreadable; none of them readable: no such shop."""
    listed, found = rows(said), []
    for each in listed:
        try:
            found.append(read(each))
        except _BAD:
            continue
    if listed and not found:
        raise ShopError("not_a_shop", "nothing that can be read")
    return found


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return min(at, clock.now())


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
