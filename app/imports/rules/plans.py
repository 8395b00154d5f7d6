"""What becomes of a row: new, the same, changed or refused; and what an opening balance moves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.ledger.rules import OPENING, Move, available, debt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.imports.rules.values import Row

NEW, SAME, CHANGED, REFUSED = "new", "same", "changed", "refused"
VERDICTS = (NEW, CHANGED, SAME, REFUSED)


@dataclass(frozen=True, slots=True)
class Before:
    """What imports gave for a row of the old system so far: to what, which values, how often that changed."""

    target: int
    given: Mapping[str, Any]
    amount: int | None
    times: int


@dataclass(slots=True, eq=False)
class Plan:
    """What is to be done with a row. `target`: what here it is about; `found`: what its kind looked up."""

    row: Row
    before: Before | None = None
    given: dict[str, Any] = field(default_factory=dict)
    amount: int | None = None
    target: int | None = None
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """Return what becomes of the row."""
        if self.row.bad:
            return REFUSED
        if self.before is None:
            return NEW
        same = dict(self.before.given) == self.given and self.before.amount == self.amount
        return SAME if same else CHANGED

    @property
    def changes(self) -> dict[str, Any]:
        """Return the values that differ from what was given before; a value no longer said is None."""
        known = self.before.given if self.before else {}
        names = {*known, *self.given}
        return {n: self.given.get(n) for n in sorted(names) if known.get(n) != self.given.get(n)}


def balance_moves(partner: int, change: int, standing: int, owes: int, reason: str) -> list[Move]:
    """Return what an opening balance that grows by `change` (minor units) moves, debt repaid apart.

    `standing` and `owes`: what is available and owed now. What is taken back comes from the available
    first, the rest is debt; a debt of the old system that shrinks is repaid by what it shrinks by.
    """
    forgiven = min(max(change, 0), owes)
    taken = min(max(-change, 0), standing)
    parts = (
        (OPENING, debt(partner), forgiven),
        (OPENING, available(partner), max(change, 0) - forgiven),
        (available(partner), OPENING, taken),
        (debt(partner), OPENING, max(-change, 0) - taken),
    )
    return [
        Move(source, target, amount, "opening", partner=partner, reason=reason)
        for source, target, amount in parts
        if amount
    ]


def owed(amount: int, debt_: int) -> int:
    """Return an opening balance as one number: what is available less what is owed, minor units."""
    return amount - abs(debt_)
