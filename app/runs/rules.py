"""Long work as a state machine: looked at first, then applied; stopped and taken up again anywhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from app.lifecycle import Lifecycle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class State(StrEnum):
    """Where long work stands."""

    DRAFT = "draft"
    PREVIEWING = "previewing"
    PREVIEWED = "previewed"
    APPLYING = "applying"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


# What stopped or failed goes on with the phase in which it was: the actions bear the phases' names.
LIFECYCLE = Lifecycle(
    {
        (State.DRAFT, "preview"): State.PREVIEWING,
        (State.DRAFT, "apply"): State.APPLYING,
        (State.PREVIEWING, "finish"): State.PREVIEWED,
        (State.PREVIEWING, "stop"): State.STOPPED,
        (State.PREVIEWING, "fail"): State.FAILED,
        (State.PREVIEWED, "apply"): State.APPLYING,
        (State.APPLYING, "finish"): State.DONE,
        (State.APPLYING, "stop"): State.STOPPED,
        (State.APPLYING, "fail"): State.FAILED,
        (State.STOPPED, "preview"): State.PREVIEWING,
        (State.STOPPED, "apply"): State.APPLYING,
        (State.FAILED, "preview"): State.PREVIEWING,
        (State.FAILED, "apply"): State.APPLYING,
    }
)
OPEN = frozenset({State.PREVIEWING, State.APPLYING})  # a worker is to go on with it
PHASES = {State.PREVIEWING: "preview", State.APPLYING: "apply"}
MOST_PROBLEMS = 100  # things that may be passed over before the work is held for broken


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a result: about what, and its sums before and after, minor units.

    Lines of one kind and subject add up.
    """

    kind: str
    subject: int
    before: int
    after: int
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """What one batch did: the last thing it took, how many there were, and what came of it."""

    cursor: int
    taken: int
    sums: Mapping[str, Any] = field(default_factory=dict)
    lines: Sequence[Line] = ()


def can_resume(state: State, phase: str | None) -> bool:
    """Whether the work may be taken up again in the phase in which it ended."""
    return (
        phase is not None
        and state not in OPEN
        and LIFECYCLE.allows(state, phase)
        and state
        in {
            State.STOPPED,
            State.FAILED,
        }
    )


def add(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Add up nested sums: numbers by their names; lists place by place."""
    found = dict(one)
    for name, value in other.items():
        known = found.get(name)
        if isinstance(value, dict):
            found[name] = add(known or {}, value)
        elif isinstance(value, list):
            before = known or [0] * len(value)
            found[name] = [a + b for a, b in zip(before, value, strict=True)]
        else:
            found[name] = (known or 0) + value
    return found


def percent_done(done: int, total: int) -> int:
    """Return how much is done, whole percents; 100 only when nothing is left."""
    return 100 if not total else min(100, done * 100 // total)
