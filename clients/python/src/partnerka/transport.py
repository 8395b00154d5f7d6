"""One call: sent, tried again where that does no harm, and read."""

from __future__ import annotations

import json
import random
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from partnerka.errors import Unreachable, error_of
from partnerka.money import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
IN_FLIGHT = "urn:partnerka:problem:in_flight"


@dataclass(frozen=True, slots=True)
class Policy:
    """How often and after which pauses a call is tried again. Pauses double, and vary by a half."""

    tries: int = 5
    first_pause: float = 0.5
    longest_pause: float = 30.0

    def pause(self, tried: int, asked: float | None, chance: float) -> float:
        """Return how long to wait after so many tries; `asked`: what the server's Retry-After said."""
        own = min(self.first_pause * 2.0 ** (tried - 1), self.longest_pause) * (0.5 + chance / 2)
        return own if asked is None else max(own, min(asked, self.longest_pause))


class Transport:
    """Sends calls with a key. Every call is safe to repeat: a POST gets an Idempotency-Key of its own."""

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        timeout: float = 30.0,
        policy: Policy | None = None,
        http: httpx.Client | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Keep what all calls share; `http`: a client of your own (its limits, proxies, certificates)."""
        self._url = base_url.rstrip("/")
        self._own = http is None
        self._http = http or httpx.Client(timeout=timeout, follow_redirects=False)
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Accept": "application/json",
            "User-Agent": "partnerka-python/0.1",
        }
        self._policy = policy or Policy()
        self._sleep = sleep

    def close(self) -> None:
        """Close connections, but for those of a client that was given."""
        if self._own:
            self._http.close()

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        params: Mapping[str, Any] | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Any:
        """Make a call and return its answer. Raises APIError by its kind, Unreachable after all tries."""
        headers, content = dict(self._headers), None
        if body is not None:
            content = json.dumps(plain(body), ensure_ascii=False).encode()
            headers["Content-Type"] = "application/json"
        if method == "POST":
            headers["Idempotency-Key"] = idempotency_key or str(uuid.uuid4())
        query = {name: plain(each) for name, each in (params or {}).items() if each is not None}
        for tried in range(1, self._policy.tries + 1):
            last = tried == self._policy.tries
            try:
                answer = self._http.request(
                    method, f"{self._url}{path}", headers=headers, content=content, params=query
                )
            except httpx.TransportError as error:
                if last:
                    message = f"{method} {path}: {error}"
                    raise Unreachable(message) from error
                self._wait(tried, None)
                continue
            said = _json(answer)
            if answer.status_code < 300:
                if not isinstance(said, dict):
                    message = f"{method} {path}: {answer.status_code}, but no JSON object: is this its address?"
                    raise Unreachable(message)
                return said
            if last or not _may_again(answer.status_code, said):
                raise error_of(answer.status_code, said)
            self._wait(tried, _seconds(answer.headers.get("Retry-After")))
        raise AssertionError

    def _wait(self, tried: int, asked: float | None) -> None:
        self._sleep(self._policy.pause(tried, asked, random.random()))  # noqa: S311 - spreads callers


def _may_again(status: int, said: Any) -> bool:
    """A call in flight under the same Idempotency-Key is our own of a moment ago."""
    in_flight = status == 409 and isinstance(said, dict) and said.get("type") == IN_FLIGHT
    return status in AGAIN or in_flight


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _seconds(said: str | None) -> float | None:
    text = (said or "").strip()
    return float(text) if text.isascii() and text.isdecimal() and len(text) < 7 else None
