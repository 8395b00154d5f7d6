"""The back office: partners."""

from __future__ import annotations

from app.partners.office import bulk, card, moves
from app.partners.office.lists import bp

__all__ = ["bp", "bulk", "card", "moves"]
