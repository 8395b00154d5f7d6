"""Verbs on commissions: booking what is due, showing it, and the caps of a month."""

from __future__ import annotations

from app.commissions.service.booking import Booking, ByHand, Shown, prepare, show, shown
from app.commissions.service.caps import Held, hold, in_turn

__all__ = ["Booking", "ByHand", "Held", "Shown", "hold", "in_turn", "prepare", "show", "shown"]
