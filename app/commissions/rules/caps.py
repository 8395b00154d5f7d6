"""Caps: who is served first, what is left, and how a cut is laid over the lines of an order."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from app.commissions.rules.shapes import Ask, CapKind, Grant, Limit, Share
from app.money import split

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

PERIODIC = frozenset({CapKind.PARTNER, CapKind.TERMS, CapKind.MONTH})
NEAR = 80  # percent of a cap at which people are told


def month_of(at: datetime, zone: ZoneInfo) -> str:
    """Return the month of the merchant's calendar in which the instant lies: "2026-11"."""
    return at.astimezone(zone).strftime("%Y-%m")


def key_of(kind: CapKind, owner: int | None, month: str) -> str:
    """Return the name of a monthly counter, such as "partner:42:2026-11" and "month:2026-11"."""
    return f"{kind.value}:{month}" if owner is None else f"{kind.value}:{owner}:{month}"


def grants(asks: Iterable[Ask], given: Mapping[str, int]) -> list[tuple[Ask, Grant]]:
    """Serve asks by their place; each gets what the tightest of its caps has left.

    Where only whole sums are paid it gets all or nothing. `given`: what the caps gave before, minor
    units by key. The order in which asks are handed in plays no part.
    """
    spent = defaultdict(int, given)
    found = []
    for ask in sorted(asks, key=lambda ask: ask.place):
        grant = _grant(ask, spent)
        for limit in ask.limits:
            spent[limit.key] += grant.given
        found.append((ask, grant))
    return found


def _grant(ask: Ask, spent: Mapping[str, int]) -> Grant:
    room: list[tuple[int, Limit]] = [
        (max(0, limit.most - spent[limit.key]), limit) for limit in ask.limits
    ]
    left, tightest = min(room, key=lambda each: each[0])
    if left >= ask.wanted:
        return Grant(ask.wanted)
    return Grant(0 if ask.whole else left, tightest)


def cut(shares: Sequence[Share], grant: Grant) -> list[Share]:
    """Lay what was granted over a unit's shares (one order, level and partner), by their amounts."""
    if grant.cut_by is None:
        return list(shares)
    wanted = sum(each.amount for each in shares)
    parts = split(grant.given, [each.amount for each in shares])
    said = {"by": grant.cut_by.kind.value, "most": grant.cut_by.most}
    whole = {"wanted": wanted, "paid": grant.given}
    return [
        replace(
            each,
            amount=part,
            why={**each.why, "caps": [*each.why.get("caps", ()), {**said, **whole}]},
        )
        for each, part in zip(shares, parts, strict=True)
    ]


def is_near(most: int, before: int, after: int) -> bool:
    """Whether a counter has come to 80 % of its cap by going from `before` to `after`."""
    return before * 100 < most * NEAR <= after * 100
