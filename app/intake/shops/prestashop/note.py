"""The partner fields as lines of a note on the order, between two marks: written, found again, changed in place.

What stands around our lines is somebody else's and stays as it is. Values are written so that the shop,
which cuts what looks like a tag and refuses what looks like a script, gives back what it got. Pure.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

BEGIN, END = "[Partnerka]", "[/Partnerka]"
NAMES = {
    "commission": "partner_commission",
    "promo_code": "partner_promo_code",
    "refcode": "partner_refcode",
    "partner": "partner_name",
    "terms": "partner_terms",
    "deal_id": "partner_deal_id",
}
LONGEST = 1000  # characters of one value
_KEYS = "|".join(NAMES.values())
_BREAK = r"(?:\r\n|\r|\n|<br\s*/?>)"
_BLOCK = re.compile(rf"{re.escape(BEGIN)}(.*?)(?:{re.escape(END)}|\Z)", re.DOTALL)
_LINE = re.compile(
    rf"({_KEYS})[ \t]*:[ \t]*(.*?)[ \t]*(?={_BREAK}|\s(?:{_KEYS})[ \t]*:|\Z)", re.DOTALL
)
_STRANGE = re.compile(r"[%<>=&\x00-\x1f\x7f]|(?i:script(?=\s*:))")


def read(text: str) -> dict[str, str]:
    """Return the fields that a note holds, by our names of them; none: it is not of ours."""
    block = _BLOCK.search(text)
    if block is None:
        return {}
    found = {key: _plain(value) for key, value in _LINE.findall(block[1])}
    return {name: found.get(key, "") for name, key in NAMES.items()}


def put(text: str, fields: Mapping[str, str]) -> str:
    """Return a note with these fields in our lines, the other ones of ours as they were."""
    known = {**read(text), **fields}
    lines = [f"{key}: {_safe(known.get(name, ''))}".rstrip() for name, key in NAMES.items()]
    block = "\n".join([BEGIN, *lines, END])
    if _BLOCK.search(text):
        return _BLOCK.sub(lambda _found: block, text, count=1)
    return f"{text.rstrip()}\n\n{block}" if text.strip() else block


def _safe(value: str) -> str:
    return _STRANGE.sub(_escaped, value[:LONGEST])


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0][:1].encode()) + found[0][1:]


def _plain(value: str) -> str:
    return unquote(html.unescape(value)).strip()
