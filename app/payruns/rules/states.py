"""The states of a pay run, and when a second person must approve it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from app.lifecycle import Lifecycle

if TYPE_CHECKING:
    from collections.abc import Collection


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


def people_needed(total: int, above: int | None) -> int:
    """Return how many different people stand for a run of this sum (minor units)."""
    return 2 if above is not None and total > above else 1


class Consent(StrEnum):
    """What somebody's approval of a run would be."""

    ENOUGH = "enough"
    FIRST = "first"  # of two: nobody stands for the run yet
    REFUSED = "refused"  # the same person stood for it before


def consent(needed: int, stand: Collection[int], deciding: Collection[int]) -> Consent:
    """Say what an approval by the people `deciding` is, where `stand` prepared or approved the run before.

    `needed`: how many different people a run of its sum needs. The schedule prepares and is nobody.
    """
    if needed < 2:
        return Consent.ENOUGH
    if not deciding or set(stand) & set(deciding):
        return Consent.REFUSED
    return Consent.ENOUGH if stand else Consent.FIRST
