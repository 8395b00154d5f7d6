"""Calls to a PrestaShop's webservice: the key as Basic user, JSON for reading, XML for writing.

Each call has one answer or a reason why not. What the webservice says of an error is a list of codes and
words, in the format of the answer; only the codes are kept, for its words may repeat what was sent.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from lxml import etree

from app import egress
from app.intake.shops import ShopError
from app.intake.shops.figures import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.intake.shops import Access

WAY = egress.Client(limits=egress.Limits(seconds=30.0, size=16_777_216))  # a page of 100 orders
LONGEST_WAIT = timedelta(hours=6)
_BUSY = frozenset({429, 502, 503, 504, 520, 522, 524})
_TAIL = re.compile(r"/(admin[^/]*(/.*)?|api(/.*)?|index\.php.*|webservice(/.*)?)?/*$")
_CODES = re.compile(r"<code>\s*(?:<!\[CDATA\[)?\s*(\d{1,5})")
_NAMELESS = re.compile(rb"<(/?)\d+(\s*/?>)")
# The webservice's numbers for what went wrong.
NO_KEY, SWITCHED_OFF, NO_METHOD, NO_RIGHT_TO_DO, NO_RIGHT, NO_RESOURCE = 16, 22, 23, 25, 26, 27
NO_RIGHTS, OTHER_SHOP = 21, 132
EMPTY_KEY, NOT_OF_THIS_SHOP, NOT_WRITABLE, NO_SUCH = 17, 131, 93, frozenset({87, 92})


@dataclass(frozen=True)
class Got:
    """An answer: what it says, who says it, and when by the shop's own clock."""

    said: Any
    version: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Road:
    """How a shop is spoken to: past its rewriting of addresses, with the key where the server hides no header."""

    straight: bool = False
    shown: bool = False


_ROADS: dict[str, Road] = {}  # what was found out, by a shop's address
MOST_ROADS = 1000


class Refusal(ShopError):
    """A call that the webservice answered with numbers of its own, or that it never heard."""

    def __init__(
        self, error: ShopError, numbers: frozenset[int], words: str = "", *, by: str = ""
    ) -> None:
        super().__init__(error.code, error.detail, later=error.later, wait=error.wait)
        self.numbers, self.words, self.by = numbers, words, by


def root(address: str) -> str:
    """Return the shop's address as it is called, whatever of the webservice's was typed behind it."""
    return _TAIL.sub("", address.strip()).rstrip("/")


def read_address(text: str, key: str, secret: str) -> tuple[str, str, str]:
    """Return the shop's address as it is called, and its key; there is no second part."""
    del secret
    return root(text), key, ""


def read(access: Access, path: str, query: Mapping[str, str] | None = None) -> Got:
    """Read JSON; what notices of PHP stand before it are passed over. Raises ShopError."""
    asked = {**(query or {}), "output_format": "JSON"}
    answer = _call(access, "GET", path, asked, None)
    said = _json(answer.text)
    if said is None and not answer.body.strip():
        said = []  # some versions say so that there is none
    if said is None:
        raise ShopError("not_a_shop", "the answer is no JSON")
    return _got(answer, said)


def read_xml(access: Access, path: str, query: Mapping[str, str] | None = None) -> Got:
    """Read a resource as it can be written back. Raises ShopError."""
    answer = _call(access, "GET", path, query or {}, None)
    return _got(answer, _element(answer))


def write(access: Access, method: str, path: str, said: etree._Element) -> Got:
    """Write XML: the webservice takes nothing else. Raises ShopError."""
    body = etree.tostring(said, xml_declaration=True, encoding="UTF-8")
    answer = _call(access, method, path, {}, body)
    return _got(answer, _element(answer) if answer.body.strip() else None)


def delete(access: Access, path: str) -> None:
    """Delete one thing. Raises ShopError."""
    _call(access, "DELETE", path, {}, None)


