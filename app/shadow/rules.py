"""How what was computed here differs from what the former service accrued, and why. Pure; minor units."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date


class Reason(StrEnum):
    """In what the two differ."""

    SAME = "same"
    ROUNDING = "rounding"
    OTHER_BASE = "other_base"
    OTHER_RATE = "other_rate"
    OTHER_DAY = "other_day"
    OTHER_SUM = "other_sum"  # the file says neither base nor rate
    OTHER_PARTNER = "other_partner"
    NO_PARTNER_HERE = "no_partner_here"
    NOTHING_HERE = "nothing_here"  # the order is here and gives him nothing
    NOTHING_THERE = "nothing_there"
    NO_ORDER_HERE = "no_order_here"
    NO_ORDER_THERE = "no_order_there"


@dataclass(frozen=True, slots=True)
class Side:
    """What one of the two says of a partner's part in an order; None: it does not say."""

    amount: int
    base: int | None = None
    rate: str | None = None
    day: date | None = None
    lines: int = 1  # over how many lines it was rounded


@dataclass(frozen=True, slots=True)
class Difference:
    """A partner's part in an order, there and here; without a difference the reason is "same"."""

    reason: Reason
    there_who: str | None
    here_who: str | None
    there: int
    here: int


def compare(
    there: Mapping[str, Side], here: Mapping[str, Side], *, is_here: bool, known: frozenset[str]
) -> list[Difference]:
    """Compare one order by partner. `is_here`: whether the order is; `known`: partners who are.

    Every sum of both sides stands in exactly one of the differences.
    """
    found = [
        Difference(reason_of(there[who], here[who]), who, who, there[who].amount, here[who].amount)
        for who in there
        if who in here
    ]
    alone = [who for who in there if who not in here]
    others = [who for who in here if who not in there]
    if not there:
        return found + [_only_here(who, here[who], Reason.NO_ORDER_THERE) for who in others]
    for who in alone:
        if not is_here:
            found.append(_only_there(who, there[who], Reason.NO_ORDER_HERE))
        elif others:
            other = others.pop(0)
            pair = Reason.OTHER_PARTNER if who in known else Reason.NO_PARTNER_HERE
            found.append(Difference(pair, who, other, there[who].amount, here[other].amount))
        else:
            lacks = Reason.NOTHING_HERE if who in known else Reason.NO_PARTNER_HERE
            found.append(_only_there(who, there[who], lacks))
    return found + [_only_here(who, here[who], Reason.NOTHING_THERE) for who in others]


def _only_here(who: str, side: Side, reason: Reason) -> Difference:
    return Difference(reason, None, who, 0, side.amount)


def _only_there(who: str, side: Side, reason: Reason) -> Difference:
    return Difference(reason, who, None, side.amount, 0)


def reason_of(there: Side, here: Side) -> Reason:
    """Say in what a partner's part differs: the smallest cause that explains it."""
    if there.amount == here.amount:
        late = there.day is not None and here.day is not None and there.day != here.day
        return Reason.OTHER_DAY if late else Reason.SAME
    if _differ(there.base, here.base):
        return Reason.OTHER_BASE
    if _differ(there.rate, here.rate):
        return Reason.OTHER_RATE
    if abs(there.amount - here.amount) <= here.lines:
        return Reason.ROUNDING
    return Reason.OTHER_SUM


def _differ(there: object, here: object) -> bool:
    return there is not None and here is not None and there != here
