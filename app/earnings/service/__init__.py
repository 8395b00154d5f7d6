"""Book what orders and events earn in bonuses by the merchant's rules."""

from app.earnings.service.booking import reconcile
from app.earnings.service.bounding import bounds
from app.earnings.service.foreseeing import foreseen, foreseen_cart
from app.earnings.service.happening import (
    REMOVALS,
    achievements,
    birthdays,
    happened,
    key_of,
    report,
)

__all__ = [
    "REMOVALS",
    "achievements",
    "birthdays",
    "bounds",
    "foreseen",
    "foreseen_cart",
    "happened",
    "key_of",
    "reconcile",
    "report",
]