def _call(
    access: Access, method: str, path: str, query: Mapping[str, str], body: bytes | None
) -> egress.Answer:
    place = root(access.address)
    road = _ROADS.get(place, Road())
    first: Refusal | None = None
    for _turn in range(4):
        try:
            answer = _once(access, method, path, query, body, road)
        except Refusal as error:
            other = _other_road(error, road, method)
            if other is None:
                _ROADS.pop(place, None)
                raise (first or error) from None
            first, road = first or error, other
        else:
            if road != _ROADS.get(place, Road()):
                if len(_ROADS) >= MOST_ROADS:
                    _ROADS.clear()
                _ROADS[place] = road
            return answer
    raise first or ShopError("not_a_shop")


def _other_road(error: Refusal, road: Road, method: str) -> Road | None:
    """Return how else to ask; None: as it was asked is right.

    A server that keeps the header with the key to itself (PHP as CGI) still passes the address. Where addresses
    are not rewritten, something else stands at /api; the webservice's own file is there. Only reading finds that out.
    """
    if error.by == "no key" and not road.shown:
        return Road(straight=road.straight, shown=True)
    if error.by == "another" and not road.straight and method == "GET":
        return Road(straight=True, shown=road.shown)
    return None


def _once(
    access: Access,
    method: str,
    path: str,
    query: Mapping[str, str],
    body: bytes | None,
    road: Road,
) -> egress.Answer:
    asked = {**query, "ws_key": access.key} if road.shown else dict(query)
    url = f"{root(access.address)}/api/{path}"
    if road.straight:
        url, asked = f"{root(access.address)}/webservice/dispatcher.php", {"url": path, **asked}
    if asked:
        pairs = (f"{quote(name, safe='')}={quote(text, safe='')}" for name, text in asked.items())
        url = f"{url}?{'&'.join(pairs)}"
    plain = base64.b64encode(f"{access.key}:".encode()).decode()
    headers = {"Authorization": f"Basic {plain}"}
    if body is not None:
        headers["Content-Type"] = "text/xml; charset=utf-8"
    try:
        answer = _way(access).fetch(method, url, headers=headers, body=body)
    except egress.RefusedError as error:
        raise ShopError("address", str(error)) from error
    except egress.EgressError as error:
        raise ShopError("away", str(error), later=True) from error
    if not 200 <= answer.status < 300:
        raise _problem(answer, method, path, access)
    if _is_page(answer):
        page = ShopError("not_a_shop", "the answer is a page")
        raise Refusal(page, frozenset(), by="another")
    return answer


def _is_page(answer: egress.Answer) -> bool:
    """Whether a page for people came, and not from the webservice."""
    return "text/html" in answer.headers.get("content-type", "") and not _is_service(answer)


def _by(answer: egress.Answer, numbers: frozenset[int]) -> str:
    """Return who refused: the webservice that saw "no key", or "another" program before it; "": neither."""
    if numbers & {NO_KEY, EMPTY_KEY}:
        return "no key"
    if numbers or _is_service(answer):
        return ""
    if answer.status == 401:
        realm = answer.headers.get("www-authenticate", "")
        bare = answer.text.strip() == "401 Unauthorized"
        return "no key" if bare or "prestashop webservice" in realm.lower() else ""
    if 300 <= answer.status < 400:
        return "" if "/api" in answer.headers.get("location", "/api") else "another"
    return "another" if answer.status == 404 and _is_page(answer) else ""


def _way(access: Access) -> egress.Client:
    if access.seconds is None:
        return WAY
    return egress.Client(limits=egress.Limits(seconds=access.seconds, size=WAY.limits.size))


def _problem(answer: egress.Answer, method: str, path: str, access: Access) -> ShopError:
    numbers, words = _errors(answer)
    detail = " ".join([str(answer.status), *map(str, sorted(numbers))])
    known = _said(answer, numbers, method, path)
    if known is None:
        known = _mute(answer, path, detail, access)
    elif not known.detail:
        known = ShopError(known.code, detail, later=known.later, wait=known.wait)
    return Refusal(known, numbers, words, by=_by(answer, numbers))


