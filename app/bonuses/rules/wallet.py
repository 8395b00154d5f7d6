"""A customer's lots and what is done with them: earn, spend, hold, give back, take back, lapse.

A lot is one credit: bonuses that activate and lapse together. `remaining` holds what was neither
spent nor lapsed nor taken back, `held` the part of it that waits for an order. The ledger knows how
much a customer has; lots know which. Every act here writes both down: entries for the ledger, and
parts that say which lots moved.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from app.ledger.rules import BONUSES, Move, bonus, bonus_debt, bonus_held, bonus_pending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    Account = Callable[[int], str]

NEVER = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One credit, which becomes one lot. `amount` in bonus minor units, above zero.

    `reference` names the business fact and posts once. `activates_at` None: at once; `expires_at`
    None: never. `reason` is what the customer reads.
    """

    member_id: int
    amount: int
    reference: str
    kind: str
    activates_at: datetime | None = None
    expires_at: datetime | None = None
    order_id: int | None = None
    reason: str | None = None


@dataclass(slots=True)
class Lot:
    """Bonuses of one credit. 0 <= held <= remaining <= amount; `clawed` and `lapsed` are gone from it."""

    id: int
    reference: str
    amount: int
    remaining: int
    activates_at: datetime
    expires_at: datetime | None = None
    active: bool = True
    held: int = 0
    lapsed: int = 0
    lapses: int = 0  # how often some of it lapsed: a hold that ends later lapses apart
    clawed: int = 0  # of its amount, taken back so far, from whichever lots

    def due(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now

    def free(self, now: datetime) -> int:
        """Return what of it can be spent now, though the job that lapses lots may be late."""
        return 0 if not self.active or self.due(now) else self.remaining - self.held


@dataclass(frozen=True, slots=True)
class Part:
    """What an act took from a lot, or gave to it; `lot` None: the part that became debt or loss.

    `of`: the spending that is given back, or the credit that is taken back.
    """

    reference: str
    lot: int | None
    kind: str  # hold, spend, return, owed, lapse, claw, claw_lapsed, debt, loss
    amount: int
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """The moves of one act, for the ledger: `reference` posts once."""

    reference: str
    moves: tuple[Move, ...]


@dataclass(slots=True)
class Wallet:
    """One customer's lots under lock, his debt, and what was done to them since they were read.

    `lots`: those with something remaining, and those the act names. `now` and `grace` (how long
    bonuses that are given back live at least) are arguments: nothing here reads a clock.
    """

    member_id: int
    lots: dict[int, Lot]
    debt: int
    now: datetime
    grace: timedelta = NEVER
    entries: list[Entry] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)

    @property
    def available(self) -> int:
        """Return what can be spent now, minor units: above zero only without debt."""
        return sum(lot.free(self.now) for lot in self.lots.values())

    def bring_up(self) -> None:
        """Activate lots whose day has come, and lapse those whose day is over."""
        for lot in self._in_order(self.lots.values()):
            if not lot.active and lot.activates_at <= self.now:
                self._activate(lot)
        for lot in self._in_order(self.lots.values()):
            self._lapse(lot)

    def _activate(self, lot: Lot) -> None:
        lot.active = True
        self._touch(lot)
        reference = f"bonus:activate:{lot.id}"
        if lot.remaining:
            moves = [self._move(bonus_pending, bonus, lot.remaining, "bonus.activate")]
            self._write(reference, moves + self._repay(reference, lot))

    def granted(self, lot: Lot) -> None:
        """Book a new lot: it pays debt first, once it is active."""
        self.lots[lot.id] = lot
        lot.active = lot.activates_at <= self.now
        self._touch(lot)
        account = bonus if lot.active else bonus_pending
        move = Move(BONUSES, account(self.member_id), lot.amount, "bonus.grant")
        paid = self._repay(lot.reference, lot) if lot.active else []
        self._write(lot.reference, [move, *paid])
        self._lapse(lot)

    def spend(self, amount: int, reference: str) -> None:
        """Take `amount` from what lapses first; what is not there becomes debt.

        Whether that may be is asked before.
        """
        parts = self._take(amount, reference, "spend")
        taken = sum(parts)
        moves = [Move(bonus(self.member_id), BONUSES, taken, "bonus.spend")] if taken else []
        if amount > taken:
            self.parts.append(Part(reference, None, "spend", amount - taken))
            moves.append(self._owe(amount - taken, "bonus.spend"))
        self._write(reference, moves)

    def hold(self, amount: int, reference: str) -> None:
        """Reserve `amount`, which is available, from what lapses first."""
        left = amount
        for lot in self._in_order(self.lots.values()):
            part = min(left, lot.free(self.now))
            if part:
                lot.held += part
                left -= part
                self._touch(lot)
                self.parts.append(Part(reference, lot.id, "hold", part))
        if left:
            raise ValueError("more than is available")
        self._write(reference, [self._move(bonus, bonus_held, amount, "bonus.hold")])

    def capture(self, held: Sequence[Part], reference: str) -> None:
        """Spend what was held: its parts become the parts of a spending."""
        for part in held:
            lot = self._of(part)
            lot.held -= part.amount
            lot.remaining -= part.amount
            self._touch(lot)
            self.parts.append(Part(reference, lot.id, "spend", part.amount))
        amount = sum(part.amount for part in held)
        self._write(reference, [Move(bonus_held(self.member_id), BONUSES, amount, "bonus.spend")])

    def void(self, held: Sequence[Part], reference: str) -> None:
        """Let what was held go; what was to lapse meanwhile lapses at once, unless there is grace."""
        moves = []
        for part in held:
            lot = self._of(part)
            lot.held -= part.amount
            self._live(lot)
            self._touch(lot)
            moves.append(self._move(bonus_held, bonus, part.amount, "bonus.void"))
            moves += self._repay(reference, lot)
        self._write(reference, moves)
        for part in held:
            self._lapse(self._of(part))

    def give_back(self, parts: Sequence[Part], amount: int, reference: str) -> int:
        """Give back `amount` of a spending to the lots it came from, the last taken first.

        `parts`: what each lot gave and has not got back, in the order taken. What had become debt is
        forgiven; returns how much of that debt was paid meanwhile, which is due to the customer as
        a new lot. Raises ValueError above what was spent.
        """
        left, paid, moves, back = amount, 0, [], []
        for part in reversed(parts):
            some = min(left, part.amount)
            if not some:
                break
            left -= some
            self.parts.append(Part(reference, part.lot, "return", some, part.reference))
            if part.lot is None:
                forgiven = min(some, self.debt)
                paid += some - forgiven
                moves += self._forgive(forgiven)
                continue
            lot = self._of(part)
            lot.remaining += some
            self._live(lot)
            self._touch(lot)
            back.append(lot)
            moves.append(Move(BONUSES, bonus(self.member_id), some, "bonus.return"))
            moves += self._repay(reference, lot)
        if left:
            raise ValueError("more than was spent")
        self._write(reference, moves)
        for lot in back:
            self._lapse(lot)
        return paid

    def take_back(self, lot: Lot, amount: int, reference: str, *, clamp: bool = False) -> None:
        """Take back `amount` of what a lot brought: from it, then from others, the rest is debt.

        What of the lot has lapsed is gone already and is not taken twice. `clamp`: instead of debt
        the merchant bears the rest. Raises ValueError above what was not taken back so far.
        """
        if amount > lot.amount - lot.clawed:
            raise ValueError("more than it brought")
        lot.clawed += amount
        self._touch(lot)
        left, moves = amount, []
        own = min(left, lot.remaining - lot.held)
        if own:
            account = bonus if lot.active else bonus_pending
            moves.append(Move(account(self.member_id), BONUSES, own, "bonus.claw"))
            lot.remaining -= own
            self.parts.append(Part(reference, lot.id, "claw", own, lot.reference))
            left -= own
        gone = min(left, lot.lapsed)
        if gone:
            lot.lapsed -= gone
            self.parts.append(Part(reference, lot.id, "claw_lapsed", gone, lot.reference))
            left -= gone
        others = sum(self._take(left, reference, "claw", lot.reference))
        if others:
            moves.append(Move(bonus(self.member_id), BONUSES, others, "bonus.claw"))
            left -= others
        if left and clamp:
            self.parts.append(Part(reference, None, "loss", left, lot.reference))
        elif left:
            self.parts.append(Part(reference, None, "debt", left, lot.reference))
            moves.append(self._owe(left, "bonus.claw"))
        self._write(reference, moves)

    # -- the small steps --

    def _in_order(self, lots: Iterable[Lot]) -> list[Lot]:
        """What lapses first comes first; what never lapses last; then the older."""
        return sorted(
            lots, key=lambda lot: (lot.expires_at is None, lot.expires_at or self.now, lot.id)
        )

    def _take(self, amount: int, reference: str, kind: str, of: str | None = None) -> list[int]:
        left, found = amount, []
        for lot in self._in_order(self.lots.values()):
            part = min(left, lot.free(self.now))
            if part:
                lot.remaining -= part
                left -= part
                self._touch(lot)
                self.parts.append(Part(reference, lot.id, kind, part, of))
                found.append(part)
        return found

    def _repay(self, reference: str, lot: Lot) -> list[Move]:
        """Let what a lot has free pay debt."""
        part = min(self.debt, lot.free(self.now))
        if not part:
            return []
        self.debt -= part
        lot.remaining -= part
        self.parts.append(Part(reference, lot.id, "owed", part))
        return [self._move(bonus, bonus_debt, part, "bonus.owed")]

    def _lapse(self, lot: Lot) -> None:
        part = lot.remaining - lot.held
        if not (lot.active and lot.due(self.now) and part):
            return
        lot.remaining -= part
        lot.lapsed += part
        lot.lapses += 1
        self._touch(lot)
        reference = f"bonus:lapse:{lot.id}:{lot.lapses}"
        self.parts.append(Part(reference, lot.id, "lapse", part))
        self._write(reference, [Move(bonus(self.member_id), BONUSES, part, "bonus.lapse")])

    def _live(self, lot: Lot) -> None:
        """Let what comes back live for the grace, if its day would come before."""
        until = self.now + self.grace
        if lot.expires_at is not None and lot.expires_at < until:
            lot.expires_at = until

    def _forgive(self, amount: int) -> list[Move]:
        if not amount:
            return []
        self.debt -= amount
        return [Move(BONUSES, bonus_debt(self.member_id), amount, "bonus.return")]

    def _owe(self, amount: int, kind: str) -> Move:
        self.debt += amount
        return Move(bonus_debt(self.member_id), BONUSES, amount, kind)

    def _move(self, source: Account, target: Account, amount: int, kind: str) -> Move:
        return Move(source(self.member_id), target(self.member_id), amount, kind)

    def _of(self, part: Part) -> Lot:
        if part.lot is None:
            raise LookupError(part.reference)
        return self.lots[part.lot]

    def _touch(self, lot: Lot) -> None:
        self.touched.add(lot.id)

    def _write(self, reference: str, moves: Iterable[Move]) -> None:
        written = tuple(moves)
        if written:
            self.entries.append(Entry(reference, written))
