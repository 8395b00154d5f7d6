"""The back office: bring along what stands in another system, looked at first, carried out in the background."""

from __future__ import annotations

from app.imports.office.files import bp

__all__ = ["bp"]
