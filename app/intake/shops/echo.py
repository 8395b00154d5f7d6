"""What we wrote ourselves on an order's card, and what of a message's card is therefore staff's word.

Shops send everything back: each write of ours comes again with every later message of the order. A field
counts as staff's word exactly when it is neither what we had written last by then nor what we were
writing. Both are told by the shop's own times, so that a message that comes late, or twice, is read as it
was read before, and what staff typed stays their word in every later message: where the card says already
what we would write, nothing is written, and so nothing of it becomes ours.

Pure: no database, no clock.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.intake.shops import Written
from app.partners.rules import fold_code

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MOST = 20  # writes of an order that are remembered


@dataclass(frozen=True)
class Write:
    """Fields that we wrote: not before `since`, and surely by `sure` (None: nobody has answered yet)."""

    fields: Mapping[str, str]
    since: datetime
    sure: datetime | None = None


def staffs_word(card: Written, at: datetime | None, own: Sequence[Write]) -> Written:
    """Return what staff typed of a card that the shop showed at a time of its own."""
    return Written(
        **{
            name: text
            for name, text in asdict(card).items()
            if text and not _ours(name, text, at, own)
        }
    )


def _ours(name: str, text: str, at: datetime | None, own: Sequence[Write]) -> bool:
    writes = [write for write in own if name in write.fields]
    for place, write in enumerate(writes):
        if at is not None and write.since > at:
            break
        if fold_code(write.fields[name]) != fold_code(text):
            continue
        later = writes[place + 1 :]
        if not any(_holds(each, at) for each in later):
            return True
    return False


def _holds(write: Write, at: datetime | None) -> bool:
    """Whether a write had surely come before what was shown at a time."""
    return write.sure is not None and (at is None or write.sure < at)


def difference(wanted: Mapping[str, str], card: Mapping[str, str]) -> dict[str, str]:
    """Return what is to be written, so that the card says what is wanted; codes are of any case."""
    return {
        name: text for name, text in wanted.items() if not _alike(name, text, card.get(name, ""))
    }


def _alike(name: str, one: str, other: str) -> bool:
    if name in {"promo_code", "refcode"}:
        return fold_code(one) == fold_code(other)
    return one == other


def begun(own: Iterable[Write], fields: Mapping[str, str], since: datetime) -> list[Write]:
    """Note a write before it leaves; `since`: the order's last change as we read it just before."""
    typed = {name: text for name, text in fields.items() if name in NAMES}
    return [*own, Write(typed, since)][-MOST:] if typed else list(own)


def ended(own: Iterable[Write], stored: Mapping[str, str], at: datetime) -> list[Write]:
    """Note that the open writes have come: as the shop says it stored them, at a time of its own."""
    return [
        Write({n: stored.get(n, v) for n, v in each.fields.items()}, each.since, at)
        if each.sure is None
        else each
        for each in own
    ]


NAMES = ("promo_code", "refcode", "terms")


def to_json(own: Iterable[Write]) -> list[dict[str, Any]]:
    """Write for storage."""
    return [
        {
            "fields": dict(each.fields),
            "since": _text(each.since),
            "sure": None if each.sure is None else _text(each.sure),
        }
        for each in own
    ]


def from_json(stored: Iterable[Mapping[str, Any]]) -> list[Write]:
    """Read what `to_json` wrote."""
    return [
        Write(
            each["fields"],
            datetime.fromisoformat(each["since"]),
            datetime.fromisoformat(each["sure"]) if each["sure"] else None,
        )
        for each in stored
    ]


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
