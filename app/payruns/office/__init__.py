"""The back office: pay runs, their lines, the schedule and its calendar."""

from __future__ import annotations

from app.payruns.office import planning, runs
from app.payruns.office.page import bp

__all__ = ["bp", "planning", "runs"]
