"""Partner money into bonuses and back: how much, and whether it may be."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

    from app.bonuses.rules import Program


class Way(StrEnum):
    """Which way money goes."""

    TO_BONUSES = "to_bonuses"
    TO_MONEY = "to_money"


class Refusal(StrEnum):
    """Why it may not be."""

    LOYALTY_OFF = "no_loyalty"
    NO_ACCOUNT = "no_account"
    MODE = "mode"
    NOT_POSITIVE = "not_positive"
    ABOVE_AVAILABLE = "above_available"
    BELOW_MINIMUM = "below_minimum"
    DEBT = "debt"


@dataclass(frozen=True, slots=True)
class Purse:
    """What a partner has, minor units: money that is available, bonuses, and bonuses owed.

    `linked`: whether he is known as a customer, so that he has an account of bonuses.
    """

    linked: bool
    money: int = 0
    bonuses: int = 0
    owed: int = 0


def to_bonuses(amount: int, premium: Decimal) -> int:
    """Return the bonuses for partner money, minor units: amount x (1 + premium %), rounded down."""
    return int(Fraction(amount) * (1 + Fraction(premium) / 100))


def allowed(program: Program) -> frozenset[Way]:
    """Return the ways that the program opens: partners spend their money, withdraw bonuses, or both."""
    ways = set()
    if program.partner_mode in {"both", "spend"}:
        ways.add(Way.TO_BONUSES)
    if program.withdrawable and program.partner_mode in {"both", "withdraw"}:
        ways.add(Way.TO_MONEY)
    return frozenset(ways)


def refusal(way: Way, amount: int, purse: Purse, program: Program) -> Refusal | None:
    """Say why `amount` (minor units: of money, or of bonuses) cannot go that way; None: it can."""
    has = purse.money if way is Way.TO_BONUSES else purse.bonuses
    back = way is Way.TO_MONEY
    found = (
        (not purse.linked, Refusal.NO_ACCOUNT),
        (way not in allowed(program), Refusal.MODE),
        (amount <= 0, Refusal.NOT_POSITIVE),
        (back and purse.owed > 0, Refusal.DEBT),
        (amount > has, Refusal.ABOVE_AVAILABLE),
        (back and amount < program.withdraw_minimum, Refusal.BELOW_MINIMUM),
    )
    return next((why for holds, why in found if holds), None)
