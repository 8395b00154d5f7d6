"""Verbs of paying with bonuses: quote a cart, hold for an order, bring an order's spending to what is due."""

from app.checkout.service.checking import check, insist
from app.checkout.service.holding import Reserved, capture, hold, void
from app.checkout.service.quoting import Quote, quote
from app.checkout.service.reconciling import reconcile

__all__ = ["Quote", "Reserved", "capture", "check", "hold", "insist", "quote", "reconcile", "void"]
