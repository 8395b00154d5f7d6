"""Catalogue feeds: added, fetched or uploaded, looked at, loaded."""

from __future__ import annotations

from app.feeds.service.feeds import Wish, add, change, fetch_now, plan, retire
from app.feeds.service.fetching import carry
from app.feeds.service.loading import KINDS
from app.feeds.service.looking import is_whole, told
from app.feeds.service.taking import add_with, approve, choose, discard, take

__all__ = [
    "KINDS",
    "Wish",
    "add",
    "add_with",
    "approve",
    "carry",
    "change",
    "choose",
    "discard",
    "fetch_now",
    "is_whole",
    "plan",
    "retire",
    "take",
    "told",
]
