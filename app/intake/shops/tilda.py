"""Tilda: the cart's form, posted once when somebody orders or pays. A secret in the address proves it.

It tells of an order once and never what became of it: staff change it by hand, or a payment's signed
postback does. It says no time, so an order was made when it came.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.errors import FieldError, Forbidden
from app.intake.shops import Nothing, OrderSaid, Said, Unreadable
from app.intake.shops.addressed import KEY, in_address, knows
from app.intake.shops.figures import BAD, decimal, minor, paid_rules, read_json, sound, text
from app.orders.rules import Customer, Line, Snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

kind: str = "tilda"
title: str = "Tilda"
words: Mapping[str, str] = {"new": "registered", "paid": "agreed"}
asks: tuple[str, ...] = ()
hints: Mapping[str, Any] = {
    "hook": _l(
        "In Tilda: Site settings, Forms, Webhook. Paste the delivery address with ?key= and the secret behind it, "
        "and choose the webhook in the settings of the cart. Tilda tells of an order once: what became of "
        "it you say on the order's page here, or a payment does by a signed postback."
    ),
}
offers: frozenset[str] = frozenset()
CLICK = "partnerka_click"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # stands for when it came
MOST_FIELDS = 5000
# "Lamp, green - 2x950 = 1900": a product as older carts write it.
_ROW = re.compile(
    r"(?P<name>.*) - (?P<quantity>[\d.]+) ?x ?(?P<price>[\d.]+) ?= ?(?P<amount>[\d.]+)"
)
_NEST = re.compile(r"\[([^\]]*)\]")


def is_ping(headers: Mapping[str, str], body: bytes) -> bool:
    """Return True for the call with which Tilda tries an address out."""
    return body == b"test=test"


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Return True when the secret stands in the address, in a header, or in a field of the form."""
    given = [headers.get("x-api-key", ""), headers.get(KEY, "")]
    given += [value for name, value in _pairs(body) if name == KEY]
    return in_address(headers, secret) or knows(secret, given)


def topic(headers: Mapping[str, str]) -> str:
    """Return what it is about: a form."""
    return "order"


def admit(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[str], currency: str
) -> str | None:
    """Return what a form is known by: Tilda sends one again where no answer came. Raises Forbidden."""
    if not any(verify(headers, body, secret) for secret in secrets):
        words = _("The secret is not in the address.")
        raise Forbidden("bad_signature", words, FieldError(KEY, words))
    return hashlib.sha256(body).hexdigest()


def parse(topic: str, body: bytes, currency: str) -> Said:
    """Read an order of the cart; a form without a payment says nothing."""
    external_id = None
    try:
        said = _form(body)
        payment = said.get("payment")
        if isinstance(payment, str):
            payment = read_json(payment)
        if not isinstance(payment, dict) or not payment.get("orderid"):
            return Nothing()
        external_id = text(payment["orderid"], 128)
        if external_id is None:
            return Nothing()
        return OrderSaid(external_id, _snapshot(said, payment, currency), undated=True)
    except Unreadable as error:
        raise Unreadable(str(error), external_id) from error
    except BAD as error:
        msg = f"no order of this cart: {type(error).__name__}: {error}"
        raise Unreadable(msg, external_id) from error


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return []


def _form(body: bytes) -> dict[str, Any]:
    """Read a form, with names such as payment[products][0][name], or JSON."""
    if body.lstrip()[:1] == b"{":
        said = read_json(body)
        return dict(said)
    found: dict[str, Any] = {}
    for name, value in _pairs(body):
        steps = [name.partition("[")[0], *_NEST.findall(name)][:6]
        place = found
        for step in steps[:-1]:
            inner = place.setdefault(step, {})
            if not isinstance(inner, dict):
                break
            place = inner
        else:
            place[steps[-1] or str(len(place))] = value
    return found


def _snapshot(said: dict[str, Any], payment: dict[str, Any], currency: str) -> Snapshot:
    if str(payment.get("currency") or currency).upper() != currency:
        msg = f"the order is in {payment['currency']}, the merchant's currency is {currency}"
        raise Unreadable(msg)
    products = payment.get("products") or []
    rows = list(products.values()) if isinstance(products, dict) else list(products)
    lines = [_line(number, row, currency) for number, row in enumerate(rows, start=1)]
    shipping = minor(payment.get("delivery_price"), currency)
    paid = payment.get("amount")
    cheaper, fees = paid_rules(
        lines,
        shipping,
        None if paid in (None, "") else minor(paid, currency),
        minor(payment.get("discount"), currency),
    )
    return sound(
        Snapshot(
            status="paid" if text(payment.get("systranid")) else "new",
            currency=currency,
            created_at=EPOCH,
            number=text(payment["orderid"]),
            customer=_customer(said),
            lines=cheaper,
            shipping=shipping,
            fees=fees,
            coupons=tuple(code for code in [text(payment.get("promocode"))] if code),
            click=_field(said, CLICK) or _cookie(said),
            ref=_field(said, "ref"),
        )
    )


def _line(number: int, row: Any, currency: str) -> Line:
    if isinstance(row, str):
        found = _ROW.fullmatch(row.strip())
        if found is None:
            msg = f"no product: {row[:60]}"
            raise Unreadable(msg)
        row = found.groupdict()
    quantity = decimal(row.get("quantity") or 1)
    amount = row.get("amount")
    price = row.get("price")
    if price in (None, ""):
        price = decimal(amount) / quantity
    each = minor(price, currency)
    return Line(
        id=str(number),
        product=text(row.get("externalid"), 128) or text(row.get("sku"), 128),
        name=text(row.get("name")),
        quantity=quantity,
        price=each,
    )


def _customer(said: dict[str, Any]) -> Customer:
    return Customer(
        email=_field(said, "email"), phone=_field(said, "phone"), name=_field(said, "name")
    )


def _field(said: dict[str, Any], name: str) -> str | None:
    """Return a field of the form, whatever letters it is written in."""
    return next((text(v, 4000) for n, v in said.items() if n.casefold() == name), None)


def _cookie(said: dict[str, Any]) -> str | None:
    """Return the click from cookies, where Tilda is set to pass them on."""
    for part in str(said.get("COOKIES") or "").split(";"):
        name, _sign, value = part.strip().partition("=")
        if name == CLICK:
            return text(value, 4000)
    return None
