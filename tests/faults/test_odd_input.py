"""F27 and F34 on every page: what nobody types does no more than be refused, field by field.

Each page is read, each of its forms is sent as the page offers it, with one field at a time, and then
all of them, holding something odd; each address is asked with odd values in its path and its query.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import cycle
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import pytest

from tests.faults.visitor import LEFT_OUT, visitor
from tests.house.test_walk import rules_of

if TYPE_CHECKING:
    from tests.faults.visitor import Visitor

__all__ = ["visitor"]

ODD = (
    "\x00", "9" * 31, "9" * 5_000, "-1", "\u00b2", "\u0967", "x" * 300, "NaN", "1e400", "[]",
    "a\r\nX-Injected: 1", "9999-12-31", "0001-01-01", "9999-12-31T23:59", "http://[::1", "\u202e",
    "{{7*7}} {x.__class__} %s %(a)s ${7*7}", "' OR '1'='1", "1;SELECT pg_sleep(5)--", "../../etc",
)  # fmt: skip
USUAL = (
    "sort",
    "q",
    "cursor",
    "size",
    "cols",
    "from",
    "to",
    "state",
    "next",
    "as",
    "via",
    "sponsor",
)

DOORS = pytest.mark.parametrize("door", ["cabinet", "office", "platform", "public"])


@DOORS
def test_no_address_breaks_a_page(visitor: Visitor, door: str) -> None:
    turn = cycle(ODD)
    for rule, there, page in list(visitor.pages(door)):
        own = {name for sent in page.forms if sent.method == "get" for name in sent.names}
        names = sorted({*USUAL, *own, *page.queries})
        for odd in ODD[:: 1 if door != "office" else 5]:
            visitor.ask("GET", there, query_string=dict.fromkeys(names, odd))
        for name in sorted({*own, *page.queries}):
            visitor.ask("GET", there, query_string={name: next(turn)})
        visitor.ask("GET", there, query_string=[(name, each) for name in names for each in "12"])
        for argument in rule.arguments - {"merchant"}:
            for odd in (next(turn), "9" * 31, "x" * 3_000):
                with suppress(ValueError):  # no address of the rule says so
                    visitor.ask("GET", visitor.address(rule, **{argument: odd}))
    assert not visitor.broken, "\n".join(visitor.broken)


@DOORS
def test_no_field_breaks_a_form(visitor: Visitor, door: str) -> None:
    turn = cycle(ODD)
    for there, sent in visitor.forms(door).values():
        where = urljoin(there, sent.action)
        for odd in ODD[:: 4 if door != "office" else 7]:
            visitor.ask("POST", where, data=dict.fromkeys(sent.names, odd))
        for place, name in enumerate(sent.names):
            visitor.ask("POST", where, data=sent.values | {name: [next(turn)]})
            if place % 3 == 0:
                left = {n: v for n, v in sent.values.items() if n != name}
                visitor.ask("POST", where, data=left)
    assert not visitor.broken, "\n".join(visitor.broken)


@DOORS
def test_no_body_breaks_an_address(visitor: Visitor, door: str) -> None:
    bodies: tuple[dict[str, Any], ...] = (
        {"data": b"\xff\xfe\x00", "content_type": "application/x-www-form-urlencoded"},
        {"data": b"junk", "content_type": "multipart/form-data; boundary=x"},
        {"json": [1]},
        {"json": {"name": {"a": 1}, "email": 5, "text": ["x"], "code": None}},
        {"json": None},
        {"data": "{", "content_type": "application/json"},
        {"headers": {"Origin": "http://[::1", "Referer": "http://["}},
        {"headers": {"HX-Request": "true", "HX-Current-URL": "http://["}},
        {"data": dict.fromkeys(map(str, range(1500)), "1")},
    )
    for rule in rules_of(visitor.app, door, "POST"):
        if not rule.endpoint.endswith(LEFT_OUT):
            for body in bodies:
                visitor.ask("POST", visitor.address(rule), **body)
    assert not visitor.broken, "\n".join(visitor.broken)
