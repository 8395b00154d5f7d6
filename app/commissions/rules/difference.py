"""From what is booked to what is due: the movements between them, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from app.commissions.rules.shapes import Bucket, Share


class Key(NamedTuple):
    """What money about an order is booked by."""

    order_id: int
    line: str
    level: int
    partner_id: int


class Nets(NamedTuple):
    """Booked or due under one key, minor units: pending; settled is available and debt together."""

    pending: int = 0
    settled: int = 0


Booked = Mapping[Key, Nets]


class Move(StrEnum):
    """Kinds of movement, in the order in which they are posted: giving before taking."""

    RELEASE = "release"  # pending -> available
    ACCRUE_AVAILABLE = "accrue_available"  # merchant -> available
    ACCRUE_PENDING = "accrue_pending"  # merchant -> pending
    REVERSE = "reverse"  # pending -> merchant
    RETURN = "return"  # available, then debt -> pending
    TAKE_BACK = "take_back"  # available, then debt -> merchant


_PLACE = {move: place for place, move in enumerate(Move)}


@dataclass(frozen=True, slots=True)
class Movement:
    """`amount` minor units, always above zero, under one key."""

    move: Move
    key: Key
    amount: int


def targets(shares: Iterable[Share]) -> dict[Key, Nets]:
    """Return what ought to be booked: expected is not in the ledger at all."""
    found: dict[Key, Nets] = {}
    for part in shares:
        key = Key(part.order_id, part.line, part.level, part.partner_id)
        if part.amount and part.bucket is Bucket.PENDING:
            found[key] = Nets(pending=part.amount)
        elif part.amount and part.bucket is Bucket.AVAILABLE:
            found[key] = Nets(settled=part.amount)
    return found


def difference(shares: Iterable[Share], booked: Booked) -> tuple[Movement, ...]:
    """Return the movements that turn what is booked into what is due; none when they agree.

    Give what is booked for exactly the orders of the shares. Own pending is taken before settled
    money; givers come first, so that one booking makes no debt that it repays itself.
    """
    wanted = targets(shares)
    found = [
        movement
        for key in {*wanted, *booked}
        for movement in _between(key, booked.get(key, Nets()), wanted.get(key, Nets()))
    ]
    return tuple(sorted(found, key=lambda move: (_PLACE[move.move], move.key)))


def _between(key: Key, is_now: Nets, wanted: Nets) -> list[Movement]:
    pending = wanted.pending - is_now.pending
    settled = wanted.settled - is_now.settled
    ripe = max(0, min(-pending, settled))
    back = max(0, min(pending, -settled))
    amounts = {
        Move.RELEASE: ripe,
        Move.RETURN: back,
        Move.ACCRUE_PENDING: max(0, pending - back),
        Move.ACCRUE_AVAILABLE: max(0, settled - ripe),
        Move.REVERSE: max(0, -pending - ripe),
        Move.TAKE_BACK: max(0, -settled - back),
    }
    return [Movement(move, key, amount) for move, amount in amounts.items() if amount]


def netted(movements: Iterable[Movement]) -> tuple[Movement, ...]:
    """Return what movements come to per order, partner and level, minor units; their keys name no line.

    A plus on one line and a minus on another are one change. For telling people, not for posting.
    """
    sums: dict[Key, Nets] = {}
    for movement in movements:
        key, effect = movement.key._replace(line=""), _EFFECT[movement.move]
        held = sums.get(key, Nets())
        sums[key] = Nets(
            held.pending + effect.pending * movement.amount,
            held.settled + effect.settled * movement.amount,
        )
    return tuple(found for key, sum_ in sums.items() for found in _between(key, Nets(), sum_))


def split_take(amount: int, available: int) -> tuple[int, int]:
    """Divide what is taken back: from the partner's available first, the rest is debt."""
    from_available = min(amount, max(available, 0))
    return from_available, amount - from_available


_EFFECT = {
    Move.RELEASE: Nets(-1, 1),
    Move.RETURN: Nets(1, -1),
    Move.ACCRUE_PENDING: Nets(1, 0),
    Move.ACCRUE_AVAILABLE: Nets(0, 1),
    Move.REVERSE: Nets(-1, 0),
    Move.TAKE_BACK: Nets(0, -1),
}


def apply(movements: Iterable[Movement], booked: Booked) -> dict[Key, Nets]:
    """Return what is booked after the movements; keys that come to nothing are left out."""
    found = dict(booked)
    for movement in movements:
        held, sign = found.get(movement.key, Nets()), _EFFECT[movement.move]
        found[movement.key] = Nets(
            held.pending + sign.pending * movement.amount,
            held.settled + sign.settled * movement.amount,
        )
    return {key: nets for key, nets in found.items() if nets != Nets()}
