"""Catalogue feeds: how they are read, what may stand in them, when they come. Pure."""

from __future__ import annotations

from app.feeds.rules.kinds import (
    CHANGED,
    CSV,
    LARGEST,
    MIB,
    MOST_CATEGORIES,
    MOST_OFFERS,
    NEW,
    SAME,
    UNPACKED,
    YML,
    Category,
    Flaw,
    Mark,
    Offer,
    Piece,
    Unreadable,
)
from app.feeds.rules.schedule import (
    DAY,
    EVERY,
    NEVER,
    WITHIN,
    again_after,
    lost_too_many,
    next_load,
)
from app.feeds.rules.shelves import arranged
from app.feeds.rules.tables import FIELDS, HEADS, NEEDED, guess, look_at
from app.feeds.rules.values import Reader, Row

__all__ = [
    "CHANGED",
    "CSV",
    "DAY",
    "EVERY",
    "FIELDS",
    "HEADS",
    "LARGEST",
    "MIB",
    "MOST_CATEGORIES",
    "MOST_OFFERS",
    "NEEDED",
    "NEVER",
    "NEW",
    "SAME",
    "UNPACKED",
    "WITHIN",
    "YML",
    "Category",
    "Flaw",
    "Mark",
    "Offer",
    "Piece",
    "Reader",
    "Row",
    "Unreadable",
    "again_after",
    "arranged",
    "guess",
    "look_at",
    "lost_too_many",
    "next_load",
]
