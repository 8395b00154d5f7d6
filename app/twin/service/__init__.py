"""Verbs of test mode: move the clock, make a sale from the click to the payout, undo it."""

from app.twin.service.clock import move, move_to, reset
from app.twin.service.sales import make, undo

__all__ = ["make", "move", "move_to", "reset", "undo"]
