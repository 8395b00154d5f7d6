"""Reads for the desk, blocks and disputes."""

from __future__ import annotations

from app.trust.queries.blocks import partners, standing_block
from app.trust.queries.desk import (
    Judged,
    acts,
    case,
    cases,
    companions,
    held,
    order_ids,
    statistics,
)
from app.trust.queries.disputes import (
    Settled,
    disputes,
    disputes_of,
    newest,
    order_of,
    settled,
    thread,
)

__all__ = [
    "Judged",
    "Settled",
    "acts",
    "case",
    "cases",
    "companions",
    "disputes",
    "disputes_of",
    "held",
    "newest",
    "order_ids",
    "order_of",
    "partners",
    "settled",
    "standing_block",
    "statistics",
    "thread",
]
