"""Calls to shops that speak JSON over REST: bounded, each with one answer or a reason why there is none."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from app import egress
from app.intake.shops import ShopError
from app.intake.shops.figures import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping

WAY = egress.Client(limits=egress.Limits(seconds=30.0, size=16_777_216))
LONGEST_WAIT = timedelta(hours=6)
_MEANS = {401: "keys", 403: "rights", 404: "gone"}
_BUSY = frozenset({429, 502, 503, 504, 520, 522, 524})


def call(
    method: str,
    address: str,
    proof: str,
    query: Mapping[str, str] | None = None,
    body: Any = None,
) -> Any:
    """Call once and return what is said; `proof`: the Authorization header. Raises ShopError."""
    headers = {"Accept": "application/json", "Authorization": proof}
    sent = None
    if body is not None:
        sent = json.dumps(body, ensure_ascii=False).encode()
        headers["Content-Type"] = "application/json"
    place = f"{address}?{urlencode(query)}" if query else address
    try:
        answer = WAY.fetch(method, place, headers=headers, body=sent)
    except egress.RefusedError as error:
        raise ShopError("address", str(error)) from error
    except egress.EgressError as error:
        raise ShopError("away", str(error), later=True) from error
    if not 200 <= answer.status < 300:
        raise _problem(answer, address)
    try:
        return read_json(answer.text) if answer.body.strip() else {}
    except (ValueError, RecursionError) as error:
        raise ShopError("not_a_shop", "the answer is no JSON") from error


def _problem(answer: egress.Answer, address: str) -> ShopError:
    status = answer.status
    if status in _BUSY:
        return ShopError("busy", str(status), later=True, wait=_wait(answer))
    if 300 <= status < 400:
        secure = answer.headers.get("location", "").startswith("https:")
        plain = address.startswith("http:")
        return ShopError("https" if secure and plain else "moved", str(status))
    if status >= 500:
        return ShopError("failing", str(status), later=True)
    return ShopError(_MEANS.get(status, "refused"), str(status))


def _wait(answer: egress.Answer) -> timedelta | None:
    text = answer.headers.get("retry-after", "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        return None
    return min(timedelta(seconds=int(text)), LONGEST_WAIT)


def rows(said: Any) -> list[dict[str, Any]]:
    """Return a list of objects. Raises ShopError for anything else."""
    if not isinstance(said, list) or not all(isinstance(each, dict) for each in said):
        raise ShopError("not_a_shop", "no list")
    return said


def row(said: Any) -> dict[str, Any]:
    """Return an object. Raises ShopError for anything else."""
    if not isinstance(said, dict):
        raise ShopError("not_a_shop", "no object")
    return said
