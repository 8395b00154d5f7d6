"""F27, F34 and F38 on every page: what nobody types does no more than be refused, field by field.

Each page is read, each of its forms is sent as the page offers it, with one field at a time, and then
all of them, holding something odd; each address is asked with odd values in its path and its query.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import cycle
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest

from tests.house.test_walk import Things, address, furnish, rules_of
from tests.world import sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient
    from werkzeug.routing import Rule

    from app.application import App
    from tests.world import World

ODD = (
    "\x00", "9" * 31, "9" * 5_000, "-1", "\u00b2", "\u0967", "x" * 300, "NaN", "1e400", "[]",
    "a\r\nX-Injected: 1", "9999-12-31", "0001-01-01", "9999-12-31T23:59", "http://[::1", "\u202e",
    "{{7*7}} {x.__class__} %s %(a)s ${7*7}", "' OR '1'='1", "1;SELECT pg_sleep(5)--", "../../etc",
)  # fmt: skip
INJECTED = "X-Injected"
USUAL = ("sort", "q", "cursor", "size", "cols", "from", "to", "state", "next", "as", "via", "sponsor")
# Pages that end what the walk stands on.
LEFT_OUT = ("logout", "sessions", "discard", "forget_session", "leave")


@dataclass
class Sent:
    """A form of a page: where it goes, and what it holds as the page offers it."""

    method: str
    action: str
    values: dict[str, list[str]] = field(default_factory=dict)
    names: dict[str, None] = field(default_factory=dict)

    def put(self, name: str | None, value: str | None) -> None:
        if name and name != "csrf_token":
            self.names[name] = None
            if value is not None:
                self.values.setdefault(name, []).append(value)


class Page(HTMLParser):
    """Reads the forms of a page, with what stands in them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Sent] = []
        self.queries: set[str] = set()
        self._text: str | None = None
        self._select: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        name, form = said.get("name"), self.forms[-1] if self.forms else None
        if tag == "form":
            self.forms.append(Sent(said.get("method", "get").lower(), said.get("action", "")))
        elif tag == "a":
            self.queries |= set(parse_qs(urlsplit(said.get("href", "")).query))
        elif form is None:
            return
        elif tag == "input" and said.get("type") in {"checkbox", "radio"}:
            form.put(name, said.get("value", "y") if "checked" in said else None)
        elif tag in {"input", "button"} and said.get("type") != "file":
            form.put(name, said.get("value", ""))
        elif tag == "textarea":
            self._text = name
        elif tag == "select":
            self._select = name
            form.put(name, None)
        elif tag == "option" and self._select and "selected" in said:
            form.put(self._select, said.get("value", ""))

    def handle_data(self, data: str) -> None:
        if self._text and self.forms:
            self.forms[-1].put(self._text, data.strip())
            self._text = None

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._text and self.forms:
            self.forms[-1].put(self._text, "")
        if tag in {"textarea", "select"}:
            self._text = self._select = None


@dataclass
class Visitor:
    """Somebody with a browser, who notes what broke."""

    app: App
    client: FlaskClient
    world: World
    things: Things
    broken: list[str] = field(default_factory=list)

    def ask(self, method: str, there: str, **said: Any) -> Any:
        try:
            answer = self.client.open(there, method=method, **said)
        except Exception as error:  # whatever it is, it would be a 500
            self.broken.append(f"{method} {there[:80]} {str(said)[:200]}: {error!r}"[:500])
            return None
        if answer.status_code >= 500 or INJECTED in answer.headers:
            self.broken.append(f"{method} {there[:80]} {str(said)[:200]}: {answer.status_code}")
        return answer

    def address(self, rule: Rule, **said: Any) -> str:
        values = {n: "x" if v is None else v for n, v in self.things.of(rule).items()}
        return address(self.app, rule, self.world.lampa, values | said)

    def pages(self, door: str) -> Iterator[tuple[Rule, str, Page]]:
        for rule in rules_of(self.app, door, "GET"):
            if not rule.endpoint.endswith(LEFT_OUT):
                there = self.address(rule)
                answer = self.ask("GET", there)
                html = answer is not None and answer.mimetype == "text/html"
                yield rule, there, Page(answer.text if html else "")

    def forms(self, door: str) -> dict[tuple[str, str], tuple[str, Sent]]:
        """Return the forms of a door's pages, each once, by where it goes and what it holds."""
        return {
            (urlsplit(urljoin(there, sent.action)).path, ",".join(sent.names)): (there, sent)
            for _rule, there, page in self.pages(door)
            for sent in page.forms
            if sent.method == "post" and not sent.action.rstrip("/").endswith(LEFT_OUT)
        }


@pytest.fixture
def visitor(app: App, client: FlaskClient, world: World, door: str) -> Visitor:
    """Whoever may do most behind a door."""
    things = furnish(app, client, world.lampa, "Lampada")
    who: dict[str, Any] = {
        "office": world.lampa.staff["owner"],
        "cabinet": things.partner_email,
        "platform": world.operator,
    }
    visitor = sign_in(app.test_client(), who[door]) if door in who else app.test_client()
    return Visitor(app, visitor, world, things)


DOORS = pytest.mark.parametrize("door", ["cabinet", "office", "platform", "public"])


@DOORS
def test_no_address_breaks_a_page(visitor: Visitor, door: str) -> None:
    turn = cycle(ODD)
    for rule, there, page in list(visitor.pages(door)):
        own = {name for sent in page.forms if sent.method == "get" for name in sent.names}
        names = sorted({*USUAL, *own, *page.queries})
        for odd in ODD[:: 1 if door != "office" else 3]:
            visitor.ask("GET", there, query_string=dict.fromkeys(names, odd))
        for name in names:
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
        for odd in ODD[::4]:
            visitor.ask("POST", where, data=dict.fromkeys(sent.names, odd))
        for name in sent.names:
            visitor.ask("POST", where, data=sent.values | {name: [next(turn)]})
            visitor.ask("POST", where, data={n: v for n, v in sent.values.items() if n != name})
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
        {"data": {name: "1" for name in map(str, range(1_500))}},
    )
    for rule in rules_of(visitor.app, door, "POST"):
        if not rule.endpoint.endswith(LEFT_OUT):
            for body in bodies:
                visitor.ask("POST", visitor.address(rule), **body)
    assert not visitor.broken, "\n".join(visitor.broken)
