"""The back office: the twelve profiles, their rules, the constructor and the trial."""

from __future__ import annotations

from app.profiles.office import constructing, events, trying, why
from app.profiles.office.listing import bp

__all__ = ["bp", "constructing", "events", "trying", "why"]
