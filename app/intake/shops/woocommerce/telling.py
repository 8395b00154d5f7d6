"""What we tell a WooCommerce shop: partner fields, groups, coupons, and where to call us. Each by one write."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING, Any

from app import clock
from app.intake.shops import PEOPLE, Card, SetUp, ShopError
from app.intake.shops.woocommerce.client import MovedError, call, call_here, pages, rows
from app.intake.shops.woocommerce.people import GROUP
from app.intake.shops.woocommerce.reading import CARD, DRAFT, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.intake.shops import Access, CouponWanted

TOPICS = (
    "order.created",
    "order.updated",
    "order.deleted",
    "order.restored",
    "product.created",
    "product.updated",
)
OF_PEOPLE = ("customer.created", "customer.updated")
OURS = "_partnerka"  # marks coupons that we made
_TAKEN = "already_exists"


def read_card(access: Access, external_id: str) -> Card | None:
    """Return the partner fields of an order; None: the shop has it no more, or in the trash."""
    if not external_id.isascii() or not external_id.isdecimal():
        return None
    try:
        said = call(access, "GET", f"orders/{external_id}").said
    except ShopError as error:
        if error.code == "gone":
            return None
        raise
    return None if isinstance(said, dict) and said.get("status") == "trash" else _card(said)


def write_card(access: Access, external_id: str, fields: Mapping[str, str]) -> Card:
    """Write these partner fields in one call; return them as the shop then has them."""
    meta = [{"key": CARD[name], "value": value} for name, value in fields.items()]
    return _card(call(access, "PUT", f"orders/{external_id}", None, {"meta_data": meta}).said)


def _card(said: Any) -> Card:
    try:
        words = {m["key"]: m["value"] for m in said.get("meta_data", [])}
        found = {name: words.get(key, "") for name, key in CARD.items()}
        at = datetime.fromisoformat(said["date_modified_gmt"]).replace(tzinfo=UTC)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ShopError("not_a_shop", "no order") from error
    return Card(
        {name: value if isinstance(value, str) else "" for name, value in found.items()}, at
    )


def write_member_group(access: Access, who: Mapping[str, str | None], group: str) -> bool:
    """Put a customer (id, else e-mail) into a group; False: the shop does not know him.

    WooCommerce has no groups: it is a field of the customer's, which plugins for groups read.
    """
    customer = _customer(access, who)
    if customer is None:
        return False
    meta = {m.get("key"): m.get("value") for m in customer.get("meta_data") or ()}
    if meta.get(GROUP) != group:
        body = {"meta_data": [{"key": GROUP, "value": group}]}
        call(access, "PUT", f"customers/{int(customer['id'])}", None, body)
    return True


def _customer(access: Access, who: Mapping[str, str | None]) -> dict[str, Any] | None:
    number, email = who.get("id") or "", who.get("email")
    if number.isascii() and number.isdecimal():
        try:
            found: dict[str, Any] = call(access, "GET", f"customers/{number}").said
        except ShopError as error:
            if error.code != "gone":
                raise
        else:
            return found
    if email:
        listed = rows(call(access, "GET", "customers", {"email": email, "role": "all"}).said)
        return listed[0] if listed else None
    return None


def put_coupon(access: Access, wanted: CouponWanted) -> bool:
    """Have the shop take a coupon; False: it has one of this code already, which stays as it is.

    One of ours that was stopped is taken again.
    """
    found = _coupon(access, wanted.code)
    if found is not None:
        if not _is_ours(found):
            return False
        if _is_over(found):
            ends = {"date_expires": _ends(wanted.ends) or ""}  # empty: it ends no more
            call(access, "PUT", f"coupons/{int(found['id'])}", None, ends)
        return True
    body: dict[str, Any] = {
        "code": wanted.code,
        "discount_type": "percent" if wanted.percent else "fixed_cart",
        "amount": wanted.percent or wanted.amount or "0",
        "description": "Partnerka",
        "meta_data": [{"key": OURS, "value": "1"}],
        "usage_limit": wanted.uses,
        "date_expires": _ends(wanted.ends),
        "email_restrictions": [wanted.email] if wanted.email else [],
        "minimum_amount": wanted.minimum,
        "individual_use": True if wanted.alone else None,
    }
    try:
        call(access, "POST", "coupons", None, {k: v for k, v in body.items() if v is not None})
    except ShopError as error:
        if _TAKEN in error.detail:  # made between our look and our word, or of another case
            return False
        raise
    return True


def stop_coupon(access: Access, code: str) -> bool:
    """Let a coupon that we made be taken no more; False: there is none of ours."""
    found = _coupon(access, code)
    if found is None or not _is_ours(found):
        return False
    if not _is_over(found):
        yesterday = _ends(clock.wall() - timedelta(days=1))
        call(access, "PUT", f"coupons/{int(found['id'])}", None, {"date_expires": yesterday})
    return True


def drop_coupon(access: Access, code: str) -> bool:
    """Delete a coupon that we made and nobody used; False: there is none of ours."""
    found = _coupon(access, code)
    if found is None or not _is_ours(found) or found.get("usage_count"):
        return False
    call(access, "DELETE", f"coupons/{int(found['id'])}", {"force": "true"})
    return True


def _coupon(access: Access, code: str) -> dict[str, Any] | None:
    """Look a coupon up; the shop keeps codes in small letters, and finds them in any."""
    found = rows(call(access, "GET", "coupons", {"code": code}).said)
    return next((dict(each) for each in found if same_code(str(each.get("code")), code)), None)


def same_code(one: str, other: str) -> bool:
    """Whether two codes are one to the shop."""
    return one.casefold() == other.casefold()


def _is_ours(coupon: Mapping[str, Any]) -> bool:
    return any(m.get("key") == OURS for m in coupon.get("meta_data") or ())


def _is_over(coupon: Mapping[str, Any]) -> bool:
    ends = coupon.get("date_expires_gmt")
    return bool(ends) and datetime.fromisoformat(str(ends)).replace(tzinfo=UTC) <= clock.wall()


def _ends(at: datetime | None) -> str | None:
    """Write when a coupon ends as `date_expires` reads it; `date_expires_gmt` is shown and never taken."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def ensure_setup(access: Access) -> SetUp:
    """See that the shop calls us: a hook a topic, switched on, with our secret; doubles are removed."""
    ours: dict[str, list[dict[str, Any]]] = {}
    for each in pages(access, "webhooks", {"order": "asc", "orderby": "id"}):
        if each.get("delivery_url") == access.hook:
            ours.setdefault(str(each.get("topic")), []).append(each)
    made = mended = removed = 0
    wanted = (*TOPICS, *(OF_PEOPLE if PEOPLE in access.pulls else ()))
    for topic in wanted:
        found = ours.get(topic, [])
        if not found:
            call(access, "POST", "webhooks", None, _hook(access, topic))
            made += 1
        elif found[0].get("status") != "active":
            back = {"status": "active", "secret": access.hook_secret}
            call(access, "PUT", f"webhooks/{int(found[0]['id'])}", None, back)
            mended += 1
        for each in found[1:]:
            call(access, "DELETE", f"webhooks/{int(each['id'])}", {"force": "true"})
            removed += 1
    for each in (h for topic in OF_PEOPLE if topic not in wanted for h in ours.get(topic, ())):
        call(access, "DELETE", f"webhooks/{int(each['id'])}", {"force": "true"})
        removed += 1
    return SetUp(made, mended, removed)


