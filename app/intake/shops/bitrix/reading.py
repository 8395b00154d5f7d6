"""1C-Bitrix's words: an order is what sale.order.get shows; an event only names one.

What we keep of an order is our own shorter body, with the e-mail and the phone already found among its
properties: which property is which, only the portal can say, by its flags.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from app.carts.rules import Seen
from app.intake.shops import OrderGone, OrderSaid, Said, Unreadable, Written
from app.intake.shops.figures import decimal, figure, needed, read_json
from app.orders.rules import Customer, Line, Refund, Snapshot, clamp_refunds, problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

kind: str = "bitrix"
CANCELED, PAYED = "canceled", "payed"  # words of ours: flags that no status says
words: Mapping[str, str] = {
    "N": "registered",
    "P": "agreed",
    PAYED: "agreed",
    "S": "agreed",
    "F": "completed",
    "D": "cancelled",
    CANCELED: "cancelled",
}
# Our six properties by their external ids, the same for every type of payer; staff see their names.
CARD = {
    "commission": "partnerka_commission",
    "promo_code": "partnerka_promo_code",
    "refcode": "partnerka_refcode",
    "partner": "partnerka_partner",
    "terms": "partnerka_terms",
    "deal_id": "partnerka_deal_id",
}
CLICK = (
    "PARTNERKA_CLICK"  # the code of a property of the merchant's own that holds our script's click
)
EMAIL, PHONE, PAYER = "isEmail", "isPhone", "isPayer"
_KEPT = (
    "id accountNumber statusId canceled payed currency price dateInsert dateUpdate dateStatus"
    " dateCanceled personTypeId userId"
).split()
_ITEM = (
    "id productId name quantity basePrice price vatRate vatIncluded discountCoupon type setParentId"
).split()
_PAYMENT = "id paid sum isReturn datePaid".split()
_SHIPMENT = "id priceDelivery canceled system".split()
_CLIENT = "entityId entityTypeId isPrimary".split()
RETURNED = frozenset({"Y", "P"})  # to the buyer's account in the shop, or by the way that he paid
CONTACT = "3"  # the type of a contact of the portal's CRM
BAD = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError)


def parse_order(body: bytes, currency: str) -> Said:
    """Read an order as we keep it. Raises Unreadable."""
    external_id = None
    try:
        whole = read_json(body)
        said = whole["order"]
        external_id = str(said["id"])
        if said.get("gone"):
            return OrderGone(external_id)
        snapshot = _snapshot(said, whole.get("who") or {}, currency)
        seen = Seen({}, _cuts(said, currency)) if snapshot.coupons else None
    except BAD as error:
        msg = f"no order of this shop: {type(error).__name__}: {error}"
        raise Unreadable(msg, external_id) from error
    return OrderSaid(external_id, snapshot, card_of(said), seen=seen)


def _cuts(said: Mapping[str, Any], currency: str) -> dict[str, int]:
    """Return what all discounts took off each line: which of them did the portal does not say."""
    found = {}
    for each in said.get("basketItems") or ():
        if each.get("basePrice") is None:
            continue  # kept before this was read
        off = max(_number(each["basePrice"]) - _number(each.get("price")), Decimal(0))
        off *= _number(each.get("quantity"))
        tax = _vat(each, off) if each.get("vatIncluded") == "N" else Decimal(0)
        found[str(each["id"])] = _minor(off + tax, currency)
    return found


def trimmed(said: Mapping[str, Any], flags: Mapping[str, set[str]]) -> dict[str, Any]:
    """Return of an order only what is read; `flags`: ids of the properties that carry each flag."""
    values = values_of(said)
    kept = {
        **{name: said.get(name) for name in _KEPT},
        "basketItems": _chosen(said.get("basketItems"), _ITEM),
        "payments": _chosen(said.get("payments"), _PAYMENT),
        "shipments": _chosen(said.get("shipments"), _SHIPMENT),
        "clients": _chosen(said.get("clients"), _CLIENT),
        "propertyValues": [
            {name: each.get(name) for name in ("orderPropsXmlId", "code", "value")}
            for each in values
            if key_of(each) in CARD.values() or each.get("code") == CLICK
        ],
    }
    who = {
        "email": _flagged(values, flags.get(EMAIL, set()), "EMAIL"),
        "phone": _flagged(values, flags.get(PHONE, set()), "PHONE"),
        "name": _flagged(values, flags.get(PAYER, set()), "FIO"),
    }
    return {"order": kept, "who": who}


def values_of(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the values of an order's properties. Raises TypeError where they are not shown whole."""
    found = _many(said["propertyValues"])
    if not all(isinstance(each, dict) for each in found):
        msg = "no list of values"
        raise TypeError(msg)
    return found


