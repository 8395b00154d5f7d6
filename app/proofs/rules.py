"""What is hashed and how, the way from a line to a mark, and the check of a file. docs/adr has the format.

The database has the same hashes as functions (proof_hash, proof_text, proof_root), for sealing and for
`flask check`; tests hold the two together.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FORMAT = "partnerka-statement-1"
FIELDS = (
    *("reference", "n", "at", "kind", "source", "target", "amount", "currency"),
    *("partner", "order", "line", "level", "event", "reason"),
)
START = "0" * 64  # the head before the first block
MOST_BYTES = 8 * 1024 * 1024  # of a file that we check
MOST_LINES = 10_000  # of a file that we make
MOST_PROBLEMS = 50  # that are told
BIGGEST = 2**63 - 1
DEEPEST = 64  # steps from a group to its block's root


class Malformed(ValueError):
    """The file is no statement of ours; nothing can be said of it."""


def digest(*parts: object) -> str:
    """Return the hash of parts, a line each."""
    return hashlib.sha256("\n".join(str(part) for part in parts).encode()).hexdigest()


def leaf(salt: str, text: str) -> str:
    """Return the hash of a transfer in its sealed form."""
    return digest("leaf", salt, text)


def group(leaves: Sequence[str]) -> str:
    """Return the hash of one partner's transfers in a block."""
    return digest("group", *leaves)


def head(number: int, before: str, root: str, sealed_at: str) -> str:
    """Return the head of a block: it speaks for the block and, by the head before, for all earlier ones."""
    return digest("head", number, before, root, sealed_at)


def path(groups: Sequence[str], place: int) -> list[list[str]]:
    """Return the steps from a group to the root: on which side its neighbour stands, and the neighbour."""
    steps, layer = [], list(groups)
    while len(layer) > 1:
        beside = place ^ 1
        if beside < len(layer):
            steps.append(["left" if beside < place else "right", layer[beside]])
        layer = [
            digest("node", *layer[i : i + 2]) if i + 1 < len(layer) else layer[i]
            for i in range(0, len(layer), 2)
        ]
        place //= 2
    return steps


def climb(start: str, steps: Sequence[Sequence[str]]) -> str:
    """Return the root that the steps lead to."""
    for side, beside in steps:
        start = digest("node", beside, start) if side == "left" else digest("node", start, beside)
    return start


@dataclass(frozen=True)
class Problem:
    """What is wrong: "line", "twice", "group" or "block"; which line (or lines) of the file, which block."""

    kind: str
    block: int
    line: int = 0
    last: int = 0


@dataclass
class Verdict:
    """What a file says of itself; whether its mark is ours is asked of the books."""

    merchant: str
    number: int  # the block whose head is the file's mark
    head: str  # as the file's own blocks make it
    said: str  # as the file says it
    lines: int = 0
    problems: list[Problem] = field(default_factory=list)
    sums: Counter[tuple[str, str]] = field(default_factory=Counter)  # by account and currency

    @property
    def sound(self) -> bool:
        """Whether every line leads to the file's own mark."""
        return not self.problems and self.head == self.said

    def add(self, problem: Problem) -> None:
        """Note a problem; beyond a page of them more would say nothing."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)


def verify(document: Any) -> Verdict:
    """Check a statement against itself: every line to its group, block and mark. Raises Malformed."""
    try:
        return _verify(document)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise Malformed(str(error)) from error


def _verify(document: Any) -> Verdict:
    if document["format"] != FORMAT:
        raise Malformed("another format")
    roots: dict[int, str] = {}
    standing = _hash(document["before"])
    number = 0
    for block in document["blocks"]:
        following = _whole(block["number"])
        if roots and following != number + 1:
            raise Malformed("blocks follow each other")
        number = following
        roots[number] = _hash(block["root"])
        standing = head(number, standing, roots[number], str(block["sealed_at"]))
    mark = document["mark"]
    verdict = Verdict(str(document["merchant"]), number, standing, _hash(mark["head"]))
    if not roots or _whole(mark["number"]) != number:
        raise Malformed("the mark is of another block")
    seen: set[str] = set()
    for part in document["groups"]:
        _check_group(verdict, part, roots, seen)
    return verdict


def _check_group(verdict: Verdict, part: Any, roots: dict[int, str], seen: set[str]) -> None:
    number, first, leaves = _whole(part["block"]), verdict.lines + 1, []
    for row in part["rows"]:
        found = _hash(row["hash"])
        leaves.append(found)
        if "text" in row:
            verdict.lines += 1
            _check_row(verdict, row, found, number)
        if found in seen:
            verdict.add(Problem("twice", number, verdict.lines))
        seen.add(found)
    steps = part["path"]
    if len(steps) > DEEPEST or any(side not in {"left", "right"} for side, _beside in steps):
        raise Malformed("no way to a root")
    if number not in roots or not leaves or climb(group(leaves), steps) != roots[number]:
        verdict.add(Problem("group", number, first, verdict.lines))


def _check_row(verdict: Verdict, row: Any, found: str, number: int) -> None:
    text, salt = row["text"], row["salt"]
    if not isinstance(text, str) or not isinstance(salt, str):
        raise Malformed("text and salt are strings")
    if leaf(salt, text) != found:
        verdict.add(Problem("line", number, verdict.lines))
        return
    said = dict(zip(FIELDS, json.loads(text), strict=True))
    words = row.get("reason")
    if words is not None and digest("reason", salt, words) != said["reason"]:
        verdict.add(Problem("line", number, verdict.lines))
        return
    amount, currency = _whole(said["amount"]), str(said["currency"])
    verdict.sums[str(said["source"]), currency] -= amount
    verdict.sums[str(said["target"]), currency] += amount


def _hash(value: Any) -> str:
    if not isinstance(value, str) or len(value) != len(START):
        raise Malformed("no hash")
    return value


def _whole(value: Any) -> int:
    if type(value) is not int or not -BIGGEST <= value <= BIGGEST:
        raise Malformed("no whole number that the books know")
    return value


def lines_of(document: Any) -> Iterator[dict[str, Any]]:
    """Give the lines of a statement that was found in order, as {field: value}, in the file's order."""
    for part in document["groups"]:
        for row in part["rows"]:
            if "text" in row:
                yield dict(zip(FIELDS, json.loads(row["text"]), strict=True))
