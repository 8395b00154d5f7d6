"""Calls to a WooCommerce shop: signed, bounded, each with one answer that is JSON or a reason why not."""

from __future__ import annotations

import base64
import json
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app import clock, egress
from app.intake.shops import ShopError
from app.intake.shops.figures import read_json
from app.intake.shops.woocommerce import oauth

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.intake.shops import Access

API = "/wp-json/wc/v3/"
WAY = egress.Client(limits=egress.Limits(seconds=30.0, size=16_777_216))  # a page of 100 orders
LONGEST_WAIT = timedelta(hours=6)
DETAIL = 200
_TAIL = re.compile(r"/(wp-json(/.*)?|wp-admin(/.*)?|index\.php)?/*$")
_BUSY = frozenset({429, 502, 503, 504, 520, 522, 524})


@dataclass(frozen=True)
class Got:
    """An answer: what it says, and how many of it there are on how many pages."""

    said: Any
    total: int = 0
    pages: int = 0


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
    """Call the shop's REST interface once. Raises ShopError."""
    url = access.address.rstrip("/") + API + path
    stamp, nonce = int(clock.wall().timestamp()), secrets.token_hex(16)
    headers, pairs = proof(access, method, url, list((query or {}).items()), nonce, stamp)
    sent = None
    if body is not None:
        sent = json.dumps(body, ensure_ascii=False).encode()
        headers["Content-Type"] = "application/json"
    address = f"{url}?{oauth.encoded(pairs)}" if pairs else url
    try:
        answer = _way(access).fetch(method, address, headers=headers, body=sent)
    except egress.RefusedError as error:
        raise ShopError("address", str(error)) from error
    except egress.EgressError as error:
        # What may have arrived is asked for again by who reads first; nothing else is written here.
        raise ShopError("away", str(error), later=True) from error
    return _read(answer, access)


def _way(access: Access) -> egress.Client:
    if access.seconds is None:
        return WAY
    return egress.Client(limits=egress.Limits(seconds=access.seconds, size=WAY.limits.size))


def proof(
    access: Access, method: str, url: str, query: oauth.Pairs, nonce: str, stamp: int
) -> tuple[dict[str, str], oauth.Pairs]:
    """Return the headers and the query of a call: over https keys go as they are, over http they sign."""
    headers = {"Accept": "application/json"}
    if urlsplit(url).scheme == "https":
        plain = f"{access.key}:{access.secret}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(plain).decode()}"
        return headers, query
    said = oauth.signed(method, url, query, access.key, access.secret, nonce=nonce, stamp=stamp)
    return headers, said


def _read(answer: egress.Answer, access: Access) -> Got:
    said = _json(answer)
    if 200 <= answer.status < 300:
        if said is None:
            raise ShopError("not_a_shop", "the answer is no JSON")
        return Got(said, _number(answer, "x-wp-total"), _number(answer, "x-wp-totalpages"))
    code = said.get("code") if isinstance(said, dict) else None
    raise _problem(answer, str(code or ""), access)


def _problem(answer: egress.Answer, code: str, access: Access) -> ShopError:
    status, detail = answer.status, f"{answer.status} {code}".strip()[:DETAIL]
    if status in _BUSY or (status >= 500 and code):
        return ShopError("busy", detail, later=True, wait=_wait(answer))
    if 300 <= status < 400:
        secure = answer.headers.get("location", "").startswith("https:")
        plain = access.address.startswith("http:")
        return ShopError("https" if secure and plain else "moved", detail)
    if status == 401 or (status == 403 and code):
        written = code.startswith(
            ("woocommerce_rest_cannot_create", "woocommerce_rest_cannot_edit")
        )
        return ShopError("read_only" if written else "keys", detail)
    if status == 404:
        return ShopError("gone" if code and code != "rest_no_route" else "not_a_shop", detail)
    if not code:  # no word of WooCommerce's: something stands before it
        return ShopError("blocked" if status in {403, 405, 406} else "failing", detail, later=True)
    return ShopError("refused", detail)


def _json(answer: egress.Answer) -> Any:
    """Read JSON; what notices of PHP stand before it are passed over. None: it is none."""
    text = answer.text.lstrip("\ufeff \r\n\t")
    starts = [at for at in (text.find("{"), text.find("[")) if at >= 0]
    for start in sorted({0, *starts}):
        try:
            return read_json(text[start:])
        except (ValueError, RecursionError):
            continue
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
