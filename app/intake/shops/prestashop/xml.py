"""What is written to a PrestaShop: elements that are built, or taken as the shop gave them and changed.

A PUT says the whole thing: what it leaves out is emptied. So a thing is read as XML, changed where it is to
be changed, and written back with all the rest; only what the shop says may not be written is left out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lxml import etree

from app.intake.shops import ShopError
from app.intake.shops.prestashop.client import NOT_WRITABLE, Got, Refusal, read_xml, write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.intake.shops import Access

MOST_STRIPPED = 12  # fields of one thing that may not be written
_UNWRITABLE = re.compile(r'parameter "(\w{1,64})" not writable')
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")


def built(name: str, fields: Mapping[str, str]) -> etree._Element:
    """Return a new thing with these fields."""
    whole = etree.Element("prestashop")
    thing = etree.SubElement(whole, name)
    for field, text in fields.items():
        put(thing, field, text)
    return whole


def thing_of(whole: etree._Element) -> etree._Element:
    """Return the one thing that an answer shows. Raises ShopError."""
    found = next(iter(whole), None)
    if found is None or not isinstance(found.tag, str):
        raise ShopError("not_a_shop", "the answer shows nothing")
    return found


def put(thing: etree._Element, field: str, text: str) -> None:
    """Set a field; escaping is the serialiser's, and what XML cannot say is left out."""
    node = thing.find(field)
    if node is None:
        node = etree.SubElement(thing, field)
    for each in list(node):
        node.remove(each)
    node.text = _CONTROL.sub("", text)


def put_each(thing: etree._Element, field: str, text: str) -> None:
    """Set a field in every language that it has."""
    languages = thing.findall(f"{field}/language")
    for each in languages:
        each.text = _CONTROL.sub("", text)
    if not languages:
        put(thing, field, text)


def get(thing: etree._Element, field: str) -> str:
    """Return a field's text."""
    return (thing.findtext(field) or "").strip()


def rewritten(
    access: Access, resource: str, number: str, change: Callable[[etree._Element], bool]
) -> Got | None:
    """Read a thing, let it be changed, and write it back whole; None: there was nothing to change."""
    got = read_xml(access, f"{resource}/{number}")
    thing = thing_of(got.said)
    if not change(thing):
        return None
    for _field in range(MOST_STRIPPED):
        try:
            return write(access, "PUT", f"{resource}/{number}", got.said)
        except Refusal as error:
            refused = _UNWRITABLE.search(error.words) if NOT_WRITABLE in error.numbers else None
            if refused is None or (node := thing.find(refused[1])) is None:
                raise
            thing.remove(node)
    raise ShopError("refused", f"{resource}: nothing may be written")
