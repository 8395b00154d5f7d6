"""Partners: their states, who they are as buyers, and the tree of sponsors at any instant."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice

from app.lifecycle import Lifecycle

FOREVER = datetime.max.replace(tzinfo=UTC)


class Status(StrEnum):
    """Where a partner stands; only an active one earns."""

    PENDING = "pending"
    ACTIVE = "active"
    BLOCKED = "blocked"
    REMOVED = "removed"
    REJECTED = "rejected"


LIFECYCLE = Lifecycle(
    {
        (Status.PENDING, "approve"): Status.ACTIVE,
        (Status.PENDING, "reject"): Status.REJECTED,
        (Status.ACTIVE, "block"): Status.BLOCKED,
        (Status.ACTIVE, "remove"): Status.REMOVED,
        (Status.BLOCKED, "unblock"): Status.ACTIVE,
        (Status.BLOCKED, "remove"): Status.REMOVED,
        (Status.REJECTED, "approve"): Status.ACTIVE,
        (Status.REJECTED, "remove"): Status.REMOVED,
    }
)


# Taking a decision on an application back; whether an approval still may be is asked before.
UNDECIDED = Lifecycle(
    {
        (Status.ACTIVE, "reopen"): Status.PENDING,
        (Status.REJECTED, "reopen"): Status.PENDING,
    }
)


# Taking a removal back: only to where the partner stood.
RETURN = Lifecycle(
    {
        (Status.REMOVED, Status.ACTIVE.value): Status.ACTIVE,
        (Status.REMOVED, Status.BLOCKED.value): Status.BLOCKED,
        (Status.REMOVED, Status.REJECTED.value): Status.REJECTED,
    }
)


class Children(StrEnum):
    """What becomes of those below a partner who is removed."""

    STAY = "stay"  # below the removed one, who forfeits
    SPONSOR = "sponsor"  # they go to his own parent
    ROOTS = "roots"  # they stand at the top


@dataclass(frozen=True, slots=True)
class Identity:
    """By what a partner is known as a buyer: members' ids, normalised e-mails, E.164 phones."""

    members: frozenset[int] = frozenset()
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()

    def is_buyer(self, member_id: int | None, email: str | None, phone: str | None) -> bool:
        """Whether the buyer is this partner: the same member, e-mail or phone."""
        return member_id in self.members or email in self.emails or phone in self.phones


@dataclass(frozen=True, slots=True)
class Edge:
    """Who sponsors a partner in [start, end); no sponsor: a root, said aloud."""

    partner_id: int
    sponsor_id: int | None
    start: datetime
    end: datetime | None = None


Tree = Mapping[int, tuple[Edge, ...]]


def tree_of(edges: Iterable[Edge]) -> Tree:
    """Group edges by partner, oldest first."""
    found: dict[int, list[Edge]] = defaultdict(list)
    for edge in sorted(edges, key=lambda edge: edge.start):
        found[edge.partner_id].append(edge)
    return {partner: tuple(own) for partner, own in found.items()}


def sponsor_at(tree: Tree, partner_id: int, at: datetime) -> int | None:
    """Return the sponsor at the instant; before the first edge the first one is read."""
    own = tree.get(partner_id, ())
    if own and at < own[0].start:
        return own[0].sponsor_id
    for edge in own:
        if edge.start <= at < (edge.end or FOREVER):
            return edge.sponsor_id
    return None


def upline(tree: Tree, partner_id: int, at: datetime, depth: int) -> tuple[int, ...]:
    """Return up to `depth` sponsors above the partner at the instant, nearest first."""
    return tuple(islice(climb(tree, partner_id, at), depth))


def climb(tree: Tree, partner_id: int, at: datetime) -> Iterator[int]:
    """Go up from the partner, sponsor by sponsor, as they stood at the instant."""
    seen = {partner_id}
    below = sponsor_at(tree, partner_id, at)
    while below is not None and below not in seen:
        yield below
        seen.add(below)
        below = sponsor_at(tree, below, at)


def makes_cycle(tree: Tree, edge: Edge) -> bool:
    """Say whether adding the edge would put a partner above themselves at any instant of it.

    The tree is that without the edge, and with what the edge replaces ended before its start.
    """
    if edge.sponsor_id is None:
        return False
    return edge.partner_id in stands_above(tree, edge.sponsor_id, edge.start, edge.end)


def stands_above(
    tree: Tree, partner_id: int, start: datetime, end: datetime | None = None
) -> dict[int, datetime]:
    """Return who stands above the partner (himself included) at any instant of [start, end), and since when.

    Whoever would be put under the partner at such an instant must not be among them.
    """
    todo = [(partner_id, start, end or FOREVER)]
    seen: set[tuple[int, datetime, datetime]] = set()
    found: dict[int, datetime] = {}
    while todo:
        node, since, until = todo.pop()
        found[node] = min(found.get(node, since), since)
        for above in tree.get(node, ()):
            if above.sponsor_id is None:
                continue
            step = (above.sponsor_id, max(since, above.start), min(until, above.end or FOREVER))
            if step[1] < step[2] and step not in seen:
                seen.add(step)
                todo.append(step)
    return found


SHORTEST_CODE, LONGEST_CODE = 2, 40
_ASCII_DIGITS = frozenset("0123456789")
_MARKS = frozenset("-_")
# Cyrillic letters as people write their names in Latin; a dot stands for the signs that vanish.
_LATIN = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґў",
        (
            "a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh shch . y . e yu ya i yi ye g u"
        ).split(),
        strict=True,
    )
) | {"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe"}


class CodeError(ValueError):
    """What was given is no code; `code` says in what way."""

    def __init__(self, code: str) -> None:
        """Codes: too_short, too_long, bad_character, mixed_scripts."""
        super().__init__(code)
        self.code = code


def normalise_code(text: str) -> str:
    """Return the form in which codes are compared: NFKC and casefold, so Anna10 is anna10.

    2 to 40 letters, digits, "-" and "_"; all letters of one script, so that no code only looks
    like another's. Raises CodeError.
    """
    if len(text) > LONGEST_CODE * 4:
        raise CodeError("too_long")
    code = fold_code(text)
    if any(not _allowed(char) for char in code):
        raise CodeError("bad_character")
    if len(code) < SHORTEST_CODE:
        raise CodeError("too_short")
    if len(code) > LONGEST_CODE:
        raise CodeError("too_long")
    if len({_script(char) for char in code if char.isalpha()}) > 1:
        raise CodeError("mixed_scripts")
    return code


def fold_code(text: str) -> str:
    """Return the key by which a code is looked up; what is no code finds nothing."""
    if text.isascii():
        return text.strip().lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text.strip()).casefold())


def code_from_name(name: str, longest: int = 24) -> str:
    """Return a refcode made of a name in Latin letters: "Анна Ёлкина" is anna-elkina.

    "partner" where nothing of the name can be written so; always a code that normalise_code takes.
    """
    text = "".join(_LATIN.get(char, char) for char in fold_code(name)).replace(".", "")
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:longest].strip("-")
    return words if len(words) >= SHORTEST_CODE and words.strip("-0123456789") else "partner"


def _allowed(char: str) -> bool:
    return char.isalpha() or char in _ASCII_DIGITS or char in _MARKS


def _script(char: str) -> str:
    """Return the script by the first word of the character's name: LATIN, CYRILLIC, GREEK."""
    return unicodedata.name(char, "NAMELESS").split(" ")[0]
