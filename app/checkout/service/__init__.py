"""Verbs of paying with bonuses: quote a cart, hold for an order, bring an order's spending to what is due."""

from app.checkout.service.bounding import reasons
from app.checkout.service.checking import check, insist
from app.checkout.service.holding import Reserved, capture, hold, void
from app.checkout.service.quoting import Outlook, Quote, look, quote
from app.checkout.service.reconciling import reconcile

__all__ = [
    "Outlook",
    "Quote",
    "Reserved",
    "capture",
    "check",
    "hold",
    "insist",
    "look",
    "quote",
    "reasons",
    "reconcile",
    "void",
]
