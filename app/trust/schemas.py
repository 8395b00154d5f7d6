"""Disputes as we answer them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from app.trust.rules import REMARK


class DecisionIn(BaseModel):
    """How a dispute is settled; `reason` is read by the partner, and needed to decline."""

    model_config = ConfigDict(extra="ignore")

    decision: Literal["attribute", "decline"]
    reason: Annotated[str, StringConstraints(max_length=REMARK, strict=True)] = ""


class RemarkOut(BaseModel):
    """One line of a thread."""

    by: Literal["partner", "staff"]
    text: str
    at: str


class DisputeOut(BaseModel):
    """A sale that a partner misses; `verdict` is what the journal said at once."""

    id: str
    partner: str
    number: str
    state: str
    verdict: str
    reason: str | None
    opened_at: str
    due_at: str
    decided_at: str | None
    thread: list[RemarkOut]


class DisputeList(BaseModel):
    """Disputes, the newest first."""

    items: list[DisputeOut]
    next: str | None
