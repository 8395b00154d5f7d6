"""The back office: partners."""

from __future__ import annotations

from app.partners.office import bulk, card, customer, moves
from app.partners.office.lists import bp

__all__ = ["bp", "bulk", "card", "customer", "moves"]
