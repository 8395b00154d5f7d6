"""Coupons: for first orders by partners, and those that rules of bonuses give."""

from app.coupons.service.giving import (
    Filled,
    Whom,
    fill,
    give,
    give_owed,
    make,
    set_offer,
    withdraw,
)
from app.coupons.service.issuing import Gift, archive_kind, issue, make_kind, switch_off

__all__ = [
    "Filled",
    "Gift",
    "Whom",
    "archive_kind",
    "fill",
    "give",
    "give_owed",
    "issue",
    "make",
    "make_kind",
    "set_offer",
    "switch_off",
    "withdraw",
]
