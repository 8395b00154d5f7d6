"""The network as people are shown it: who gains and loses levels, what a mask leaves of a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

LEVELS = 9  # as many as terms can pay
MASK = "•••"


@dataclass(frozen=True, slots=True)
class Shift:
    """At which level a partner stands above the moved one, before and after; None: not at all."""

    partner_id: int
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What a partner above earned, and what the other tree would have paid; minor units."""

    partner_id: int
    was: int
    would: int


def shifts(old: Sequence[int], new: Sequence[int]) -> list[Shift]:
    """Return who gains, loses or changes levels when the upline becomes another, nearest first.

    Uplines are nearest first. The moved partner's own sales are level 1, so the nearest above earns
    at level 2. Whoever stands as before is left out.
    """
    before = {partner: place for place, partner in enumerate(old, start=2)}
    after = {partner: place for place, partner in enumerate(new, start=2)}
    found = [Shift(p, before.get(p), after.get(p)) for p in dict.fromkeys((*new, *old))]
    return [shift for shift in found if shift.before != shift.after]


def differences(was: Mapping[int, int], would: Mapping[int, int]) -> list[Difference]:
    """Return sums side by side, the greatest change first; who would get the same is left out."""
    ids = {*was, *would}
    found = [Difference(i, was.get(i, 0), would.get(i, 0)) for i in ids]
    changed = [each for each in found if each.was != each.would]
    return sorted(changed, key=lambda d: (-abs(d.would - d.was), d.partner_id))


def masked(name: str) -> str:
    """Return what a sponsor sees of a name that the merchant hides: the first letter, no more."""
    first = next((char for char in name if char.isalnum()), "")
    return f"{first.upper()}{MASK}"


def by_level(
    levels: Sequence[int], whole: int, brought: Container[int] = ()
) -> list[tuple[int | None, int]]:
    """Return (level, how many) where there is anybody, or brought something; None: all that are deeper."""
    told = [(n, count) for n, count in enumerate(levels, start=1) if count or n in brought]
    deeper = whole - sum(levels)
    return [*told, (None, deeper)] if deeper > 0 else list(told)