def key_of(value: Mapping[str, Any]) -> str:
    """Return the external id of a value's property; where none is shown, its code, which we made alike."""
    return str(value.get("orderPropsXmlId") or str(value.get("code") or "").lower())


def _many(said: Any) -> list[Any]:
    """Return a list; PHP writes one with gaps as an object."""
    if isinstance(said, dict):
        return list(said.values())
    if said is None or isinstance(said, list):
        return said or []
    msg = "no list"
    raise TypeError(msg)


def _chosen(said: Any, names: Sequence[str]) -> list[dict[str, Any]]:
    return [{name: each.get(name) for name in names} for each in _many(said)]


def _flagged(values: Sequence[Mapping[str, Any]], ids: set[str], code: str) -> str | None:
    """Return the value of the property with a flag; where none has it, of the one with the usual code."""
    marked = [each for each in values if str(each.get("orderPropsId")) in ids]
    usual = [each for each in values if each.get("code") == code]
    for each in marked or usual:
        if text := _text(each.get("value")):
            return text
    return None


def _text(value: Any) -> str:
    """Return a property's value as one line: the first of several."""
    if isinstance(value, list):
        value = next((each for each in value if each), "")
    return str(value).strip() if isinstance(value, (str, int, Decimal)) else ""


def word_of(said: Mapping[str, Any]) -> str:
    """Return the word for an order's state: cancelled by its flag, else its status, else that it is paid.

    Of a status of the merchant's own only he knows what it means, so it stands even where the order is paid.
    """
    status = str(said.get("statusId") or "").strip()
    if said.get("canceled") == "Y":
        return status if status == "D" else CANCELED
    return PAYED if status in {"", "N"} and _is_paid(said) else status


def _is_paid(said: Mapping[str, Any]) -> bool:
    """Whether the money came: giving a part of it back takes the flag away, and unsells nothing else."""
    if said.get("payed") == "Y":
        return True
    payments = list(said.get("payments") or ())
    back = [each for each in payments if each.get("isReturn") in RETURNED]
    came = sum(_number(e.get("sum")) for e in payments if e in back or e.get("paid") == "Y")
    return bool(back) and came >= _number(said.get("price"))


def _number(value: Any) -> Decimal:
    return decimal(value)


def _snapshot(said: dict[str, Any], who: Mapping[str, Any], currency: str) -> Snapshot:
    if said["currency"] != currency:
        msg = f"the order is in {said['currency']}, the merchant's currency is {currency}"
        raise Unreadable(msg)
    items = [each for each in said.get("basketItems") or () if not _is_part(each)]
    lines = tuple(line for each in items if (line := _line(each, currency)) is not None)
    shipping = _shipping(said, currency)
    worth = sum(line.amount or 0 for line in lines) + shipping
    price = _minor(said["price"], currency)
    if not items and price > shipping:
        raise Unreadable("the order shows none of its goods")
    snapshot = Snapshot(
        status=word_of(said),
        currency=currency,
        number=str(said.get("accountNumber") or said["id"]),
        created_at=instant(said["dateInsert"]),
        updated_at=changed_at(said),
        customer=_customer(said, who),
        lines=lines,
        shipping=shipping,
        fees=max(price - worth, 0),  # taxes that are put on top of the order
        coupons=coupons_of(items),
        paid_at=_paid_at(said),
        completed_at=_optional(said.get("dateStatus")) if said.get("statusId") == "F" else None,
        click=_click(said),
        refunds=_refunds(said, price, currency),
    )
    clamped, _changed = clamp_refunds(snapshot)
    found = problems(clamped)
    if found:
        msg = ", ".join(f"{problem.field}: {problem.code}" for problem in found)
        raise Unreadable(msg)
    return clamped


def _is_part(item: Mapping[str, Any]) -> bool:
    """Whether a line is a part of a set, whose price the line of the set has already."""
    parent = str(item.get("setParentId") or "0")
    return parent not in {"0", "", str(item.get("id"))}


def _line(item: Mapping[str, Any], currency: str) -> Line | None:
    quantity = figure(item["quantity"])
    if quantity <= 0:
        return None
    # What is paid: discounts are off already. Some versions show nothing where a gift's prices are 0.
    gift = item["price"] is None and not _number(item.get("basePrice"))
    worth = Decimal(0) if gift else figure(item["price"]) * quantity
    tax = _vat(item, worth)
    included = item.get("vatIncluded") != "N"
    product = str(item.get("productId") or 0)
    return Line(
        id=str(item["id"]),
        product=product if product != "0" else None,
        name=str(item.get("name") or "")[:300] or None,
        quantity=quantity,
        amount=_minor(worth if included else worth + tax, currency),
        tax=_minor(tax, currency),
    )


