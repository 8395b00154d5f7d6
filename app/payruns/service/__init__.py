"""Verbs of pay runs: make, look, prepare, approve, pay, cancel; remind; plan and calendar."""

from __future__ import annotations

from app.payruns.service.planning import change_plan, mark_day, mark_days, tick
from app.payruns.service.reminding import remind
from app.payruns.service.verbs import (
    KINDS,
    approve,
    cancel,
    consent_to,
    look_again,
    make,
    pause,
    pay,
    prepare,
    resume,
    sending,
    settle,
    work_of,
)

__all__ = [
    "KINDS",
    "approve",
    "cancel",
    "change_plan",
    "consent_to",
    "look_again",
    "make",
    "mark_day",
    "mark_days",
    "pause",
    "pay",
    "prepare",
    "remind",
    "resume",
    "sending",
    "settle",
    "tick",
    "work_of",
]
