"""Calls to a 1C-Bitrix site by its incoming webhook: JSON there, JSON back, or a reason why not.

The webhook's address holds its secret: it is cut in two, and the secret part never stands in what is shown
or logged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from app import egress
from app.intake.shops import ShopError
from app.intake.shops.bitrix.pace import PACE
from app.intake.shops.figures import read_json

if TYPE_CHECKING:
    from app.intake.shops import Access

WAY = egress.Client(limits=egress.Limits(seconds=60.0, size=16_777_216))  # portals cut at 60 s
PAGE = 50
TOGETHER = 25  # calls in one batch: 50 are allowed, and have 60 seconds together
MOST_PAGES = 40
_HOOK = re.compile(
    r"^(?P<path>.*?)/rest/(?P<user>\d{1,18})/(?P<secret>[A-Za-z0-9_-]{6,128})(/.*)?$"
)
_NUMBER = re.compile(r"^\d{12}$")
SOON, LATER = timedelta(seconds=10), timedelta(hours=1)
# Limits, and for how long to wait; a method's time says itself how long.
_WAITS = {"QUERY_LIMIT_EXCEEDED": SOON, "OVERLOAD_LIMIT": LATER, "OPERATION_TIME_LIMIT": None}
_REASONS = {
    "NO_AUTH_FOUND": "keys",
    "INVALID_CREDENTIALS": "keys",
    "expired_token": "keys",
    "invalid_token": "keys",
    "user_access_error": "keys",
    "ACCESS_DENIED": "blocked",
    "ERROR_METHOD_NOT_FOUND": "not_a_shop",
    "NOT_FOUND": "not_a_shop",
}
_FAILING = frozenset({"INTERNAL_SERVER_ERROR", "ERROR_UNEXPECTED_ANSWER", "PORTAL_DELETED"})
_BUSY = frozenset({429, 502, 503, 504})


@dataclass(frozen=True)
class Got:
    """An answer: its result, where the next page begins, how many there are, and the portal's own time."""

    said: Any
    next: int | None = None
    total: int = 0
    date: str = ""


def read_address(text: str, key: str, secret: str) -> tuple[str, str, str]:
    """Return the site's address and "user/secret" out of a pasted webhook address, and a secret as it is.

    What is no such address loses its path: that might be a secret, and addresses are shown.
    """
    del key
    found = split_hook(text)
    if found is not None:
        return *found, secret
    parts = urlsplit(text)
    return f"{parts.scheme}://{parts.hostname or ''}", "", secret


def split_hook(text: str) -> tuple[str, str] | None:
    """Return the site's address and "user/secret" of a webhook's address; None: it is none.

    Spaces, quotes, a missing https://, a method or a file behind the secret, and a page's address with
    a query do no harm.
    """
    said = text.strip().strip("\"'<>«»").strip()
    if "://" not in said:
        said = f"https://{said}"
    parts = urlsplit(said)
    found = _HOOK.match(parts.path)
    if found is None or not parts.hostname or parts.username is not None:
        return None
    site = f"{parts.scheme}://{parts.netloc}{found['path'].rstrip('/')}"
    return site, f"{found['user']}/{found['secret']}"


def user_of(access: Access) -> str:
    """Return the id of the user in whose name we call."""
    return access.key.partition("/")[0]


def call(access: Access, method: str, body: Mapping[str, Any] | None = None) -> Got:
    """Call one method once. Raises ShopError."""
    if not access.key:
        raise ShopError("keys", "no address of an incoming webhook")
    host = urlsplit(access.address).hostname or ""
    _respect(host, access, method)
    sent = json.dumps(body or {}, ensure_ascii=False, default=str).encode("utf-8", "replace")
    address = f"{access.address.rstrip('/')}/rest/{access.key}/{method}"
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    try:
        answer = WAY.fetch("POST", address, headers=headers, body=sent)
    except egress.RefusedError as error:
        raise ShopError("address", str(error)) from error
    except egress.EgressError as error:
        raise ShopError("away", str(error), later=True) from error
    said = _json(answer)
    if not isinstance(said, dict):
        raise _no_json(answer, access)
    if "error" in said:  # which may be the number 0
        raise problem(said, access, method, answer.status)
    if not 200 <= answer.status < 300:
        raise _no_json(answer, access)
    time = said.get("time")
    PACE.after(_hook(access), method, time)
    date = str(time.get("date_start", "")) if isinstance(time, dict) else ""
    result = said.get("result", said)  # some lists come without it
    total = _int(said.get("total")) or 0
    return Got(result, _following(said, body or {}, total), total, date)


