"""The back office: money by hand."""

from __future__ import annotations

from app.adjustments.office import deals, entries
from app.adjustments.office.door import bp

__all__ = ["bp", "deals", "entries"]
