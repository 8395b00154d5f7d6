"""The back office: ranks and awards of customers, rights holders."""

from __future__ import annotations

from app.ranks.office import achieving, awards, ladder, owners
from app.ranks.office.door import bp

__all__ = ["achieving", "awards", "bp", "ladder", "owners"]
