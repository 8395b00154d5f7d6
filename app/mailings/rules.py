"""To whom a mailing goes, what may stand in it, and its way."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from app.lifecycle import Lifecycle
from app.placeholders import unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

PLACES = ("name", "refcode", "link", "balance", "shop", "cabinet")
SALES = ("any", "some", "none")
STATUSES = ("active", "blocked")
MOST_PACE = 600  # letters a minute
MOST_CHOSEN = 500
MOST_LISTED = 10_000
LONGEST_SUBJECT, LONGEST_BODY = 200, 50_000
DEFAULT_PACE = 60


class State(StrEnum):
    """Where a mailing stands."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    PAUSED = "paused"
    STOPPED = "stopped"
    DONE = "done"


LIFECYCLE = Lifecycle(
    {
        (State.DRAFT, "start"): State.SENDING,
        (State.DRAFT, "schedule"): State.SCHEDULED,
        (State.SCHEDULED, "start"): State.SENDING,
        (State.SCHEDULED, "unschedule"): State.DRAFT,
        (State.SENDING, "pause"): State.PAUSED,
        (State.PAUSED, "resume"): State.SENDING,
        (State.SENDING, "stop"): State.STOPPED,
        (State.PAUSED, "stop"): State.STOPPED,
        (State.SENDING, "finish"): State.DONE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Which partners: those named by refcode or id, or all who fit every wish; only who has an e-mail.

    `ids`: those whom the list of partners showed when the mailing was written.
    """

    refcodes: tuple[str, ...] = ()
    ids: tuple[int, ...] = ()
    status: str = "active"
    group_id: int | None = None
    terms_id: int | None = None
    least: int | None = None  # available, minor units
    most: int | None = None
    sales: str = "any"
    days: int = 30  # of the sales, counted back from now

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Segment:
        """Return a segment as it was stored."""
        lists = {name: tuple(said.get(name, ())) for name in ("refcodes", "ids")}
        return cls(**{**said, **lists})

    def stored(self) -> dict[str, Any]:
        """Return what is stored of it."""
        return {**asdict(self), "refcodes": list(self.refcodes), "ids": list(self.ids)}


def text_problem(text: Mapping[str, str]) -> tuple[str, str] | None:
    """Return (part, why) of a text that cannot be sent: empty, long, or the name of a place unknown here."""
    for part, longest in (("subject", LONGEST_SUBJECT), ("body", LONGEST_BODY)):
        said = text.get(part, "")
        if not said.strip():
            return part, "empty"
        if len(said) > longest:
            return part, "long"
        strange = unknown(said, PLACES)
        if strange:
            return part, f"place:{strange[0]}"
    return None


def spread(start: datetime, count: int, pace: int) -> Sequence[datetime]:
    """Return when each of `count` letters is due, so that `pace` go in a minute."""
    return [start + timedelta(minutes=1) * place / pace for place in range(count)]


def percent(written: int, total: int) -> int:
    """Return how far a mailing is, whole percents."""
    return 0 if not total else min(100, written * 100 // total)
