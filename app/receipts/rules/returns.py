"""What of a line's bonuses goes back when some of the line does: always reckoned from the whole. Pure."""

from __future__ import annotations

from fractions import Fraction
from math import floor


def given_back(share: int, value: int, refunded: Fraction) -> int:
    """Return bonuses of a line that are back with the customer once `refunded` of `value` is.

    ⌊share x refunded / value⌋ of all refunds together, so that many small ones end where one large
    one does; a line that is back as a whole gives back its whole share. Minor units.
    """
    if refunded >= value:
        return share
    return floor(share * Fraction(refunded) / value)


def paid_in_money(share: int, value: int, refunded: Fraction) -> Fraction:
    """Return what of a line is paid in money and has not gone back: what earning is reckoned from."""
    if refunded >= value:
        return Fraction(0)
    return (value - share) * (1 - Fraction(refunded) / value)
