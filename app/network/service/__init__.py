"""Verbs on the network's roll-ups: they are derived, and made anew run by run."""

from __future__ import annotations

from app.network.service.rollup import step
from app.network.service.settings import mask_referred

__all__ = ["mask_referred", "step"]
