"""Which payout a line of a statement is about, and what follows from it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from app.registers.rules.lines import marks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.registers.rules.statement import Entry

GOING = frozenset({"approved", "sending", "unknown"})  # the money may have left, and is not booked
OVER = frozenset({"rejected", "cancelled", "failed"})


class Verdict(StrEnum):
    """What a line of a statement means to us."""

    PAID = "paid"  # the payout is to be marked as paid
    RETURNED = "returned"  # it came back: the payout failed
    SENT_BACK = "sent_back"  # it left, and came back in the same file
    ALREADY = "already"  # it is known
    FOREIGN = "foreign"  # no number of ours
    STRANGE = "strange"  # a number like ours, of no payout here
    SEVERAL = "several"  # more than one number
    OTHER_SUM = "other_sum"
    NOT_APPROVED = "not_approved"  # paid before anybody agreed
    AFTER_END = "after_end"  # it left, though the payout had been given back
    TWICE = "twice"  # it left a second time
    CAME_LATE = "came_late"  # it came back after it was marked as paid


FOR_PEOPLE = frozenset(Verdict) - {
    Verdict.PAID,
    Verdict.RETURNED,
    Verdict.SENT_BACK,
    Verdict.ALREADY,
    Verdict.FOREIGN,
}


@dataclass(frozen=True, slots=True)
class Payout:
    """A payout as matching knows it; the sum that was to reach the partner, minor units."""

    id: int
    number: str
    state: str
    net: int


@dataclass(frozen=True, slots=True)
class Matched:
    """A line's verdict, and the payout it is about."""

    entry: Entry
    verdict: Verdict
    payout_id: int | None = None


def match(entries: Sequence[Entry], payouts: Mapping[str, Payout]) -> list[Matched]:
    """Return each line's verdict, in any order of the lines the same; payouts by their numbers.

    A file may tell of one payment twice, of its return before it, or of either alone.
    """
    found = [_named(entry, payouts) for entry in entries]
    about: dict[int, list[int]] = defaultdict(list)
    for place, each in enumerate(found):
        if each.payout_id is not None and each.verdict in {Verdict.PAID, Verdict.RETURNED}:
            about[each.payout_id].append(place)
    for places in about.values():
        _together(found, places)
    return found


def _together(found: list[Matched], places: Sequence[int]) -> None:
    """Weigh the lines of one payout against each other: a payment each, a return each, no more."""
    out = [p for p in places if found[p].verdict is Verdict.PAID]
    back = [p for p in places if found[p].verdict is Verdict.RETURNED]
    for place in (*out[1:], *back[1:]):
        found[place] = _as(found[place], Verdict.TWICE)
    if out and back:
        found[out[0]] = _as(found[out[0]], Verdict.SENT_BACK)


def _as(one: Matched, verdict: Verdict) -> Matched:
    return Matched(one.entry, verdict, one.payout_id)


def _named(entry: Entry, payouts: Mapping[str, Payout]) -> Matched:
    named = marks(entry.text)
    if len(named) != 1:
        return Matched(entry, Verdict.SEVERAL if named else Verdict.FOREIGN)
    payout = payouts.get(named[0])
    if payout is None:
        return Matched(entry, Verdict.STRANGE)
    return Matched(entry, _verdict(entry, payout), payout.id)


def _verdict(entry: Entry, payout: Payout) -> Verdict:
    if entry.amount != payout.net:
        return Verdict.OTHER_SUM
    if payout.state == "requested":
        return Verdict.NOT_APPROVED
    if payout.state in GOING:
        return Verdict.RETURNED if entry.incoming else Verdict.PAID
    if payout.state == "paid":
        return Verdict.CAME_LATE if entry.incoming else Verdict.ALREADY
    return Verdict.ALREADY if entry.incoming else Verdict.AFTER_END


def waits_for_apply(verdict: Verdict) -> bool:
    """Say whether something follows from a verdict when the file is applied."""
    return verdict in {Verdict.PAID, Verdict.RETURNED}
