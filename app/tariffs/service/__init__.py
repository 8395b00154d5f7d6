"""Verbs: plans kept by the operator, how an account stands, and the invoices of months."""

from app.tariffs.service.invoicing import close, close_due, collect, correct
from app.tariffs.service.plans import offer_example, save, switch, withdraw
from app.tariffs.service.standing import (
    begin,
    choose,
    count_tills,
    extend,
    leave,
    remind,
    stand,
)

__all__ = [
    "begin",
    "choose",
    "close",
    "close_due",
    "collect",
    "correct",
    "count_tills",
    "extend",
    "leave",
    "offer_example",
    "remind",
    "save",
    "stand",
    "switch",
    "withdraw",
]
