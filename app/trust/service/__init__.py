"""Decide on deals, block partners, settle disputes."""

from app.trust.service.blocking import Preview, block, lift, preview
from app.trust.service.decisions import decide, undo
from app.trust.service.disputes import (
    Verdict,
    attribute,
    check,
    decline,
    find,
    foresee,
    open_dispute,
    remark,
    remind,
    reopen,
    withdraw,
)
from app.trust.service.shares import watch_sites

__all__ = [
    "Preview",
    "Verdict",
    "attribute",
    "block",
    "check",
    "decide",
    "decline",
    "find",
    "foresee",
    "lift",
    "open_dispute",
    "preview",
    "remark",
    "remind",
    "reopen",
    "undo",
    "watch_sites",
    "withdraw",
]
