"""Which shares leave every unit of a line one price: of goods by the piece, and by weight. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from app.money import half_up

if TYPE_CHECKING:
    from decimal import Decimal

_HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Pieces:
    """Whole units: what is left of the value must be a multiple of their number."""

    value: int
    quantity: int

    def below(self, share: int) -> int | None:
        """Return the largest share up to `share` that leaves one price; None: there is none."""
        odd = self.value % self.quantity
        return None if share < odd else share - (share - odd) % self.quantity

    def above(self, share: int) -> int | None:
        """Return the smallest share above `share` that leaves one price; None: there is none."""
        odd = self.value % self.quantity
        found = odd if share < odd else share - (share - odd) % self.quantity + self.quantity
        return found if found <= self.value else None


@dataclass(frozen=True, slots=True)
class Weighed:
    """A part of a unit: what is left must be a whole price times the quantity, rounded half up."""

    value: int
    quantity: Fraction

    def below(self, share: int) -> int | None:
        """Return the largest share up to `share` that leaves one price; None: there is none."""
        price = max(ceil((self.value - share - _HALF) / self.quantity), 0)
        left = half_up(price * self.quantity)
        return self.value - left if left <= self.value else None

    def above(self, share: int) -> int | None:
        """Return the smallest share above `share` that leaves one price; None: there is none."""
        price = ceil((self.value - share - _HALF) / self.quantity) - 1
        return self.value - half_up(price * self.quantity) if price >= 0 else None


Units = Pieces | Weighed


def units(value: int, quantity: Decimal) -> Units:
    """Return how a line's value may be divided: by the piece where the quantity is whole."""
    if quantity == quantity.to_integral_value():
        return Pieces(value, int(quantity))
    return Weighed(value, Fraction(quantity))
