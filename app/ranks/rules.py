"""Which rank a customer has: the latest word holds, and a pinned one until the next by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

LONGEST_NAME = 60
MOST = 100  # ranks, and awards, of a merchant
HAND = "hand:"  # how the source of a hand begins


@dataclass(frozen=True, slots=True)
class Ranked:
    """A rank that was given to a customer (None: none), when, by what, and whether it is pinned."""

    rank_id: int | None
    at: datetime
    source: str
    pinned: bool = False
    actor: str | None = None

    @property
    def by_hand(self) -> bool:
        """Whether somebody gave it, and no rule."""
        return self.source.startswith(HAND)


def standing(marks: Iterable[Ranked], before: datetime | None = None) -> Ranked | None:
    """Return what says which rank a customer has, or had just before a moment; None where nothing does.

    The latest word holds. While the last one by hand is pinned, rules change nothing.
    """
    known = [each for each in marks if before is None or each.at < before]
    ordered = sorted(known, key=lambda each: (each.at, each.source))
    hands = [each for each in ordered if each.by_hand]
    if hands and hands[-1].pinned:
        return hands[-1]
    return ordered[-1] if ordered else None


def code_of(name: str) -> str:
    """Return the name by which rules know what is called so: small letters, words joined by hyphens."""
    return "-".join(name.casefold().replace(",", " ").split())
