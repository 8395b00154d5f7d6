"""F33: markup in every text that somebody wrote, shown on every page: none of it becomes an element.

F38: names of columns that no form offers, sent with every form and call: none of them is written.
"""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest
from pydantic import BaseModel

from tests.faults.tables import all_of
from tests.faults.visitor import visitor
from tests.house.test_walk import address, furnish, rules_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from app.application import App
    from tests.faults.visitor import Visitor
    from tests.harness.engines import Addresses
    from tests.world import World

__all__ = ["visitor"]

HOSTILE = "\"'><img src=x onerror=alert(1)></script><script>alert(1)</script>{{7*19100000019}}</textarea>&lt;b"
COMPUTED = str(7 * 19100000019)  # too long to stand in a time or an amount by chance
FORGED = "8127364555"  # a number and a word: it fits most columns


class Elements(HTMLParser):
    """Notes what of a page would act."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.acting: list[str] = []
        self.script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        own = [name for name in said if name.startswith(("on", "hx-on", "data-hx-"))]
        if own or said.get("src") == "x" or str(said.get("href")).startswith("javascript:"):
            self.acting.append(f"<{tag} {said}>")
        self.script = tag == "script" and said.get("type") != "application/json"

    def handle_data(self, data: str) -> None:
        if self.script and "alert(1)" in data:
            self.acting.append(f"script: {data[:80]}")

    def handle_endtag(self, _tag: str) -> None:
        self.script = False


def bodies() -> Iterator[type[BaseModel]]:
    """Every body that the interface takes or gives."""
    waiting = [BaseModel]
    while waiting:
        for each in waiting.pop().__subclasses__():
            waiting.append(each)
            if each.__module__.startswith("app."):
                yield each


DOORS = pytest.mark.parametrize("door", ["cabinet", "office", "platform", "public"])


@DOORS
def test_no_word_of_anybodys_becomes_an_element(
    visitor: Visitor, door: str, engines: Addresses, worker_name: str
) -> None:
    written = all_of(engines, worker_name).put(visitor.world.lampa.id, "Lampada", HOSTILE)
    assert written > 20, "in many columns of many tables"
    shown, acting = 0, []
    for rule in rules_of(visitor.app, door, "GET"):
        answer = visitor.ask("GET", visitor.address(rule))
        if answer is None or answer.mimetype != "text/html":
            continue
        shown += "onerror=alert" in answer.text
        acting += [f"{rule.rule}: {each}" for each in Elements(answer.text).acting]
        assert COMPUTED not in answer.text, f"{rule.rule} computes what somebody wrote"
    assert not visitor.broken, "\n".join(visitor.broken)
    assert not acting, "\n".join(acting)
    assert shown > {"office": 40, "cabinet": 5}.get(door, -1), "the words are there, as words"


@DOORS
def test_what_no_form_offers_is_not_written(
    visitor: Visitor, door: str, engines: Addresses, worker_name: str
) -> None:
    tables = all_of(engines, worker_name)
    names = {column for _table, column, _kind in tables.columns}
    for there, sent in visitor.forms(door).values():
        forged = dict.fromkeys(names - sent.names.keys(), FORGED)
        visitor.ask("POST", urljoin(there, sent.action), data=forged | sent.values)
    assert not visitor.broken, "\n".join(visitor.broken)
    assert tables.with_word(FORGED) == []


def test_what_no_call_of_the_interface_takes_is_not_written(
    app: App, client: FlaskClient, world: World, engines: Addresses, worker_name: str
) -> None:
    tables = all_of(engines, worker_name)
    things = furnish(app, client, world.lampa, "Lampada")
    known = {name for body in bodies() for name in body.model_fields}
    names = {column for _table, column, _kind in tables.columns} - known
    assert {"tenant_id", "role", "public_id", "refuse_from", "pays_blocked"} <= names
    for method in ("POST", "PUT", "PATCH"):
        for rule in rules_of(app, "api", method):
            there = address(app, rule, world.lampa, things.of(rule))
            body = dict.fromkeys(names, FORGED)
            answer = client.open(there, method=method, json=body, headers=world.lampa.bearer)
            assert answer.status_code < 500, (there, answer.text)
    assert tables.with_word(FORGED) == []
