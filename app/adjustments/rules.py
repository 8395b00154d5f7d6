"""What staff do by hand to partners' balances: how much each act moves, and where it comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING

from app.ledger.rules import COMMISSIONS, Move, available, debt
from app.money import LARGEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST = 500  # partners of one booking
REASON = 500  # characters
ORIGIN = 80  # characters of what an entry answers
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
KEY = re.compile(r"ab_[0-9a-hjkmnp-tv-z]{16}")  # of a batch, as forms bring it


def key_of(origin: str) -> str:
    """Return the key of the batch that answers one thing: what is answered twice is booked once."""
    number = int.from_bytes(sha256(origin.encode()).digest()[:10], "big")  # 16 letters of 5 bits
    return "ab_" + "".join(_LETTERS[number >> 5 * place & 31] for place in range(16))


class Act(StrEnum):
    """What is done to one partner's balance."""

    ACCRUE = "accrue"
    DEDUCT = "deduct"
    FORGIVE = "forgive"  # a debt written off
    EXPIRE = "expire"  # money that was never claimed, written off
    UNDO = "undo"  # the counter entry of one of the others


KINDS = {  # of the ledger's transfers
    Act.ACCRUE: "adjustment",
    Act.DEDUCT: "adjustment",
    Act.FORGIVE: "write_off",
    Act.EXPIRE: "write_off",
    Act.UNDO: "adjustment_undone",
}
GAINS = frozenset({Act.ACCRUE, Act.FORGIVE})


class Refusal(ValueError):
    """What cannot be booked; `code` says why."""

    def __init__(self, code: str) -> None:
        """Codes: zero, too_large, no_debt, above_debt, nothing_there, above_available."""
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Wish:
    """One line to book: `amount` minor units above zero; None: all there is to write off."""

    partner_id: int
    act: Act
    amount: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What a partner can ask for and what he owes, minor units."""

    available: int = 0
    debt: int = 0


def gain(wish: Wish, standing: Standing) -> int:
    """Return what the partner gains, minor units; below zero: what he loses. Raises Refusal.

    A debt is forgiven up to what is owed, a balance written off up to what is available; only a
    deduction may go beyond, and the rest becomes debt.
    """
    most = {Act.FORGIVE: standing.debt, Act.EXPIRE: standing.available}.get(wish.act)
    amount = wish.amount
    if amount is None:
        amount = most or 0
        if not amount:
            raise Refusal("no_debt" if wish.act is Act.FORGIVE else "nothing_there")
    if amount <= 0:
        raise Refusal("zero")
    if amount > LARGEST:
        raise Refusal("too_large")
    if most is not None and amount > most:
        raise Refusal("above_debt" if wish.act is Act.FORGIVE else "above_available")
    return amount if wish.act in GAINS else -amount


def moves(
    partner: int, act: Act, amount: int, reason: str, standing: Standing
) -> tuple[list[Move], Standing]:
    """Spell what the partner gains (loses, below zero) in accounts; return how he then stands.

    What is taken comes from the available first, the rest is debt. Money that becomes available
    repays debt by a transfer of its own, which is not among these.
    """
    owed = max(-amount - standing.available, 0)
    forgiven = amount if act is Act.FORGIVE else 0
    parts = (
        (COMMISSIONS, debt(partner), forgiven),
        (COMMISSIONS, available(partner), max(amount, 0) - forgiven),
        (available(partner), COMMISSIONS, max(-amount, 0) - owed),
        (debt(partner), COMMISSIONS, owed),
    )
    kind = KINDS[act]
    found = [
        Move(source, target, part, kind, partner=partner, reason=reason)
        for source, target, part in parts
        if part
    ]
    after = Standing(
        standing.available + max(amount, 0) - forgiven - (max(-amount, 0) - owed),
        standing.debt - forgiven + owed,
    )
    return found, after


def repaid(standing: Standing) -> int:
    """Return how much of a debt what is available repays, minor units."""
    return min(standing.available, standing.debt)


def settled(wish: Wish, standing: Standing) -> tuple[Standing, int]:
    """Return how a partner stands once a wish is booked, and what it repays of a debt, minor units.

    Raises Refusal as `gain` does.
    """
    _found, after = moves(wish.partner_id, wish.act, gain(wish, standing), wish.reason, standing)
    back = repaid(after)
    return Standing(after.available - back, after.debt - back), back


@dataclass(frozen=True, slots=True)
class Line:
    """A pasted line as it was read: where it stood, the code, the sum as typed, the reason."""

    number: int
    code: str
    amount: str
    reason: str


def read_lines(text: str) -> tuple[list[Line], list[int]]:
    """Read lines "refcode;amount;reason" (or with tabs, as spreadsheets copy); the reason may be left out.

    Empty lines are passed over. Returns the lines, and the numbers of those that are none.
    """
    found, bad = [], []
    for number, row in enumerate(text.splitlines(), start=1):
        if not row.strip():
            continue
        cells = [cell.strip().strip('"') for cell in row.split("\t" if "\t" in row else ";", 2)]
        if len(cells) < 2 or not cells[0] or not cells[1]:
            bad.append(number)
            continue
        found.append(Line(number, cells[0], cells[1], cells[2] if len(cells) > 2 else ""))
    return found, bad


def twice(codes: Iterable[int]) -> set[int]:
    """Return the partners who are named more than once."""
    seen: set[int] = set()
    again = set()
    for each in codes:
        if each in seen:
            again.add(each)
        seen.add(each)
    return again


def total(amounts: Sequence[int]) -> tuple[int, int]:
    """Return what is given and what is taken, both zero or above, minor units."""
    return sum(a for a in amounts if a > 0), -sum(a for a in amounts if a < 0)
