"""Calls to a WooCommerce shop: signed, bounded, each with one answer that is JSON or a reason why not."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app import clock, egress
from app.intake.shops import ShopError
from app.intake.shops.figures import READER
from app.intake.shops.woocommerce import ways

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.intake.shops import Access
    from app.intake.shops.woocommerce.ways import Way

WAY = egress.Client(limits=egress.Limits(seconds=30.0, size=16_777_216))  # a page of 100 orders
LONGEST_WAIT = timedelta(hours=6)
DETAIL = 200
MOST_REMEMBERED = 10_000
MOST_BEGINNINGS = 100
_TAKEN: dict[str, Way] = {}  # by address, where a shop takes another form than most do
_BEGINS = re.compile(r"(?:^|[\n>])[ \t\ufeff]*([\[{])")
_TAIL = re.compile(r"/(wp-json(/.*)?|wp-admin(/.*)?|index\.php)?/*$")
_BUSY = frozenset({429, 502, 503, 504, 520, 522, 524})


@dataclass(frozen=True)
class Got:
    """An answer: what it says, and how many of it there are on how many pages."""

    said: Any
    total: int = 0
    pages: int = 0


class MovedError(ShopError):
    """The shop is called by another address; `to`: which, where it is the same shop's."""

    def __init__(self, code: str, detail: str, to: str | None) -> None:
        super().__init__(code, detail)
        self.to = to


def read_address(text: str, key: str, secret: str) -> tuple[str, str, str]:
    """Return the shop's address as it is called, from one of its pages' addresses, and the keys."""
    parts = urlsplit(text)
    return f"{parts.scheme}://{parts.netloc}{_TAIL.sub('', parts.path)}", key, secret


def call(
    access: Access,
    method: str,
    path: str,
    query: Mapping[str, str] | None = None,
    body: Any = None,
) -> Got:
    """Call the shop's REST interface once, where it sends us of its own addresses. Raises ShopError."""
    try:
        return call_here(access, method, path, query, body)
    except MovedError as error:
        if error.to is None:
            raise
        return call_here(replace(access, address=error.to), method, path, query, body)


def call_here(
    access: Access,
    method: str,
    path: str,
    query: Mapping[str, str] | None = None,
    body: Any = None,
) -> Got:
    """Call the shop in the form that it takes, at this very address. Raises ShopError."""
    usual = ways.first(access.address)
    way = _TAKEN.get(access.address, usual)
    said = _say(access, way, method, path, query, body)
    if way != usual and not said.is_good:
        way = usual  # it may have been mended
        said = _say(access, way, method, path, query, body)
    best = said
    # What was refused for its form was not done: to say it in another is safe.
    while not said.is_good and (following := said.other(way, access)) is not None:
        same_proof = following.proof == way.proof
        way, said = following, _say(access, following, method, path, query, body)
        if said.is_good or (said.code if same_proof else said.answer.status not in {401, 403}):
            best = said
    if best.is_good and _TAKEN.get(access.address, usual) != way:
        if len(_TAKEN) >= MOST_REMEMBERED:
            _TAKEN.clear()
        _TAKEN[access.address] = way
    return _read(best, access, method)


@dataclass(frozen=True)
class _Said:
    """An answer to one form of a call."""

    url: str
    answer: egress.Answer
    json: Any

    @property
    def is_good(self) -> bool:
        return 200 <= self.answer.status < 300 and self.json is not None

    @property
    def code(self) -> str | None:
        """The shop's own word for what is wrong; None: something else answered."""
        code = self.json.get("code") if isinstance(self.json, dict) else None
        return str(code) if code else None

    @property
    def location(self) -> str:
        return self.answer.headers.get("location", "")

    def other(self, way: Way, access: Access) -> Way | None:
        return ways.other(way, access.address, self.answer.status, self.code, self.location)


