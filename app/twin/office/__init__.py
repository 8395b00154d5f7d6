"""The back office: test mode."""

from __future__ import annotations

from app.twin.office import letters, sales
from app.twin.office.clock import bp

__all__ = ["bp", "letters", "sales"]
