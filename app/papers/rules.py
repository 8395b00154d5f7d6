"""What a payout needs by the partner's tax status, what is withheld from it, and what a paper may be."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.creatives.rules import FileError, file_type, picture_format
from app.money import exponent, half_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

PERSON, SELF_EMPLOYED = "person", "self_employed"
STATUSES = (PERSON, SELF_EMPLOYED, "entrepreneur", "company")
REMINDERS = (3, 7)  # days after the approval of a payout whose receipt is missing
BIGGEST_FILE = 5 * 1024 * 1024  # bytes
BIGGEST_BODY = 6 * 1024 * 1024
LONGEST_NUMBER, LONGEST_LINK = 100, 500


class Kind(StrEnum):
    """Kinds of papers."""

    CONTRACT = "contract"
    ACT = "act"
    RECEIPT = "receipt"


class Need(StrEnum):
    """How much a paper is needed before a payout is paid."""

    OFF = "off"
    WARN = "warn"
    BLOCK = "block"


class Rounding(StrEnum):
    """To what a withheld sum is rounded, half up: the smallest unit, or whole units of the currency."""

    MINOR = "minor"
    UNIT = "unit"


Needs = dict[Kind, Need]
# A self-employed partner owes a receipt by law, so that is said unless the merchant says otherwise.
DEFAULTS: Mapping[str, Mapping[Kind, Need]] = {SELF_EMPLOYED: {Kind.RECEIPT: Need.WARN}}


def needs_of(status: str | None, said: Mapping[str, str] | None) -> Needs:
    """Return what a status needs, by what the merchant said of it (None: nothing); no status is a person."""
    status = status or PERSON
    known = DEFAULTS.get(status, {}) if said is None else said
    return {kind: Need(known.get(kind, Need.OFF)) for kind in Kind}


def asked_since(
    status: str, said: Iterable[tuple[datetime, Mapping[str, str]]], start: datetime
) -> datetime | None:
    """Return since when a status' receipts are asked for without a break, or None.

    `said`: what the merchant said of the status, oldest first; before that the defaults hold from `start` on.
    """
    off = needs_of(status, None)[Kind.RECEIPT] is Need.OFF
    since = None if off else start
    for at, needs in said:
        if needs_of(status, needs)[Kind.RECEIPT] is Need.OFF:
            since = None
        elif since is None:
            since = at
    return since


@dataclass(frozen=True, slots=True)
class Missing:
    """What a partner's payout lacks: what keeps it from being paid, and what is only said."""

    blocks: tuple[Kind, ...] = ()
    warns: tuple[Kind, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is missing."""
        return bool(self.blocks or self.warns)


def missing(needs: Needs, lacks: frozenset[Kind]) -> Missing:
    """Return what is missing of what is needed."""
    of = {
        need: tuple(kind for kind in Kind if kind in lacks and needs[kind] is need) for need in Need
    }
    return Missing(of[Need.BLOCK], of[Need.WARN])


def read_rate(text: str | None) -> Decimal | None:
    """Read percents as they are kept ("13", "13.5"); None for none. Raises ValueError for what is no rate."""
    if text is None:
        return None
    try:
        rate = Decimal(text)
    except InvalidOperation as error:
        msg = f"no rate: {text}"
        raise ValueError(msg) from error
    if not rate.is_finite() or not 0 < rate < 100 or -int(rate.as_tuple().exponent) > 4:
        msg = f"no rate: {text}"
        raise ValueError(msg)
    return rate


def withheld(amount: int, rate: Decimal | None, rounding: Rounding, currency: str) -> int:
    """Return what is withheld from a payout of `amount` (gross, minor units): the rate, rounded once, half up.

    Never more than the amount.
    """
    if rate is None or amount <= 0:
        return 0
    exact = Fraction(amount) * Fraction(rate) / 100
    if rounding is Rounding.MINOR:
        return half_up(exact)
    unit: int = 10 ** exponent(currency)
    return min(half_up(exact / unit) * unit, amount)


def link_of(text: str) -> str:
    """Return a link as it is kept. Raises ValueError for what is no address of the web."""
    link = text.strip()
    parts = urlsplit(link)
    good = parts.scheme in {"http", "https"} and parts.netloc and len(link) <= LONGEST_LINK
    if not good or not link.isprintable() or " " in link or parts.username or parts.password:
        msg = f"no address of a page: {link[:20]}"
        raise ValueError(msg)
    return link


def paper_type(data: bytes) -> tuple[str, str]:
    """Return media type and ending of a paper's file: a PDF, or a picture (drawn anew). Raises FileError.

    Codes besides those of creatives: none; a ZIP is not taken.
    """
    if len(data) > BIGGEST_FILE:
        raise FileError("too_big")
    if data.startswith(b"%PDF-"):
        return file_type(data)
    ending = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp"}.get(picture_format(data))
    if ending is None:
        raise FileError("not_a_picture")
    return "image", ending