def _following(said: Mapping[str, Any], body: Mapping[str, Any], total: int) -> int | None:
    """Return where the next page begins: as the portal says, else where a page more must be."""
    if "next" in said:
        return _int(said["next"])
    behind = (_int(body.get("start")) or 0) + PAGE
    return behind if "start" in body and total > behind else None


def _hook(access: Access) -> str:
    """Return what a portal counts a method's time by: one webhook of one portal."""
    return f"{access.address} {access.key}"


def _respect(host: str, access: Access, method: str) -> None:
    pause = PACE.before(host, _hook(access), method)
    if pause is not None:
        raise ShopError("busy", f"{method}: its time is used up", later=True, wait=pause)


def problem(said: Mapping[str, Any], access: Access, method: str, status: int = 400) -> ShopError:
    """Return the reason that an error of the portal's is: a number of twelve digits, 100, 0, or a word."""
    code = str(said.get("error"))
    words = str(said.get("error_description") or "")
    detail = _plain(f"{method}: {status} {code} {words}", access)
    if code in _WAITS:
        wait = _WAITS[code] or PACE.pause(_hook(access), method)
        return ShopError("busy", detail, later=True, wait=wait)
    if code in _REASONS:
        return ShopError(_REASONS[code], detail)
    if code == "insufficient_scope":
        return ShopError("rights", method.partition(".")[0])
    if code == "INVALID_REQUEST" and "https" in words.lower():
        return ShopError("https", detail)
    return _by_kind(code, words, detail, status)


def _by_kind(code: str, words: str, detail: str, status: int) -> ShopError:
    if code in _FAILING or status >= 500:
        return ShopError("failing", detail, later=True)
    if _NUMBER.match(code):  # its middle says what HTTP would: 2005 404 00001
        kinds = {"404": "gone", "403": "rights"}
        return ShopError(kinds.get(code[4:7], "refused"), detail)
    if code == "0" and re.search(r"not (exists|found|exist)|не найден", words, re.IGNORECASE):
        return ShopError("gone", detail)
    return ShopError("refused", detail)


def _no_json(answer: egress.Answer, access: Access) -> ShopError:
    status = answer.status
    if 300 <= status < 400:
        secure = answer.headers.get("location", "").startswith("https:")
        plain = access.address.startswith("http:")
        return ShopError("https" if secure and plain else "moved", str(status))
    if status in _BUSY:
        return ShopError("busy", str(status), later=True, wait=SOON)
    if status >= 500:
        return ShopError("failing", str(status), later=True)
    if status in {401, 403, 405, 406}:
        return ShopError("blocked", str(status), later=True)
    return ShopError("not_a_shop", f"{status}, no JSON")


def _plain(text: str, access: Access) -> str:
    """Return words for a log: whatever the portal says, the webhook's secret is not among them."""
    for secret in (access.key.partition("/")[2], access.secret):
        if secret:
            text = text.replace(secret, "…")
    return text[:200].strip()


Calls = Mapping[str, tuple[str, Mapping[str, Any]]]  # by a name: a method and what it is told


def batch(access: Access, calls: Calls) -> tuple[dict[str, Any], dict[str, ShopError]]:
    """Make many reading calls by as few requests as may be; return results and problems by their names.

    A limit that stops one stops all: it is raised. What follows a list's first page is not asked for.
    """
    found: dict[str, Any] = {}
    failed: dict[str, ShopError] = {}
    names = list(calls)
    for start in range(0, len(names), TOGETHER):
        some = {name: calls[name] for name in names[start : start + TOGETHER]}
        fine, bad = together(access, some)
        found |= fine
        for name, reason in bad.items():
            if reason.later:
                raise reason
            failed[name] = reason
    return found, failed


