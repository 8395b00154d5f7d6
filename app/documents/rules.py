"""Documents of a partner and a period: their kinds, numbers, words with places, and what they say."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from app.placeholders import fill, unknown
from app.statements.rules import Part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.statements.rules import Line, Totals

REASON = 500  # characters
LONGEST_LINES = 2000  # lines in a statement or reconciliation; more is cut, and said so
LONGEST_WORDS = {"title": 200, "intro": 3000, "closing": 3000, "sign_us": 200, "sign_them": 200}
# What the words of a document may name.
PLACES = (
    "number",
    "date",
    "month",
    "first",
    "last",
    "merchant",
    "merchant_details",
    "partner",
    "partner_details",
    "code",
    "amount",
    "opening",
    "closing",
    "paid",
    "withheld",
    "signer",
)


class Kind(StrEnum):
    """Kinds of documents; each is numbered by itself, anew each year."""

    ACT = "act"
    STATEMENT = "statement"
    RECONCILIATION = "reconciliation"


EARNED = (Part.CREDITED, Part.REVERSED, Part.BY_HAND)
MIN = date.min
LETTERS = {Kind.ACT: "A", Kind.STATEMENT: "S", Kind.RECONCILIATION: "R"}


def label(kind: str, year: int, number: int) -> str:
    """Return a document's number as people read it: A-2026-17."""
    return f"{LETTERS[Kind(kind)]}-{year}-{number}"


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one kind in one language, with places such as {partner}."""

    title: str
    intro: str
    closing: str
    sign_us: str
    sign_them: str

    @classmethod
    def of(cls, said: Mapping[str, Any], usual: Words) -> Words:
        """Return the merchant's words; what it does not say is as usual."""
        return cls(**{name: said.get(name) or text for name, text in asdict(usual).items()})


def problems(words: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with words, by field: long, or the first name that nothing fills ("{name}")."""
    found = {}
    for name, text in words.items():
        strange = unknown(text, PLACES)
        if len(text) > LONGEST_WORDS[name]:
            found[name] = "long"
        elif strange:
            found[name] = "{" + strange[0] + "}"
    return found


@dataclass(frozen=True)
class Row:
    """One line of a document; sums in minor units."""

    at: str  # a day, as ISO writes it
    what: str
    about: str
    amount: int
    balance: int | None = None


@dataclass(frozen=True)
class Content:
    """What a document says, as it was issued: nothing in it is looked up again."""

    words: Words
    values: Mapping[str, str]  # of the places
    opening: int
    parts: Mapping[str, int]
    closing: int
    rows: Sequence[Row] = field(default=())
    cut: int = 0  # lines that did not fit
    locale: str = "en"
    us: Mapping[str, str] = field(default_factory=dict)  # requisites as they were: name, inn, ...
    them: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Write it as it is kept."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Content:
        """Read what was kept."""
        rows = tuple(Row(**row) for row in kept["rows"])
        return cls(**{**kept, "words": Words(**kept["words"]), "rows": rows})


def filled(content: Content, number: str) -> Words:
    """Return a document's words with their places filled; what a value holds is never a place itself."""
    values = {**content.values, "number": number}
    said = {name: fill(text, values).strip() for name, text in asdict(content.words).items()}
    said["sign_us"] = said["sign_us"].removesuffix(":")  # nobody is named as the signer
    return Words(**said)


def sum_of(kind: Kind, totals: Totals) -> int:
    """Return the sum that a document is about, minor units: what was earned, or what stands at the end.

    An act is about what the period earned: credited, taken back and by hand.
    """
    if kind is Kind.ACT:
        return sum(totals.of(part) for part in EARNED)
    return totals.closing


def earned(lines: Sequence[Line]) -> list[tuple[Part, date | None, int]]:
    """Return what an act lists: (part, closed month that is corrected, sum), what corrects nothing first."""
    sums: dict[tuple[Part, date | None], int] = {}
    for line in lines:
        if line.part in EARNED:
            key = line.part, line.corrects
            sums[key] = sums.get(key, 0) + line.amount
    order = list(Part)
    found = [(part, month, sum_) for (part, month), sum_ in sums.items() if sum_]
    return sorted(
        found, key=lambda each: (each[1] is not None, each[1] or MIN, order.index(each[0]))
    )
