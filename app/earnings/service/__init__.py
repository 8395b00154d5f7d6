"""Book what orders and events earn in bonuses by the merchant's rules."""

from app.earnings.service.booking import reconcile
from app.earnings.service.bounding import TRIGGER as QUOTED
from app.earnings.service.bounding import bounds, bounds_by_rule
from app.earnings.service.calling import mass_kinds, quiet, warn
from app.earnings.service.climbing import check, emptied, step
from app.earnings.service.foreseeing import foreseen, foreseen_cart
from app.earnings.service.happening import REMOVALS, birthdays, happened, key_of, report
from app.earnings.service.reaching import rank_changed
from app.earnings.service.withdrawing import Asked, withdrawal

__all__ = [
    "QUOTED",
    "REMOVALS",
    "Asked",
    "birthdays",
    "bounds",
    "bounds_by_rule",
    "check",
    "emptied",
    "foreseen",
    "foreseen_cart",
    "happened",
    "key_of",
    "mass_kinds",
    "quiet",
    "rank_changed",
    "reconcile",
    "report",
    "step",
    "warn",
    "withdrawal",
]
