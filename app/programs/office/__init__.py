"""The back office: sets of terms, partner groups, campaigns."""

from __future__ import annotations

from app.programs.office import campaigns, groups
from app.programs.office.terms import bp

__all__ = ["bp", "campaigns", "groups"]
