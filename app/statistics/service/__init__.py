"""Verbs on statistics: go on with the roll-up by a piece."""

from __future__ import annotations

from app.statistics.service.clicks import verify
from app.statistics.service.rolling import forget, refresh, step

__all__ = ["forget", "refresh", "step", "verify"]
