"""Verbs of the margin guard: look at what was sold, and name the worst that could be."""

from __future__ import annotations

from app.margins.service.looking import KINDS, look
from app.margins.service.stacking import Stack, reddened, stacks

__all__ = ["KINDS", "Stack", "look", "reddened", "stacks"]
