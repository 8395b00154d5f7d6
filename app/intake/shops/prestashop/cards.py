"""The partner fields on an order: lines in the order's own note, or one private message of its thread.

The note is a field that staff may change, from version 8 on; it is changed by PATCH, for a PUT of an order
sets its state anew, and the customer gets a letter. Where the shop has no such field, or takes no PATCH, it is
a message that only staff see: one an order, found again by its mark and changed in place.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from app.intake.shops import Card, ShopError
from app.intake.shops.prestashop import note, shapes, xml
from app.intake.shops.prestashop.client import Got, delete, read, write
from app.intake.shops.prestashop.gathering import zone_of
from app.intake.shops.prestashop.health import rights_of
from app.intake.shops.prestashop.shapes import flag, number, rows, words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lxml import etree

    from app.intake.shops import Access

NEWEST = 8  # the version from which on a field can be written alone
_NO_WAY = frozenset({"rights", "absent", "refused", "blocked"})


def read_card(access: Access, external_id: str) -> Card | None:
    """Return the partner fields of an order; None: the shop has it no more."""
    got = _order(access, external_id)
    if got is None:
        return None
    order, at = got
    return Card(_fields(access, order), at)


def write_card(access: Access, external_id: str, fields: Mapping[str, str]) -> Card:
    """Write these partner fields; return them as the shop then has them.

    One call writes; for an order of which nobody has ever written, a thread is begun before it.
    """
    got = _order(access, external_id)
    if got is None:
        raise ShopError("gone", "the order is gone")
    order, at = got
    if "note" in order and _takes_patch(order["version"]):
        text = note.put(words(order["note"]), fields)
        done = _write_note(access, external_id, text)
        if done is not None:
            return Card(note.read(text), done)
    message = _message(access, external_id)
    text = note.put(words(message.get("message")) if message else "", fields)
    if message:
        _rewrite(access, number(message["id"]), text)
    else:
        _begin(access, order, text)
    return Card(note.read(text), at)


def _order(access: Access, external_id: str) -> tuple[dict[str, Any], datetime] | None:
    if not number(external_id):
        return None
    try:
        got = read(access, f"orders/{number(external_id)}")
    except ShopError as error:
        if error.code == "gone":
            return None
        raise
    found = rows(got.said, "order", "orders")
    if not found:
        return None
    return {**found[0], "version": got.version}, _changed(access, found[0].get("date_upd"), got)


def _changed(access: Access, text: Any, got: Got) -> datetime:
    at = shapes.instant(text, zone_of(access), got.at)
    if at is None:
        raise ShopError("not_a_shop", "no order")
    return at


def _takes_patch(version: str) -> bool:
    """Whether a field can be written alone; a version that nobody tells is tried."""
    major = version.partition(".")[0]
    return not major.isdecimal() or int(major) >= NEWEST


def _fields(access: Access, order: Mapping[str, Any]) -> dict[str, str]:
    found = note.read(words(order.get("note")))
    if found:
        return found
    try:
        message = _message(access, number(order["id"]))
    except ShopError as error:
        if error.code not in {"rights", "absent"}:
            raise
        message = None  # who may not read them is told when he writes
    return note.read(words(message.get("message"))) if message else dict.fromkeys(note.NAMES, "")


def _write_note(access: Access, external_id: str, text: str) -> datetime | None:
    """Write an order's note and nothing else of it; None: this shop has no way to."""
    said = xml.built("order", {"id": number(external_id), "note": text})
    try:
        got = write(access, "PATCH", f"orders/{number(external_id)}", said)
    except ShopError as error:
        if error.code in _NO_WAY:
            return None
        raise
    shown = xml.get(xml.thing_of(got.said), "date_upd") if got.said is not None else ""
    again = _order(access, external_id) if not shown else None
    return again[1] if again else _changed(access, shown, got)


def _message(access: Access, external_id: str) -> dict[str, Any] | None:
    """Return our message on an order, the first if there are several; None: there is none."""
    threads = _threads(access, external_id)
    if not threads:
        return None
    query = {"filter[id_customer_thread]": shapes.either(threads), "display": "full"}
    said = read(access, "customer_messages", query).said
    ours = [
        each
        for each in rows(said, "customer_messages", "customer_message")
        if flag(each.get("private")) and note.read(words(each.get("message")))
    ]
    return min(ours, key=lambda each: int(number(each["id"])), default=None)


def _threads(access: Access, external_id: str) -> list[str]:
    # Their numbers alone: to show all of a thread some versions fail.
    query = {"filter[id_order]": f"[{number(external_id)}]"}
    said = read(access, "customer_threads", query).said
    found = rows(said, "customer_threads", "customer_thread")
    return sorted({number(each.get("id")) for each in found} - {""}, key=int)


def _rewrite(access: Access, message: str, text: str) -> None:
    def change(thing: etree._Element) -> bool:
        xml.put(thing, "message", text)
        return True

    xml.rewritten(access, "customer_messages", message, change)


def _begin(access: Access, order: Mapping[str, Any], text: str) -> None:
    threads = _threads(access, number(order["id"]))
    if not threads:
        _see_rights(access)
    thread = threads[0] if threads else _thread(access, order)
    said = {
        "id_customer_thread": thread,
        "id_employee": _employee(access),
        "message": text,
        "private": "1",
        "read": "1",
    }
    try:
        write(access, "POST", "customer_messages", xml.built("customer_message", said))
    except ShopError as error:
        if not threads and not error.later:
            with suppress(ShopError):
                delete(access, f"customer_threads/{thread}")
        raise


def _see_rights(access: Access) -> None:
    """See that a thread will not stay empty: from such a one the order's page in version 1.7 makes an error."""
    known, _version = rights_of(access)
    if "post" not in known.get("customer_messages", ()):
        raise ShopError("rights", "customer_messages (POST)")


def _thread(access: Access, order: Mapping[str, Any]) -> str:
    """Begin a thread that is closed and has no address: nobody is to answer, and no letter is sent."""
    said = {
        "id_lang": number(order.get("id_lang")) or "1",
        "id_shop": number(order.get("id_shop")) or "1",
        "id_contact": "0",
        "id_customer": number(order.get("id_customer")) or "0",
        "id_order": number(order["id"]),
        "status": "closed",
        "token": secrets.token_hex(6),
    }
    got = write(access, "POST", "customer_threads", xml.built("customer_thread", said))
    made = number(xml.get(xml.thing_of(got.said), "id")) if got.said is not None else ""
    if not made:
        raise ShopError("not_a_shop", "no thread was made")
    return made


def _employee(access: Access) -> str:
    """Return who is to stand as the writer: without one the shop shows a message as the customer's."""
    try:
        said = read(access, "employees", {"limit": "1", "sort": "[id_ASC]"}).said
        found = rows(said, "employees", "employee")
    except ShopError as error:
        if error.code not in {"rights", "absent"}:
            raise
        found = []
    return (number(found[0].get("id")) if found else "") or "1"
