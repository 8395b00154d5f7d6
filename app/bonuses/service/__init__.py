"""Verbs of bonuses. Every act locks the customer's accounts, brings his lots to the present, and posts once."""

from app.bonuses.service.granting import TakeBack, grant, take_back
from app.bonuses.service.lapsing import activate, bring_up, end_holds, lapse
from app.bonuses.service.program import change_program
from app.bonuses.service.spending import NotEnough, capture, give_back, hold, spend, void

__all__ = [
    "NotEnough",
    "TakeBack",
    "activate",
    "bring_up",
    "capture",
    "change_program",
    "end_holds",
    "give_back",
    "grant",
    "hold",
    "lapse",
    "spend",
    "take_back",
    "void",
]
