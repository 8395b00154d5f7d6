"""Somebody at a browser or a shop's server: keeps cookies, fills in forms, and asks again when not answered."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import httpx

from app.dev.children import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 90.0
UNANSWERED = {429, 500, 502, 503, 504}


def insist(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """Ask until there is an answer: again after a broken connection, and after "not now"."""
    said: list[object] = []
    answers: list[httpx.Response] = []

    def answered() -> bool:
        try:
            answer = ask()
        except httpx.TransportError as error:
            said.append(error)
            return False
        if answer.status_code in UNANSWERED or "in_flight" in answer.text:
            said.append(answer.status_code)
            return False
        answers.append(answer)
        return True

    assert wait_until(answered, PATIENCE, 0.1), said[-3:]
    return answers[0]


def _is_sent(said: dict[str, str]) -> bool:
    chosen = said.get("type") not in {"checkbox", "radio"} or "checked" in said
    return chosen and bool(said.get("name"))


class _Forms(HTMLParser):
    """The forms of a page: what each sends where, as a browser would fill it in."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((said.get("action", ""), {}))
        elif tag == "select":
            self.select = said.get("name", "")
        elif self.forms and tag == "option" and self.select:
            fields = self.forms[-1][1]
            if "selected" in said or self.select not in fields:
                fields[self.select] = said.get("value", "")
        elif self.forms and tag in {"input", "textarea"} and _is_sent(said):
            self.forms[-1][1][said["name"]] = said.get("value", "")


class Visitor:
    """One browser."""

    def __init__(self, url: str, cookies: httpx.Cookies | None = None) -> None:
        """Open it; with the cookies of another, it is the same person's second window."""
        self.url = url
        self.client = httpx.Client(base_url=url, timeout=60, cookies=cookies)

    def window(self) -> Visitor:
        """Open another window of the same person."""
        return Visitor(self.url, httpx.Cookies(self.client.cookies))

    def get(self, path: str) -> httpx.Response:
        """Open a page, following where it leads."""
        return insist(lambda: self.client.get(path, follow_redirects=True))

    def form(self, path: str, field: str) -> tuple[str, dict[str, str]]:
        """Open a page and return the form that has a field: where it goes, and what it sends."""
        answer = self.get(path)
        page = _Forms()
        page.feed(answer.text)
        for action, fields in page.forms:
            if field in fields:
                return action or str(answer.url), fields
        raise AssertionError((path, answer.status_code, field, page.forms))

    def send(self, path: str, field: str, **said: str) -> httpx.Response:
        """Fill in the form that has a field, and send it; the answer is not followed."""
        action, fields = self.form(path, field)
        return self.post(action, fields | said)

    def post(self, path: str, said: dict[str, str]) -> httpx.Response:
        """Send what a form says."""
        return insist(lambda: self.client.post(path, data=said))


class Shop:
    """The shop's server with its API key."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        """Keep the key."""
        self.client = httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=60)

    def call(self, method: str, path: str, body: Any = None, key: str = "") -> httpx.Response:
        """Call the API; with a key a POST said twice is done once."""
        headers = {"Idempotency-Key": key} if key else {}
        return insist(lambda: self.client.request(method, path, json=body, headers=headers))

    def told(self, path: str) -> Any:
        """Return what the API answers to a question."""
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()
