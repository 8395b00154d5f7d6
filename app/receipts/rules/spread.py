"""Bonuses over the lines of a cart: fair, exact, and at most one line with two prices. Pure.

Largest remainder that knows units: a line is taken from in steps that leave each of its units one
price. Lines get the last such step below their fair part, then some of them one step more, those
that lack most of it first; the few minor units that no step fits go to one line.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from app.receipts.rules.units import Pieces, units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.receipts.rules.cart import Goods
    from app.receipts.rules.units import Units


FEW = 50  # minor units that may lie on another line than the fair one, or go back to the customer


@dataclass(frozen=True, slots=True)
class Spread:
    """What each line is paid by, minor units, and what could not be laid on any and is not spent."""

    shares: tuple[int, ...]
    returned: int = 0


@dataclass(slots=True, eq=False)
class _Line:
    """A line on its way: its `share` so far, and the next `step` (0: none) that leaves one price."""

    units: Units
    cap: int
    whole: int  # the largest share within the cap that leaves one price
    share: int = 0
    step: int = 0
    lacks: Fraction = Fraction(0)  # what the fair part has above the share, in steps
    stepped: bool = False

    @property
    def pieces(self) -> bool:
        return isinstance(self.units, Pieces)

    @property
    def room(self) -> int:
        return self.cap - self.share

    @property
    def waits(self) -> bool:
        """Whether it could have a step more and did not get it."""
        return self.step > 0 and not self.stepped

    @property
    def one_price(self) -> bool:
        return self.units.below(self.share) == self.share

    def take(self, amount: int) -> int:
        self.share += amount
        return amount


def spread(
    goods: Sequence[Goods], caps: Sequence[int], amount: int, *, firm: bool = False
) -> Spread:
    """Lay `amount` (minor units, at most the sum of the caps) over lines by their values.

    Weighed goods alone may leave a few minor units that no price reaches: they are returned, or,
    `firm`, laid on a line all the same (its rows are two). Raises ValueError above the caps.
    """
    if not 0 <= amount <= sum(caps):
        raise ValueError("more than the lines take")
    lines = [_line(one, cap) for one, cap in zip(goods, caps, strict=True)]
    _fair(lines, amount)
    order = sorted(lines, key=_first)
    spare = amount - sum(line.share for line in lines)
    spare = _by_steps(order, spare)
    spare = _by_exchange(order, spare)
    spare = _by_one(order, spare)
    spare = _by_many(order, spare, firm=firm)
    return Spread(tuple(line.share for line in lines), spare)


def settle(
    goods: Sequence[Goods], caps: Sequence[int], amount: int, *, step: int = 1
) -> tuple[int, Spread]:
    """Return the amount, lowered by few minor units where weighed goods need it, and its spread.

    What it returns lies without rest: spread(..., firm=True) of it says the same. Lowered down to
    the step; where that would be more than a few minor units, a weighed line has two rows instead.
    """
    lowered = amount
    while amount - lowered <= max(FEW, step):
        found = spread(goods, caps, lowered)
        if not found.returned:
            return lowered, found
        lowered -= -(-found.returned // step) * step
    return amount, spread(goods, caps, amount, firm=True)


def _line(goods: Goods, cap: int) -> _Line:
    divided = units(goods.value, goods.quantity)
    return _Line(divided, cap, divided.below(cap) or 0)


def _first(line: _Line) -> tuple[Fraction, int, Fraction, int]:
    """Who lacks most of a step comes first; then the dearer line, fewer units, more room, by place."""
    return (-line.lacks, -line.units.value, Fraction(line.units.quantity), -line.cap)


def _fair(lines: Sequence[_Line], amount: int) -> None:
    """Give each line the last step within its fair part; what a full line leaves goes to the others."""
    left, weight = amount, sum(line.units.value for line in lines if line.whole)
    by_fullness = sorted(
        (line for line in lines if line.whole),
        key=lambda line: Fraction(line.whole, line.units.value),
    )
    for i, line in enumerate(by_fullness):
        if left * line.units.value < line.whole * weight:
            for other in by_fullness[i:]:
                _begin(other, Fraction(left * other.units.value, weight))
            return
        line.share = line.whole
        left -= line.whole
        weight -= line.units.value


def _begin(line: _Line, fair: Fraction) -> None:
    line.share = line.units.below(int(fair)) or 0
    following = line.units.above(line.share)
    if following is not None:  # at most the whole, which leaves one price as well
        line.step = following - line.share
        line.lacks = (fair - line.share) / line.step


def _by_steps(order: Sequence[_Line], spare: int) -> int:
    """Let lines have a step more, who lacks most of it first, while it fits; return what is left."""
    for line in order:
        if 0 < line.step <= spare:
            line.stepped = True
            spare -= line.take(line.step)
    return spare


def _by_exchange(order: Sequence[_Line], spare: int) -> int:
    """Let one line's step be another's that is larger by just what is left."""
    if not spare:
        return 0
    given = {line.step: line for line in order if line.stepped}  # the last one lacks least
    for line in order:
        other = given.get(line.step - spare) if line.waits else None
        if other is not None:
            other.take(-other.step)
            line.take(line.step)
            return 0
    return spare


def _by_one(order: Sequence[_Line], spare: int) -> int:
    """Let one line have what is left: where it makes no further row, else one that lacked a step."""
    if not spare:
        return 0
    pieces = [line for line in order if line.pieces and line.room >= spare]
    able = [line for line in pieces if not line.one_price and spare < line.units.quantity]
    able += [line for line in pieces if line.waits]
    if spare <= FEW:
        able += [line for line in pieces if spare % line.units.quantity == 0]
        able += pieces
    else:
        able += [line for line in order if line.waits]
    return spare - able[0].take(spare) if able else spare


def _by_many(order: Sequence[_Line], spare: int, *, firm: bool) -> int:
    """Fill up lines by the piece, largest room first; then weighed ones, a minor unit off a price."""
    by_room = sorted(order, key=lambda line: -line.room)
    for line in by_room:
        if line.pieces:
            spare -= line.take(min(spare, line.room))
    weighed = [line for line in order if not line.pieces]
    for line in weighed:
        if line.room >= spare > 0 and _near(line, spare):
            return spare - line.take(spare)
    for line in weighed:
        if line.room and spare and _near(line, 1):
            spare -= line.take(1)
    if firm or spare > FEW:
        for line in by_room:
            spare -= line.take(min(spare, line.room))
    return spare


def _near(line: _Line, more: int) -> bool:
    """Tell whether a share of `more` leaves a price times the weight, or a minor unit beside that."""
    share = line.share + more
    below, above = line.units.below(share), line.units.above(share)
    return any(other is not None and abs(share - other) <= 1 for other in (below, above))
