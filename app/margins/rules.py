"""What a sale leaves and what is given away of it: the margin guard's arithmetic. Pure; minor units."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from app.money import half_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

WHOLE_FRACTION = Fraction(100)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a thing's margin: what a piece costs to buy, or the percent of its price; or neither."""

    cost: int | None = None
    margin: str | None = None

    def bought_for(self, gross: Fraction, quantity: Fraction) -> Fraction | None:
        """Return what so many pieces cost to buy that are sold for `gross` before discounts; None: unknown."""
        if self.cost is not None:
            return self.cost * quantity
        if self.margin is None:
            return None
        return gross * (WHOLE_FRACTION - Fraction(Decimal(self.margin[:-1]))) / WHOLE_FRACTION


UNKNOWN = Known()


@dataclass(frozen=True, slots=True)
class Given:
    """What is given away of a sale: `bonuses` are those it earns; those it spends were given by others."""

    discount: int = 0
    commission: int = 0  # all levels of partners
    cashback: int = 0
    bonuses: int = 0
    fee: int = 0

    @property
    def whole(self) -> int:
        """All of it."""
        return self.discount + self.commission + self.cashback + self.bonuses + self.fee

    def parts(self) -> dict[str, int]:
        """Return it by kind."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


@dataclass(frozen=True, slots=True)
class Weighed:
    """A sale on the scales: `room` is its margin before anything is given away."""

    room: int
    given: Given

    @property
    def left(self) -> int:
        """What the merchant keeps; below nothing he pays for the sale."""
        return self.room - self.given.whole

    @property
    def red(self) -> bool:
        """Whether more is given away than there is."""
        return self.left < 0

    @property
    def part(self) -> int | None:
        """Return how much of the margin is given away, whole percents; None: there is none."""
        return half_up(Fraction(self.given.whole * 100, self.room)) if self.room > 0 else None


@dataclass(frozen=True, slots=True)
class Sold:
    """A line of a sale: before discounts, after them, how many pieces, and the part not given back."""

    gross: Fraction
    value: Fraction
    quantity: Fraction
    kept: Fraction
    known: Known


def weigh(lines: Sequence[Sold], given: Given) -> Weighed | None:
    """Put a sale on the scales; None where the margin of a line that stands is not known.

    The discounts are those of the lines, in place of what `given` says of them.
    """
    room = discount = Fraction(0)
    for line in lines:
        if not line.kept:
            continue
        cost = line.known.bought_for(line.gross, line.quantity)
        if cost is None:
            return None
        room += (line.gross - cost) * line.kept
        discount += (line.gross - line.value) * line.kept
    parts = given.parts() | {"discount": half_up(discount)}
    return Weighed(half_up(room), Given(**parts))


def worst_commission(
    paid: Mapping[str, Mapping[int, int]],
    bought_by_partner: Mapping[str, Mapping[int, int]],
    base: int,
) -> tuple[int, int]:
    """Return the most that partners of a sale can get together, and the cashback in it.

    `paid`: by the kind of partner, what each level of a line made of such partners alone gets; whoever
    brings the sale says how deep it goes, and above him may stand anybody. `bought_by_partner`: the
    same where the buyer is the partner himself, with his cashback as level 0.
    """
    most, cashback = 0, 0
    for each in paid.values():
        above = sum(_best(paid, level) for level in range(2, _deep(each) + 1))
        most = max(most, each.get(1, 0) + above)
    for each in bought_by_partner.values():
        above = sum(_best(bought_by_partner, level) for level in range(1, _deep(each) + 1))
        if above + each.get(0, 0) > most:
            most, cashback = above + each.get(0, 0), each.get(0, 0)
    most = min(most, base)
    return most, min(cashback, most)


def _deep(levels: Mapping[int, int]) -> int:
    return max(levels, default=0)


def _best(paid: Mapping[str, Mapping[int, int]], level: int) -> int:
    return max((each.get(level, 0) for each in paid.values()), default=0)


def newly_red(before: Iterable[tuple[int, int]], after: Iterable[tuple[int, int]]) -> set[int]:
    """Return the products that a change makes red, or redder: pairs of (product, what is left)."""
    known = dict(before)
    return {
        product
        for product, left in after
        if left < 0 and (product not in known or left < known[product])
    }
