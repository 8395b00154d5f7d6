"""Which rank a customer has, and who holds the rights to goods: the latest word holds, whoever says it first."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

LONGEST_NAME = 60
LONGEST_ID = 128
MOST_OWNERS = 1_000  # rights that are held, or were
MOST = 100  # ranks, and awards, of a merchant
# Metrics of achievements that are sums, in minor units.
SUMS = frozenset({"sum", "referrals_sum", "referrals_sum_2", "referrals_sum_3"})
HAND = "hand:"  # how the source of a hand begins


@dataclass(frozen=True, slots=True)
class Ranked:
    """A rank that was given to a customer (None: none), when, by what, and whether it is pinned."""

    rank_id: int | None
    at: datetime
    source: str
    pinned: bool = False
    actor: str | None = None
    why: Mapping[str, Any] = field(default_factory=dict)  # of a rank by results

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


OF = ("supplier", "brand", "product")  # what rights are held of


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Rights to goods: of which, which part, whose (the customer's account that is paid), and when."""

    of: str
    word: str
    share: Fraction
    member_id: int
    since: datetime
    until: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Tell whether the rights are held at a moment."""
        return self.since <= at and (self.until is None or at < self.until)


def owners_of(
    held: Iterable[Held], goods: Mapping[str, Mapping[str, str | None]], at: datetime
) -> list[tuple[int, str, Fraction]]:
    """Return who holds which part of the rights to each line: (customer, line, part).

    `goods`: of each line, its words by what rights are held of. Capitals make no difference. Who holds
    the supplier and the product holds both parts, up to the whole.
    """
    parts: dict[tuple[int, str], Fraction] = {}
    for each in held:
        if not each.holds(at):
            continue
        for line, said in goods.items():
            word = said.get(each.of)
            if word is not None and word.strip().casefold() == each.word.strip().casefold():
                key = (each.member_id, line)
                parts[key] = min(parts.get(key, Fraction(0)) + each.share, Fraction(1))
    return [(member, line, part) for (member, line), part in sorted(parts.items())]
