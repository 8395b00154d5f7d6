"""Verbs on what is brought along from another system."""

from __future__ import annotations

from app.imports.service.taking import choose, drop, know_parameters, take
from app.imports.service.working import KINDS_OF_RUNS, apply, look

KINDS = KINDS_OF_RUNS

__all__ = ["KINDS", "apply", "choose", "drop", "know_parameters", "look", "take"]
