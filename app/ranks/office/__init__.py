"""The back office: ranks and awards of customers."""

from __future__ import annotations

from app.ranks.office import ladder
from app.ranks.office.door import bp

__all__ = ["bp", "ladder"]