def _said(
    answer: egress.Answer, numbers: frozenset[int], method: str, path: str
) -> ShopError | None:
    """Read what the webservice says itself; None: it says nothing that we know."""
    resource = path.partition("/")[0] or "api"
    known = {
        SWITCHED_OFF: ShopError("webservice_off"),
        NO_RIGHTS: ShopError("rights", resource),
        OTHER_SHOP: ShopError("other_shop"),
        NO_RIGHT: ShopError("rights", resource),
        NO_RIGHT_TO_DO: ShopError("rights", f"{resource} ({method})"),
        NO_RESOURCE: ShopError("absent", resource),
        NO_METHOD: ShopError("absent", method),
    }
    found = next((error for number, error in known.items() if number in numbers), None)
    if found is not None or not numbers:
        return found
    if answer.status == 404:
        return ShopError("gone")
    if answer.status == 500:
        return ShopError("failing", later=True)
    return ShopError("refused") if answer.status in {400, 405, 409, 422} else None


def _mute(answer: egress.Answer, path: str, detail: str, access: Access) -> ShopError:
    """Read an answer whose body tells nothing."""
    status = answer.status
    if status in _BUSY:
        return ShopError("busy", detail, later=True, wait=_wait(answer))
    if 300 <= status < 400:
        secure = answer.headers.get("location", "").startswith("https:")
        return ShopError(
            "https" if secure and access.address.startswith("http:") else "moved", detail
        )
    if status == 401:
        return ShopError("keys", detail)
    if status in {403, 405, 406}:
        return ShopError("keys" if status == 403 and _is_service(answer) else "blocked", detail)
    if status == 404:
        # A missing row has an empty body; a server that knows no /api at all shows a page of its own.
        return ShopError(
            "gone" if "/" in path and not answer.body.strip() else "not_a_shop", detail
        )
    return ShopError("failing" if status >= 500 else "refused", detail, later=status >= 500)


def _is_service(answer: egress.Answer) -> bool:
    headers = answer.headers
    return "psws-version" in headers or "webservice" in headers.get("x-powered-by", "").lower()


def _errors(answer: egress.Answer) -> tuple[frozenset[int], str]:
    said = _json(answer.text)
    listed = said.get("errors") if isinstance(said, dict) else None
    if isinstance(listed, list):
        found = [each for each in listed if isinstance(each, dict)]
        numbers = {str(each.get("code")) for each in found}
        words = " ".join(str(each.get("message")) for each in found)
    else:
        numbers, words = set(_CODES.findall(answer.text)), answer.text
    return frozenset(int(n) for n in numbers if n.isascii() and n.isdecimal()), words[:2000]


def _got(answer: egress.Answer, said: Any) -> Got:
    return Got(said, answer.headers.get("psws-version", ""), _date(answer))


def _date(answer: egress.Answer) -> datetime | None:
    try:
        said = parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError, TypeError):
        return None
    return said.astimezone(UTC) if said.tzinfo else said.replace(tzinfo=UTC)


def _json(text: str) -> Any:
    text = text.lstrip("\ufeff \r\n\t")
    starts = [at for at in (text.find("{"), text.find("[")) if at >= 0]
    for start in sorted({0, *starts}):
        try:
            return read_json(text[start:])
        except (ValueError, RecursionError):
            continue
    return None


def _element(answer: egress.Answer) -> etree._Element:
    """Read XML without entities, networks or sizes beyond bounds."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_pis=True
    )
    body = answer.body[max(answer.body.find(b"<?xml"), 0) :]
    try:
        try:
            found = etree.fromstring(body, parser)
        except etree.XMLSyntaxError:
            # Version 8.0 on PHP 8 names a field 0, which XML does not allow.
            found = etree.fromstring(_NAMELESS.sub(rb"<\1nameless\2", body), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ShopError("not_a_shop", "the answer is no XML") from error
    if found.tag != "prestashop":
        raise ShopError("not_a_shop", "the answer is another's XML")
    return found


def _wait(answer: egress.Answer) -> timedelta | None:
    text = answer.headers.get("retry-after", "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        return None
    return min(timedelta(seconds=int(text)), LONGEST_WAIT)