def together(
    access: Access, calls: Calls, *, halt: bool = False
) -> tuple[dict[str, Any], dict[str, ShopError]]:
    """Make some calls in one request, one after another; `halt`: none after one that failed.

    Where a portal has no batches, each is a request of its own.
    """
    for method, _told in calls.values():
        _respect("", access, method)
    cmd = {name: line(*each) for name, each in calls.items()}
    try:
        said = call(access, "batch", {"halt": int(halt), "cmd": cmd}).said
    except ShopError as error:
        if error.code != "not_a_shop":
            raise
        return one_by_one(access, calls, halt=halt)
    for name, (method, _told) in calls.items():
        PACE.after(_hook(access), method, _named(said, "result_time").get(name))
    failed = {
        name: problem(_error(error), access, calls[name][0] if name in calls else "batch")
        for name, error in _named(said, "result_error").items()
    }
    return _named(said, "result"), failed


def one_by_one(
    access: Access, calls: Calls, *, halt: bool = False
) -> tuple[dict[str, Any], dict[str, ShopError]]:
    """Make some calls, each by a request of its own, as `together` does."""
    found: dict[str, Any] = {}
    failed: dict[str, ShopError] = {}
    for name, (method, told) in calls.items():
        try:
            found[name] = call(access, method, told).said
        except ShopError as error:
            failed[name] = error
            if halt or error.later:
                break
    return found, failed


def _error(said: Any) -> Mapping[str, Any]:
    return said if isinstance(said, dict) else {"error": said}


def _named(said: Any, part: str) -> dict[str, Any]:
    """Return a part of a batch's answer by names; an empty one comes as a list."""
    found = said.get(part) if isinstance(said, dict) else None
    return found if isinstance(found, dict) else {}


def line(method: str, said: Mapping[str, Any]) -> str:
    """Write a call as a batch takes it: method?a=1&b[c][0]=2."""
    pairs = [f"{quote(name, safe='[]')}={quote(value, safe='')}" for name, value in _flat("", said)]
    return f"{method}?{'&'.join(pairs)}" if pairs else method


def _flat(name: str, said: Any) -> list[tuple[str, str]]:
    if isinstance(said, Mapping):
        items: list[tuple[Any, Any]] = list(said.items())
    elif isinstance(said, (list, tuple)):
        items = list(enumerate(said))
    elif said is None:
        return []
    else:
        return [(name, str(int(said) if isinstance(said, bool) else said))]
    return [
        pair
        for key, value in items
        for pair in _flat(f"{name}[{key}]" if name else str(key), value)
    ]


def listed(
    access: Access, method: str, part: str, body: Mapping[str, Any], most: int = MOST_PAGES
) -> list[dict[str, Any]]:
    """Return all rows of a list, page after page as `next` says."""
    found: list[dict[str, Any]] = []
    start: int | None = 0
    for _page in range(most):
        got = call(access, method, {**body, "start": start})
        found += rows(got.said, part)
        start = got.next
        if start is None:
            break
    return found


def rows(said: Any, part: str) -> list[dict[str, Any]]:
    """Return a list of objects, wrapped by its name or not. Raises ShopError for anything else."""
    inner = said.get(part) if isinstance(said, dict) else said
    if inner is None and isinstance(said, dict):
        inner = []
    if not isinstance(inner, list) or not all(isinstance(each, dict) for each in inner):
        raise ShopError("not_a_shop", f"no list of {part}")
    return inner


def _json(answer: egress.Answer) -> Any:
    """Read JSON; what notices of PHP stand before it are passed over. None: it is none."""
    text = answer.text.lstrip("\ufeff \r\n\t")
    for start in sorted({0, max(text.find("{"), 0)}):
        try:
            return read_json(text[start:])
        except (ValueError, RecursionError):
            continue
    return None


def _int(said: Any) -> int | None:
    try:
        return int(said)
    except (TypeError, ValueError, ArithmeticError):
        return None
