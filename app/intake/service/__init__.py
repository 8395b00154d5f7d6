"""The conductor: what an order does to money, in one readable function and one transaction."""

from app.intake.service.settling import reconcile, rehearse, tenant
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
    "introduce",
    "reconcile",
    "rehearse",
    "rework",
    "ripe",
    "tenant",
]
