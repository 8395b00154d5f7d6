"""Events of a portal: forms with bracketed names, proven by one word alone, which only say "look"."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from app.intake.shops import FETCHED, LISTED, Nothing, OrderTouched, Said, Unreadable
from app.intake.shops.bitrix.reading import parse_order

if TYPE_CHECKING:
    from collections.abc import Mapping

EVENT = "event"
MOST_FIELDS = 200
# Events whose FIELDS[ID] is an order's. Of values, payments and shipments it is theirs: the order's own
# event, or the sweep, tells of them.
_OF_ORDERS = frozenset(
    {"ONSALEORDERSAVED", "ONORDERENTITYSAVED", "ONSALEBEFOREORDERDELETE", "ONORDERDELETED"}
)


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Return True when the form holds the application token that the merchant pasted.

    There is no signature: nothing of the body is proven but that its sender knows the word. So nothing of
    it counts but which order to look at.
    """
    del headers
    said = _form(body).get("auth[application_token]", "")
    same = hmac.compare_digest(said.encode("utf-8", "replace"), secret.encode())
    return bool(secret) and same


def topic(headers: Mapping[str, str]) -> str:
    """Return one word for all: what it is about stands in the body alone."""
    del headers
    return EVENT


def parse(topic: str, body: bytes, currency: str) -> Said:
    """Read an order that we asked for, or which one an event is about. Raises Unreadable."""
    if topic in {FETCHED, LISTED}:
        return parse_order(body, currency)
    form = _form(body)
    if form.get("event", "").upper() not in _OF_ORDERS:
        return Nothing()
    number = form.get("data[FIELDS][ID]", "").strip()
    if not (number.isascii() and number.isdecimal() and 0 < len(number) <= 18):
        msg = "an event of no order"
        raise Unreadable(msg)
    return OrderTouched(str(int(number)))


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS
        )
    except ValueError:
        return {}
    return dict(pairs)
