"""The conductor: what an order does to money, in one readable function and one transaction."""

from app.intake.service.judging import foresee, tenant
from app.intake.service.settling import hold, reconcile
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
    "introduce",
    "reconcile",
    "rework",
    "ripe",
    "tenant",
]
