"""What a partner has still to agree to before the cabinet opens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# What the form may ask, a box each, in this order; the terms themselves stand above all.
CONSENTS = ("offer", "personal", "marketing")
FREE = frozenset({"marketing"})  # nothing may depend on it


@dataclass(frozen=True, slots=True)
class Needed:
    """The newest version of a text, and the newest that must be accepted again (0: none)."""

    kind: str
    terms_id: int | None
    version: int
    again: int


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a partner agreed to last of a kind."""

    kind: str
    terms_id: int | None
    version: int


@dataclass(frozen=True, slots=True)
class Owed:
    """A text that stands before the cabinet, in this version."""

    kind: str
    terms_id: int | None
    version: int


def owed(
    needed: Iterable[Needed], agreed: Iterable[Agreed], terms_id: int, *, unasked: bool = False
) -> Sequence[Owed]:
    """Return what stands before the cabinet of a partner on these terms.

    A version marked "again" is owed by whoever agreed to an older one, or to none. Whoever was
    never asked (`unasked`: a customer made a partner) owes every text there is. Marketing is free.
    """
    known: dict[tuple[str, int | None], int] = {}
    for each in agreed:
        key = (each.kind, each.terms_id)
        known[key] = max(each.version, known.get(key, 0))
    found = []
    for text in needed:
        foreign = text.kind == "terms" and text.terms_id != terms_id
        if text.kind in FREE or foreign:
            continue
        has = known.get((text.kind, text.terms_id), 0)
        least = max(text.again, 1 if unasked else 0)
        if has < least:
            found.append(Owed(text.kind, text.terms_id, text.version))
    return sorted(found, key=lambda each: ("terms", *CONSENTS).index(each.kind))