def _say(
    access: Access,
    way: Way,
    method: str,
    path: str,
    query: Mapping[str, str] | None,
    body: Any,
) -> _Said:
    stamp, nonce = int(clock.wall().timestamp()), secrets.token_hex(16)
    pairs = list((query or {}).items())
    address, headers = ways.request(way, access, method, path, pairs, nonce, stamp)
    sent = None
    if body is not None:
        sent = json.dumps(body, ensure_ascii=False).encode()
        headers["Content-Type"] = "application/json"
    try:
        answer = _way(access).fetch(method, address, headers=headers, body=sent)
    except egress.RefusedError as error:
        raise ShopError("address", str(error)) from error
    except egress.EgressError as error:
        # What may have arrived is asked for again by who reads first; nothing else is written here.
        raise ShopError("away", str(error), later=True) from error
    return _Said(address, answer, _json(answer))


def _way(access: Access) -> egress.Client:
    if access.seconds is None:
        return WAY
    return egress.Client(limits=egress.Limits(seconds=access.seconds, size=WAY.limits.size))


def _read(said: _Said, access: Access, method: str) -> Got:
    answer = said.answer
    if said.is_good:
        return Got(said.json, _number(answer, "x-wp-total"), _number(answer, "x-wp-totalpages"))
    if 200 <= answer.status < 300:
        raise ShopError("not_a_shop", "the answer is no JSON")
    raise _problem(said, said.code or "", access, method)


def _problem(said: _Said, code: str, access: Access, method: str) -> ShopError:
    answer, status = said.answer, said.answer.status
    detail = f"{status} {code}".strip()[:DETAIL]
    if status in _BUSY or (status >= 500 and code):
        return ShopError("busy", detail, later=True, wait=_wait(answer))
    if 300 <= status < 400:
        secure = said.location.startswith("https:") and access.address.startswith("http:")
        to = ways.moved_to(access.address, said.url, said.location)
        return MovedError("https" if secure else "moved", detail, to)
    if status in {401, 403}:
        return _turned_away(status, code, method, detail)
    if code.endswith("_invalid_id") or (status == 404 and code and code != "rest_no_route"):
        return ShopError("gone", detail)
    if status == 404 or code:
        return ShopError("refused" if status != 404 else "not_a_shop", detail)
    # No word of WooCommerce's: something stands before it.
    return ShopError("blocked" if status in {405, 406} else "failing", detail, later=True)


def _turned_away(status: int, code: str, method: str, detail: str) -> ShopError:
    """Tell a wrong key from one that may not, and both from what a plugin or a server says before."""
    if not code.startswith("woocommerce_"):
        return ShopError("blocked", detail, later=True)
    if status == 403:  # the key holds: its user may not
        return ShopError("rights", detail)
    # A key that may only read is refused by the same word as a wrong one; but we read before we write.
    return ShopError("read_only" if method != "GET" and code == ways.WRONG else "keys", detail)


def _json(answer: egress.Answer) -> Any:
    """Read JSON; what PHP says before and after it is passed over. None: it is none."""
    text = answer.text.lstrip("\ufeff \r\n\t")
    # What begins as JSON and is none was cut: a piece of it is not the answer.
    most = 1 if text.startswith(("[", "{")) else MOST_BEGINNINGS
    for found in islice(_BEGINS.finditer(text), most):
        start = found.start(1)
        try:
            said, end = READER.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        rest = text[end:].strip()
        whole = (
            bool(said) if isinstance(said, dict) else all(isinstance(each, dict) for each in said)
        )
        if (start == 0 or whole) and rest[:1] not in {",", "]", "}", ":"}:
            return said
    return None


def _number(answer: egress.Answer, name: str) -> int:
    text = answer.headers.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else 0


def _wait(answer: egress.Answer) -> timedelta | None:
    text = answer.headers.get("retry-after", "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        return None
    return min(timedelta(seconds=int(text)), LONGEST_WAIT)


def pages(access: Access, path: str, query: Mapping[str, str], most: int = 100) -> list[Any]:
    """Return all that there is on a path, page after page as X-WP-TotalPages counts them."""
    found: list[Any] = []
    for number in range(1, most + 1):
        got = call(access, "GET", path, {**query, "per_page": "100", "page": str(number)})
        found += rows(got.said)
        if number >= got.pages:
            break
    return found


def rows(said: Any) -> Sequence[Any]:
    """Return a list of objects. Raises ShopError for anything else."""
    if not isinstance(said, list) or not all(isinstance(each, dict) for each in said):
        raise ShopError("not_a_shop", "no list")
    return said
