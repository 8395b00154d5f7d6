"""Verbs of bonuses. Every act locks the customer's accounts, brings his lots to the present, and posts once."""

from app.bonuses.service.granting import TakeBack, grant, take_back
from app.bonuses.service.lapsing import WARNED, activate, bring_up, end_holds, lapse, warn
from app.bonuses.service.many import Deduction, deduct, give_back_all, undo_by_hand
from app.bonuses.service.mass import (
    KINDS,
    Mass,
    apply_mass,
    look_at,
    look_up,
    reference_of,
    undo_mass,
)
from app.bonuses.service.program import change_program
from app.bonuses.service.spending import NotEnough, capture, give_back, hold, spend, void

__all__ = [
    "KINDS",
    "WARNED",
    "Deduction",
    "Mass",
    "NotEnough",
    "TakeBack",
    "activate",
    "apply_mass",
    "bring_up",
    "capture",
    "change_program",
    "deduct",
    "end_holds",
    "give_back",
    "give_back_all",
    "grant",
    "hold",
    "lapse",
    "look_at",
    "look_up",
    "reference_of",
    "spend",
    "take_back",
    "undo_by_hand",
    "undo_mass",
    "void",
    "warn",
]