def take_down(access: Access) -> None:
    """Remove the hooks that call us."""
    for each in pages(access, "webhooks", {"order": "asc", "orderby": "id"}):
        if each.get("delivery_url") == access.hook:
            call(access, "DELETE", f"webhooks/{int(each['id'])}", {"force": "true"})


def _hook(access: Access, topic: str) -> dict[str, str]:
    return {
        "name": f"Partnerka {topic}",
        "topic": topic,
        "delivery_url": access.hook,
        "secret": access.hook_secret,
        "status": "active",
    }


def health(access: Access) -> Mapping[str, Any]:
    """Look whether the keys read and write, in which money the shop sells, and its own states of orders.

    Where the shop sends us to another of its addresses, that is "address" in what is returned.
    """
    try:
        return _standing(access)
    except MovedError as error:
        if error.to is None:
            raise
        return {**_standing(replace(access, address=error.to)), "address": error.to}


def _standing(access: Access) -> Mapping[str, Any]:
    call_here(access, "GET", "orders", {"per_page": "1", "_fields": "id"})
    try:
        call(
            access, "PUT", "orders/0", None, {"meta_data": []}
        )  # changes nothing: none has no number
    except ShopError as error:
        if error.code not in {"gone", "refused"}:
            raise
    said = call(access, "GET", "data/currencies/current", {"_fields": "code"}).said
    currency = str(said.get("code", ""))[:3] if isinstance(said, dict) else ""
    return {"currency": currency, "statuses": _own_words(access)}


def _own_words(access: Access) -> list[dict[str, str | None]]:
    """Return states of orders that plugins added: what they mean only the merchant knows."""
    try:
        listed = rows(call(access, "GET", "reports/orders/totals").said)
    except ShopError:
        return []  # it can be told later, too, order by order
    found = []
    for each in listed:
        word, name = str(each.get("slug") or ""), unescape(str(each.get("name") or ""))
        if word and word not in words and word != DRAFT:
            found.append({"word": word[:100], "name": (name or word)[:200], "state": None})
    return found
