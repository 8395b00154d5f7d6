"""Messages to customers: which there are, what may be filled in, and what an SMS is long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.placeholders import fill, unknown
from app.wordings.rules.english import ENGLISH
from app.wordings.rules.russian import RUSSIAN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PLACES = (
    *("name", "shop", "amount", "usable", "valid", "balance", "coupon", "rank", "day", "lacks"),
    "link",
)
PARTS = ("subject", "body", "sms")
LONGEST = {"subject": 200, "body": 20_000, "sms": 600}
CODES = tuple(ENGLISH)
_OURS = {"en": ENGLISH, "ru": RUSSIAN}
# What the GSM alphabet has; an SMS with any other character is written in UCS-2 as a whole.
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_DOUBLE = frozenset("\f^{}\\[~]|€")  # of the alphabet's extension: two characters each


def ours(code: str) -> dict[str, dict[str, str]]:
    """Return our texts of a message by language; none for a merchant's own message."""
    return {locale: dict(texts[code]) for locale, texts in _OURS.items() if code in texts}


def standing(code: str, own: Mapping[str, Any] | None) -> dict[str, dict[str, str]]:
    """Return the texts that go out: the merchant's where he wrote some, ours in other languages."""
    return ours(code) | {locale: dict(said) for locale, said in (own or {}).items()}


def tidied(texts: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Return texts as they are kept: no blanks around, one kind of line breaks, an SMS of one line."""
    found = {}
    for locale, said in texts.items():
        clean = {part: said.get(part, "").replace("\r\n", "\n").strip() for part in PARTS}
        for part in ("subject", "sms"):
            clean[part] = " ".join(clean[part].split())
        found[locale] = clean
    return {locale: said for locale, said in found.items() if any(said.values())}


def changed(code: str, texts: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Return what of tidied texts is not ours word for word."""
    known = ours(code)
    return {locale: dict(said) for locale, said in texts.items() if known.get(locale) != said}


def problems(texts: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, str, str]]:
    """Give (language, part, why) of what cannot go out: empty, long, or "place:" and its name.

    A language of which anything is written needs subject, text and SMS.
    """
    for locale, said in texts.items():
        for part in PARTS:
            text = said.get(part, "")
            strange = unknown(text, PLACES)
            if not text:
                yield locale, part, "empty"
            elif len(text) > LONGEST[part]:
                yield locale, part, "long"
            elif strange:
                yield locale, part, f"place:{strange[0]}"


def asks_amount(said: Mapping[str, str], channel: str) -> bool:
    """Whether a message speaks of bonuses that were given: where none were, it is not sent."""
    parts = ("sms",) if channel == "sms" else ("subject", "body")
    return any("{amount}" in said.get(part, "") for part in parts)


def sms_parts(text: str) -> tuple[int, int]:
    """Return (characters, parts) of an SMS: 160 to a part in Latin letters, 70 in others, less in many."""
    if all(char in _GSM or char in _DOUBLE for char in text):
        length = sum(2 if char in _DOUBLE else 1 for char in text)
        alone, each = 160, 153
    else:
        length = len(text.encode("utf-16-le")) // 2
        alone, each = 70, 67
    return length, 1 if length <= alone else -(-length // each)


def sms_text(said: Mapping[str, str], values: Mapping[str, str]) -> str:
    """Return an SMS with its places filled, as one line."""
    return " ".join(fill(said["sms"], values).split())
