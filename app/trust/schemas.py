"""Disputes as we answer them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from app.trust.rules import REMARK, State
from app.web.bodies import Moment, PageIn


class DecisionIn(BaseModel):
    """How a dispute is settled; `reason` is read by the partner, and needed to decline."""

    model_config = ConfigDict(extra="ignore")

    decision: Literal["attribute", "decline"]
    reason: Annotated[str, StringConstraints(max_length=REMARK, strict=True)] = ""


class RemarkOut(BaseModel):
    """One line of a thread."""

    by: Literal["partner", "staff"]
    text: str
    at: Moment


class DisputeOut(BaseModel):
    """A sale that a partner misses; `verdict` is what the journal said at once."""

    id: str
    partner: str
    number: str
    state: str
    verdict: str
    reason: str | None
    opened_at: Moment
    due_at: Moment
    decided_at: Moment | None
    thread: list[RemarkOut]


class DisputesIn(PageIn):
    """Which disputes are wanted."""

    state: State | None = None


class DisputeList(BaseModel):
    """Disputes, the newest first."""

    items: list[DisputeOut]
    next: str | None
