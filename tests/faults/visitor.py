"""Somebody with a browser behind each door, who reads every page and sends every form it has."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
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

INJECTED = "X-Injected"
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
        answer = self.client.open(there, method=method, **said)
        if answer.status_code >= 500 or INJECTED in answer.headers:
            self.broken.append(f"{method} {there[:80]} {str(said)[:200]}: {answer.status_code}")
        return answer

    def address(self, rule: Rule, **said: Any) -> str:
        found = {
            "session_id": 1,
            **{n: v for n, v in self.things.of(rule).items() if v is not None},
        }
        values = {name: found.get(name, "x") for name in rule.arguments - {"merchant"}}
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
def visitor(
    app: App, client: FlaskClient, world: World, door: str, monkeypatch: pytest.MonkeyPatch
) -> Visitor:
    """Whoever may do most behind a door; what breaks is answered, as users see it."""
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    things = furnish(app, client, world.lampa, "Lampada")
    who: dict[str, Any] = {
        "office": world.lampa.staff["owner"],
        "cabinet": things.partner_email,
        "platform": world.operator,
    }
    visitor = sign_in(app.test_client(), who[door]) if door in who else app.test_client()
    return Visitor(app, visitor, world, things)
