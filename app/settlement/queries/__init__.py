"""Reads of settlement: the merchant's queue, and the operator's desk over all merchants."""

from app.settlement.queries.desk import Where, desk, places, prepaid_merchants, to_send, waiting
from app.settlement.queries.line import (
    Place,
    Policy,
    Queue,
    candidates,
    earned_this_month,
    fees_so_far,
    month_start,
    names,
    of_payout,
    paid_this_month,
    policy,
    queue,
    room,
    standing,
)

__all__ = [
    "Place",
    "Policy",
    "Queue",
    "Where",
    "candidates",
    "desk",
    "earned_this_month",
    "fees_so_far",
    "month_start",
    "names",
    "of_payout",
    "paid_this_month",
    "places",
    "policy",
    "prepaid_merchants",
    "queue",
    "room",
    "standing",
    "to_send",
    "waiting",
]
