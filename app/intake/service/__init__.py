"""The conductor: what an order does to money, in one readable function and one transaction."""

from app.intake.service.judging import foresee, reckon, tenant
from app.intake.service.settling import hold, in_turn, reconcile, spend_again
from app.intake.service.taking import (
    Applied,
    apply,
    apply_all,
    delete,
    introduce,
    introduce_all,
    rework,
    ripe,
    say,
)
from app.intake.service.typing_in import Typed, confirm_code, type_code

__all__ = [
    "Applied",
    "Typed",
    "apply",
    "apply_all",
    "confirm_code",
    "delete",
    "foresee",
    "hold",
    "in_turn",
    "introduce",
    "introduce_all",
    "reckon",
    "reconcile",
    "rework",
    "ripe",
    "say",
    "spend_again",
    "tenant",
    "type_code",
]