def _vat(item: Mapping[str, Any], worth: Decimal) -> Decimal:
    """Return the tax in a line; the rate comes as a share (0.2), and by the documentation as percents."""
    rate = decimal(item.get("vatRate"))
    if rate <= 0:
        return Decimal(0)
    if rate >= 1:
        rate /= 100
    if item.get("vatIncluded") == "N":
        return worth * rate
    return worth * rate / (1 + rate)


def _shipping(said: Mapping[str, Any], currency: str) -> int:
    return sum(
        _minor(each.get("priceDelivery") or 0, currency)
        for each in said.get("shipments") or ()
        if each.get("canceled") != "Y" and each.get("system") != "Y"
    )


def _refunds(said: Mapping[str, Any], price: int, currency: str) -> tuple[Refund, ...]:
    """Read payments that were given back, as far as no other payment has taken their place.

    A payment is also "given back" to be paid in another way, or when the order became smaller; then the
    rest is paid, and nothing of the goods came back.
    """
    payments = sorted(said.get("payments") or (), key=lambda each: int(each["id"]))
    back = [each for each in payments if each.get("isReturn") in RETURNED]
    kept = sum(
        _minor(each.get("sum") or 0, currency)
        for each in payments
        if each.get("paid") == "Y" and each not in back
    )
    missing = max(price - kept, 0)
    found = []
    for each in back:
        amount = min(_minor(each["sum"], currency), missing)
        missing -= amount
        if amount:
            found.append(Refund(id=str(each["id"]), amount=amount))
    return tuple(found)


def refund_ids(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the ids of an order's refunds, sorted as text."""
    return tuple(sorted(each.id for each in snapshot.refunds))


def coupons_of(items: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the coupons that lines were sold by, each once."""
    found: dict[str, None] = {}
    for each in items:
        for code in re.split(r"[,;\s]+", str(each.get("discountCoupon") or "")):
            if code:
                found[code] = None
    return tuple(found)


def _customer(said: Mapping[str, Any], who: Mapping[str, Any]) -> Customer:
    """Read who bought: the portal's contact, else the site's user.

    Portals put orders of all their guests on one user, and staff put them on themselves; both then name
    the contact, and that is the person.
    """
    contacts = [
        each for each in said.get("clients") or () if str(each.get("entityTypeId")) == CONTACT
    ]
    contacts.sort(key=lambda each: (each.get("isPrimary") != "Y", int(each["entityId"])))
    number = str(said.get("userId") or 0)
    own = number if number != "0" and not said.get("clients") else None
    return Customer(
        id=f"contact-{contacts[0]['entityId']}" if contacts else own,
        email=who.get("email") or None,
        phone=who.get("phone") or None,
        name=who.get("name") or None,
    )


def card_of(said: Mapping[str, Any]) -> Written:
    """Return what stands on the card where staff may type."""
    found = card_values(said)
    return Written(*(found[name] or None for name in ("promo_code", "refcode", "terms")))


def card_values(said: Mapping[str, Any]) -> dict[str, str]:
    """Return our six fields as the order has them; empty ones for those that it has not."""
    by_id = {key_of(each): _text(each.get("value")) for each in values_of(said)}
    return {name: by_id.get(key, "") for name, key in CARD.items()}


def _click(said: Mapping[str, Any]) -> str | None:
    values = [e for e in values_of(said) if e.get("code") == CLICK]
    return next((text for each in values if (text := _text(each.get("value")))), None)


def changed_at(said: Mapping[str, Any]) -> datetime:
    """Return when an order, or a part of it, changed last."""
    times = [said["dateUpdate"], said.get("dateStatus"), said.get("dateCanceled")]
    times += [each.get("datePaid") for each in said.get("payments") or ()]
    return max(instant(text) for text in times if text)


def _paid_at(said: Mapping[str, Any]) -> datetime | None:
    if said.get("payed") != "Y":
        return None
    paid = [e for e in said.get("payments") or () if e.get("paid") == "Y" and e.get("datePaid")]
    return max((instant(each["datePaid"]) for each in paid), default=None)


def _minor(value: Any, currency: str) -> int:
    """Read a sum such as 980 or 163.33; a share of the smallest unit is rounded half up."""
    return needed(value, currency)


def instant(text: Any) -> datetime:
    """Read a time with its offset. Raises ValueError for one without."""
    found = datetime.fromisoformat(str(text))
    if found.tzinfo is None:
        msg = f"{text} has no offset"
        raise ValueError(msg)
    return found.astimezone(UTC)


def _optional(text: Any) -> datetime | None:
    return instant(text) if text else None
