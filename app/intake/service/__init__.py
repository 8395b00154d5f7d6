"""The conductor: what an order does to money, in one readable function and one transaction."""

from app.intake.service.judging import foresee, reckon, tenant
from app.intake.service.settling import hold, in_turn, reconcile
from app.intake.service.taking import (
    Applied,
    apply,
    apply_all,
    delete,
    introduce,
    rework,
    ripe,
)

__all__ = [
    "Applied",
    "apply",
    "apply_all",
    "delete",
    "foresee",
    "hold",
    "in_turn",
    "introduce",
    "reckon",
    "reconcile",
    "rework",
    "ripe",
    "tenant",
]
