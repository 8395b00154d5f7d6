"""The one rounding of bonuses: once for each rule, event and recipient; down unless the rule says."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from app.money import half_up

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_MODES: dict[str, Callable[[Fraction], int]] = {"down": floor, "up": ceil, "half_up": half_up}


def rounded(raw: Fraction, args: Mapping[str, Any], usual: str = "down") -> int:
    """Return whole bonus minor units by the effect's rounding; `usual` where it says nothing."""
    return _MODES[args.get("rounding", usual)](raw)


def rounded_together(
    parts: Sequence[Fraction], args: Mapping[str, Any], usual: str = "down"
) -> list[int]:
    """Round the sum once and hand it out over the parts: they sum to exactly what is due."""
    amounts, before, total = [], 0, Fraction(0)
    for part in parts:
        total += part
        so_far = rounded(total, args, usual)
        amounts.append(so_far - before)
        before = so_far
    return amounts
