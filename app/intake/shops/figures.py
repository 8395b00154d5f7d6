"""Sums, times and texts as shops write them, read into ours. Pure; raises Unreadable."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from app.intake.shops import Unreadable
from app.money import LARGEST, exponent, half_up, split
from app.orders.rules import Snapshot, clamp_refunds, problems

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.orders.rules import Line

MOST_DIGITS = 20  # of a sum, before anything is made of it
LONGEST = 100  # characters of a number
# A power of ten may stand behind it, of two digits: of more, whole sums would be made of a few characters.
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")
_NONE = Decimal("NaN")
# What a body that is no order of a shop ends in; ArithmeticError: sums and times beyond all bounds.
BAD = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError)


def read_json(body: bytes | str) -> Any:
    """Read JSON, its numbers exactly; those beyond all bounds are read as none. Raises ValueError, RecursionError."""
    return json.loads(body, parse_float=_exact, parse_constant=_exact)


def _exact(text: str) -> Decimal:
    """Read a number as it is written; what nobody sells for, and would take minutes to reckon with, is none."""
    known = len(text) <= LONGEST and _NUMBER.fullmatch(text)
    return Decimal(text) if known else _NONE


# Reads JSON as `read_json` does, where other words may stand around it.
READER = json.JSONDecoder(parse_float=_exact, parse_constant=_exact)


def figure(said: Any) -> Decimal:
    """Read a number, written as one or as text of ASCII digits. Raises Unreadable, for nothing as well."""
    if isinstance(said, bool | dict | list) or said is None:
        raise Unreadable("a sum is no number")
    value = said if isinstance(said, Decimal) else _exact(str(said).strip())
    if not value.is_finite() or value.adjusted() > MOST_DIGITS:
        msg = f"{str(said)[:40]!r} is no sum"
        raise Unreadable(msg)
    return value


def decimal(said: Any) -> Decimal:
    """Read a number, written as one or as text; nothing is zero."""
    return Decimal(0) if said is None or said == "" else figure(said)


def minor(said: Any, currency: str) -> int:
    """Read a sum in minor units; one with more decimals than the currency: half up."""
    return half_up(decimal(said).scaleb(exponent(currency)))


def needed(said: Any, currency: str) -> int:
    """Read a sum that no order is without, in minor units: nothing is not zero. Raises Unreadable."""
    return half_up(figure(said).scaleb(exponent(currency)))


def instant(said: Any) -> datetime:
    """Read a time with its offset; one without is UTC."""
    at = datetime.fromisoformat(str(said))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def optional(said: Any) -> datetime | None:
    """Read a time, or nothing."""
    return instant(said) if said else None


def text(said: Any, most: int = 500) -> str | None:
    """Read a text or a number as text; nothing and empty are None."""
    if said is None or isinstance(said, bool | dict | list):
        return None
    return str(said).strip()[:most] or None


def sound(snapshot: Snapshot) -> Snapshot:
    """Return the order with refunds cut to what it holds. Raises Unreadable for one that cannot stand."""
    if max(snapshot.shipping, snapshot.fees) > LARGEST:
        raise Unreadable("a sum is too large")
    clamped, _changed = clamp_refunds(snapshot)
    found = problems(clamped)
    if found:
        raise Unreadable(", ".join(f"{problem.field}: {problem.code}" for problem in found))
    return clamped


def paid_rules(
    lines: Sequence[Line], shipping: int, paid: int | None, off: int = 0
) -> tuple[tuple[Line, ...], int]:
    """Return lines (with a price each), cheaper by what was left off the whole order, and what was paid beyond.

    `paid`: what the order cost in all; then that says what was left off, and `off` does not count.
    """
    goods = [half_up((line.price or 0) * Fraction(line.quantity)) for line in lines]
    if paid is not None and paid < 0:
        raise Unreadable("an order costs less than nothing")
    if paid is not None:
        off = sum(goods) + shipping - paid
    beyond, off = max(-off, 0), min(max(off, 0), sum(goods))
    parts = split(off, goods) if off else [0] * len(goods)
    cheaper = (replace(line, discount=part) for line, part in zip(lines, parts, strict=True))
    return tuple(cheaper), beyond
