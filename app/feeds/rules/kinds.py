"""What every feed has, whatever it is written in: offers, categories, places where reading goes on."""

from __future__ import annotations

from dataclasses import dataclass, field

MIB = 2**20
LARGEST = 512 * MIB  # bytes of a body, or of what an address answers
UNPACKED = 2048 * MIB  # bytes that a packed one may hold
MOST_OFFERS = 2_000_000
MOST_CATEGORIES = 50_000
YML, CSV = "yml", "csv"
NEW, CHANGED, SAME = "new", "changed", "same"


class Unreadable(ValueError):
    """A file that is no catalogue, or means harm; `why` is a word, `line` where it shows."""

    def __init__(self, why: str, line: int | None = None, said: str = "") -> None:
        super().__init__(why)
        self.why, self.line, self.said = why, line, said


@dataclass(frozen=True, slots=True)
class Mark:
    """Where in a file reading goes on: bytes, line, and the elements that are open there."""

    offset: int = 0
    line: int = 1
    path: tuple[str, ...] = ()


@dataclass(slots=True)
class Offer:
    """An offer as its feed says it, every word as it stands there; empty: not said."""

    line: int
    said: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Category:
    """A category as the feed says it."""

    line: int
    external_id: str
    name: str
    parent: str


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a row: a word for it, and what stands there."""

    line: int
    external_id: str
    code: str
    said: str = ""


@dataclass(slots=True)
class Piece:
    """A part of a feed, and where the next one begins; None: there is none."""

    offers: list[Offer] = field(default_factory=list)
    categories: list[Category] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)
    mark: Mark | None = None
