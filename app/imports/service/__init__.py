"""Verbs on what is brought along from another system."""

from __future__ import annotations

from app.imports.service import inviting, reading, undoing
from app.imports.service.accruals import orders_said
from app.imports.service.inviting import invite_all
from app.imports.service.lookups import partners_said
from app.imports.service.taking import choose, drop, know_parameters, take
from app.imports.service.undoing import undo
from app.imports.service.working import KINDS_OF_RUNS, apply, look

KINDS = {**KINDS_OF_RUNS, **undoing.KINDS, **inviting.KINDS, **reading.KINDS_OF_RUNS}
UNDONE = undoing.UNDONE

__all__ = [
    "KINDS",
    "UNDONE",
    "apply",
    "choose",
    "drop",
    "invite_all",
    "know_parameters",
    "look",
    "orders_said",
    "partners_said",
    "take",
    "undo",
]
