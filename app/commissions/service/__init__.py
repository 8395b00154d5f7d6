"""Verbs on commissions: booking what is due, showing it, the caps of a month, warnings of debts."""

from __future__ import annotations

from app.commissions.service.booking import Booking, ByHand, Shown, prepare, show, shown
from app.commissions.service.caps import Held, hold, in_turn
from app.commissions.service.debts import warn_of_debts

__all__ = [
    "Booking",
    "ByHand",
    "Held",
    "Shown",
    "hold",
    "in_turn",
    "prepare",
    "show",
    "shown",
    "warn_of_debts",
]
