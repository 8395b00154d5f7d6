"""Book what orders and events earn in bonuses by the merchant's rules."""

from app.earnings.service.booking import reconcile
from app.earnings.service.foreseeing import foreseen, foreseen_cart
from app.earnings.service.happening import birthdays, happened, report
from app.earnings.service.reaching import rank_changed

__all__ = [
    "birthdays",
    "foreseen",
    "foreseen_cart",
    "happened",
    "rank_changed",
    "reconcile",
    "report",
]
