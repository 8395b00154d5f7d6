"""The back office: what is given away of the margin, and what could be."""

from __future__ import annotations

from app.margins.office.pages import bp

__all__ = ["bp"]
