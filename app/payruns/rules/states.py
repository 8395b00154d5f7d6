"""The states of a pay run."""

from __future__ import annotations

from enum import StrEnum

from app.lifecycle import Lifecycle


class State(StrEnum):
    """Where a pay run stands; those that end in -ing are long work, but for paying."""

    DRAFT = "draft"
    PREPARING = "preparing"
    PREPARED = "prepared"
    APPROVING = "approving"
    APPROVED = "approved"
    PAYING = "paying"
    CANCELLING = "cancelling"
    DONE = "done"
    CANCELLED = "cancelled"


LIFECYCLE = Lifecycle(
    {
        (State.DRAFT, "prepare"): State.PREPARING,
        (State.DRAFT, "cancel"): State.CANCELLING,
        (State.PREPARING, "prepared"): State.PREPARED,
        (State.PREPARING, "cancel"): State.CANCELLING,
        (State.PREPARED, "approve"): State.APPROVING,
        (State.PREPARED, "cancel"): State.CANCELLING,
        (State.APPROVING, "approved"): State.APPROVED,
        (State.APPROVED, "pay"): State.PAYING,
        (State.APPROVED, "cancel"): State.CANCELLING,
        (State.PAYING, "end"): State.DONE,
        (State.CANCELLING, "cancelled"): State.CANCELLED,
    }
)
OVER = LIFECYCLE.terminal
OFFERED = ("prepare", "approve", "pay", "cancel")  # to the money desk; the others follow from work
