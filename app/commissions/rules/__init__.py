"""What orders earn: due is computed, booked is read, the difference is posted. Pure.

world: what held at an instant; due: shares per order, line, level and partner, with why;
table: one order by levels and lines; caps: what they leave; difference: the movements that turn
what is booked into what is due.
"""

from app.commissions.rules.capped import share_out
from app.commissions.rules.caps import grants, is_near, key_of, month_of
from app.commissions.rules.difference import (
    Booked,
    Key,
    Move,
    Movement,
    Nets,
    apply,
    difference,
    netted,
    split_take,
    targets,
)
from app.commissions.rules.due import due, hold_end
from app.commissions.rules.shapes import (
    BY_HAND,
    NOTHING_TAKEN,
    Ask,
    Bucket,
    CapKind,
    Deal,
    DueResult,
    Grant,
    Limit,
    Note,
    OrderInput,
    Override,
    Share,
    Statistics,
    Taken,
    statistics,
)
from app.commissions.rules.world import Terms, World, facts_from_rows

__all__ = [
    "BY_HAND",
    "NOTHING_TAKEN",
    "Ask",
    "Booked",
    "Bucket",
    "CapKind",
    "Deal",
    "DueResult",
    "Grant",
    "Key",
    "Limit",
    "Move",
    "Movement",
    "Nets",
    "Note",
    "OrderInput",
    "Override",
    "Share",
    "Statistics",
    "Taken",
    "Terms",
    "World",
    "apply",
    "difference",
    "due",
    "facts_from_rows",
    "grants",
    "hold_end",
    "is_near",
    "key_of",
    "month_of",
    "netted",
    "share_out",
    "split_take",
    "statistics",
    "targets",
]
