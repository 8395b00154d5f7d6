"""Our own signed webhook, for every shop without a connector: Standard Webhooks with an order in the body.

Whoever writes it is told at once what cannot stand, field by field; what is answered 200 is read later as
it was read at the door. Bodies, all in JSON:

    {"type": "order.saved", "data": {"id": "1001", …an order as in PUT /orders/{id}…}}
    {"type": "order.deleted", "data": {"id": "1001"}}
    {"id": "1001", …the order itself, without an envelope…}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import clock, standard_webhooks
from app.errors import DomainError, FieldError, Forbidden
from app.intake.shops import OrderGone, OrderSaid, Said, Unreadable
from app.orders.rules import is_id, unkeepable
from app.orders.service import read_body
from app.strict_json import BadJson, Unstorable
from app.strict_json import parse as parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

kind: str = "signed"
title: str = "Standard Webhooks"
# The words of the interface are mapped from the start in every shop.
words: Mapping[str, str] = {}
asks: tuple[str, ...] = ()
hints: Mapping[str, Any] = {
    "name": _l("OpenCart, or a shop of one's own"),
    "hook": _l(
        "The shop signs with the channel's secret after Standard Webhooks, and sends an order whenever it changed."
    ),
}
offers: frozenset[str] = frozenset()

ID, STAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
SAVED, DELETED = "order.saved", "order.deleted"
LONGEST_ID = 200


class BadBody(DomainError):
    """The body is no JSON."""

    status = 400


def is_ping(headers: Mapping[str, str], body: bytes) -> bool:
    """Return False: whoever wants to try sends a real order."""
    return False


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Return True when one of the signatures is made with the secret, and the time is ours."""
    now = int(clock.wall().timestamp())
    return standard_webhooks.is_signed(secret, headers, body, now)


def topic(headers: Mapping[str, str]) -> str:
    """Return nothing: what it is about stands in the body, which is signed."""
    return "order"


def admit(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[str], currency: str
) -> str | None:
    """Return the id under which a message is known. Raises DomainError, naming what is wrong."""
    message = headers.get(ID, "")
    wrong = [
        FieldError(name, _("This header is missing."))
        for name in (ID, STAMP, SIGNATURE)
        if not headers.get(name)
    ]
    if wrong:
        raise Forbidden("bad_signature", _("The message is not signed."), *wrong)
    stamp = headers[STAMP]
    if not standard_webhooks.is_stamp(stamp):
        raise _refused(STAMP, _("Whole seconds since 1970."), "bad_timestamp")
    if not any(standard_webhooks.holds(each, headers, body) for each in secrets):
        words = _("No signature is made with this connection's secret over this body.")
        raise Forbidden("bad_signature", words, FieldError(SIGNATURE, words))
    now = int(clock.wall().timestamp())
    if abs(int(stamp) - now) > standard_webhooks.TOLERANCE:
        raise _refused(STAMP, _("More than five minutes away from our clock."), "stale")
    if len(message) > LONGEST_ID or not message.isprintable():
        raise _refused(ID, _("At most %(most)s characters.", most=LONGEST_ID))
    read(body, currency)
    return message


def parse(topic: str, body: bytes, currency: str) -> Said:
    """Read a message that was admitted; raises Unreadable where the merchant's settings changed since."""
    try:
        return read(body, currency)
    except DomainError as error:
        told = ", ".join(f"{each.field}: {each.message}" for each in error.errors)
        raise Unreadable(told or error.message) from error


def read(body: bytes, currency: str) -> Said:
    """Read a message. Raises DomainError with every field that cannot stand."""
    try:
        said = parse_json(body)
    except BadJson as error:
        raise BadBody("bad_json", str(error)) from error
    except Unstorable as error:
        raise _refused(error.path, _("This text cannot be stored.")) from error
    if not isinstance(said, dict):
        raise _refused("", _("An order, or an envelope with type and data."))
    if "type" not in said and "data" not in said:
        return _saved(said, currency, "")
    data = said.get("data")
    if not isinstance(data, dict):
        raise _refused("data", _("The order stands here."))
    if said.get("type") == SAVED:
        return _saved(data, currency, "data.")
    if said.get("type") == DELETED:
        return OrderGone(_id(data, "data."))
    raise _refused("type", _("One of: %(all)s.", all=f"{SAVED}, {DELETED}"))


def _saved(said: dict[str, Any], currency: str, at: str) -> OrderSaid:
    external_id = _id(said, at)
    try:
        snapshot = read_body(said, currency)
    except DomainError as error:
        found = [FieldError(f"{at}{each.field}", each.message) for each in error.errors]
        raise DomainError(error.code, error.message, *found) from error
    strange = unkeepable(snapshot, external_id)
    if strange is not None:
        raise _refused(at + strange, _("This cannot be stored."))
    return OrderSaid(external_id, snapshot)


def _id(said: dict[str, Any], at: str) -> str:
    found = said.get("id")
    if not isinstance(found, str) or not is_id(found):
        raise _refused(at + "id", _("The order's id in the shop: a text of 1 to 128 characters."))
    return found


def _refused(field: str, words: str, code: str = "invalid") -> DomainError:
    return DomainError(code, words, FieldError(field, words))
