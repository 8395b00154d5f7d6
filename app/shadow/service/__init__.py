"""Verbs of a shadow month: begin, compare, go live."""

from __future__ import annotations

from app.shadow.service import comparing, living
from app.shadow.service.beginning import begin
from app.shadow.service.comparing import compare
from app.shadow.service.living import go_live

KINDS = {**comparing.KINDS, **living.KINDS}

__all__ = ["KINDS", "begin", "compare", "go_live"]
