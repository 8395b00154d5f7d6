"""How an order is read that a coupon of ours made cheaper. Pure.

What the coupon took off is a part paid in bonuses and no discount: the lines are worth again what they
were worth before it, and so are their refunds. Sums in minor units of the merchant's currency.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from app.money import half_up, split
from app.orders.rules import Line, Refund, RefundLine, Snapshot, line_value, refund_line_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that is read as another
MINUTES = (5, 120)
PREFIX = "BONUS"


def key_of(code: str) -> str:
    """Return a code as two are compared: shops keep them in letters of either case."""
    return code.strip().casefold()


def written(random: bytes) -> str:
    """Return a coupon's code of 15 random bytes: 15 letters of 30, more than 73 bits."""
    said = "".join(LETTERS[byte % len(LETTERS)] for byte in random[:15])
    return "-".join([PREFIX, said[:5], said[5:10], said[10:]])


@dataclass(frozen=True, slots=True)
class Seen:
    """What a shop says of coupons on an order: what each took off by its code, and all from each line.

    Taxes are in the sums. `sums` without a code: it says the code alone. `cuts` with every line: it says so
    of each; else lines are what is paid (`after`), or what was to be paid before the coupon.
    """

    sums: Mapping[str, int]
    cuts: Mapping[str, int]
    after: bool = True


@dataclass(frozen=True, slots=True)
class Given:
    """Coupons of ours, one as a rule: what they may take off, whose bonuses are held for it, under which name."""

    codes: tuple[str, ...]
    amount: int
    reference: str
    customer: str  # the shop's id of whose it is
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Understood:
    """The order as it is to be taken in; `bonus` is what bonuses pay of it, `taken` what the shop took off."""

    snapshot: Snapshot
    bonus: int
    taken: int
    stranger: bool


def understood(said: Snapshot, given: Given, seen: Seen) -> Understood:
    """Read an order that names a coupon of ours.

    What the coupon took off, and never more than is held, is paid in bonuses; what the shop took off
    beyond that stays a discount. A guest with the owner's e-mail, or none, is the owner. What the message
    itself says is spent holds.
    """
    taken, cuts = _taken(said, given, seen)
    stranger = _is_stranger(said, given)
    whose = said.customer
    if whose.id in {None, "", "0"} and not stranger:
        whose = replace(whose, id=given.customer)
    ours = {key_of(code) for code in given.codes}
    left = tuple(code for code in said.coupons if key_of(code) not in ours)
    now = replace(said, coupons=left, customer=whose, bonus_hold=given.reference)
    if said.bonus_spend:
        return Understood(now, said.bonus_spend, taken, stranger)
    bonus = min(taken, given.amount)
    shares = _shares(bonus, said.lines, cuts)
    lines = tuple(_raised(line, share) for line, share in zip(said.lines, shares, strict=True))
    refunds = _refunds(said, lines)
    whole = replace(now, lines=lines, refunds=refunds, bonus_spend=bonus)
    return Understood(whole, bonus, taken, stranger)


def _taken(said: Snapshot, given: Given, seen: Seen) -> tuple[int, list[int]]:
    """Return what the coupon took off, and what coupons took from each line; none: lines are whole."""
    cuts = [seen.cuts.get(line.id, 0) for line in said.lines]
    ours = {key_of(code) for code in given.codes}
    named = [amount for code, amount in seen.sums.items() if key_of(code) in ours]
    known = sum(named) if named else None
    if any(cuts):
        return min(sum(cuts), given.amount if known is None else known), cuts
    if seen.after and all(line.id in seen.cuts for line in said.lines):
        return 0, []  # the shop says of each line that nothing came off it
    paid = [line_value(line) for line in said.lines]
    taken = given.amount if known is None else known
    if not seen.after:
        return min(sum(paid), taken), []
    return taken, paid if any(paid) else [1] * len(paid)


def _is_stranger(said: Snapshot, given: Given) -> bool:
    who = said.customer
    if who.id not in {None, "", "0"}:
        return who.id != given.customer
    email = (who.email or "").strip().casefold()
    return bool(email and given.email and email != given.email.casefold())


def _shares(bonus: int, lines: Sequence[Line], cuts: Sequence[int]) -> list[int]:
    return split(bonus, cuts) if cuts else [0] * len(lines)


def _raised(line: Line, share: int) -> Line:
    """Return a line as it was before the coupon; its tax keeps its part."""
    if not share:
        return line
    value = line_value(line)
    tax = half_up(Fraction(line.tax * (value + share), value)) if value else line.tax
    discount = max(line.discount - share, 0)
    amount = None if line.amount is None else value + share
    if amount is None and line.discount < share:
        amount = value + share
    return replace(line, amount=amount, discount=discount, tax=tax)


def _refunds(said: Snapshot, lines: Sequence[Line]) -> tuple[Refund, ...]:
    """Return refunds in the value of lines as they were before the coupon.

    Money given back brings its part of the bonuses along; what was paid wholly in bonuses comes back
    by quantity. Added up over all refunds, so that all of them together give back just all.
    """
    scale = _Scale(said, lines)
    by_line = {one.id: tuple(scale.part(part) for part in one.lines) for one in said.refunds}
    return tuple(
        replace(one, lines=by_line[one.id]) if one.lines else replace(one, amount=scale.by_sum(one))
        for one in said.refunds
    )


class _Scale:
    """Refunds as they add up: in money, as the shop says them, and in value before the coupon."""

    def __init__(self, said: Snapshot, lines: Sequence[Line]) -> None:
        self.lines = {line.id: line for line in said.lines}
        self.before = {line.id: line for line in lines}
        self.paid = {line.id: line_value(line) for line in said.lines}
        self.value = {line.id: line_value(line) for line in lines}
        self.back: dict[str, Fraction] = dict.fromkeys(self.paid, Fraction(0))
        self.back_value: dict[str, Fraction] = dict.fromkeys(self.paid, Fraction(0))
        self.sums = 0

    def part(self, part: RefundLine) -> RefundLine:
        """Return what a refund gives back of a line."""
        if part.line not in self.lines:
            return part
        paid, value = self.paid[part.line], self.value[part.line]
        now = part
        if not paid and part.quantity:
            now = replace(part, amount=None)
        elif paid and paid != value:
            known = self.back[part.line]
            whole = min(known + refund_line_value(part, self.lines[part.line]), Fraction(paid))
            self.back[part.line] = whole
            amount = half_up(whole * value / paid) - half_up(known * value / paid)
            now = replace(part, amount=amount)
        else:
            self.back[part.line] += refund_line_value(part, self.lines[part.line])
        self.back_value[part.line] += refund_line_value(now, self.before[part.line])
        return now

    def by_sum(self, refund: Refund) -> int:
        """Return what a refund without lines gives back: of lines first, as they remain."""
        before = self._laid(self.sums)
        self.sums += refund.amount or 0
        return self._laid(self.sums) - before

    def _laid(self, total: int) -> int:
        """Return a total of money in value: what remains of the lines grows, the rest stays."""
        money = sum(max(self.paid[i] - back, Fraction(0)) for i, back in self.back.items())
        worth = sum(max(self.value[i] - back, Fraction(0)) for i, back in self.back_value.items())
        over = min(Fraction(total), Fraction(money))
        return half_up(over * worth / money + total - over) if money else total


ODD = ("stranger", "less", "more", "late", "twice")


def odd(
    read: Understood, amount: int, state: str, order_key: str | None, order: str
) -> tuple[str, ...]:
    """Return what is out of the ordinary with an order that names a coupon, in words of ODD.

    A shop that rounds the price of each piece is off by less than a minor unit a piece.
    """
    pieces = int(sum(line.quantity for line in read.snapshot.lines))
    found = {
        "stranger": read.stranger,
        "less": read.taken + pieces < amount,
        "more": read.taken - pieces > amount,
        "late": state in {"let_go", "ended", "failed"},
        "twice": order_key is not None and order_key != order,
    }
    return tuple(name for name in ODD if found[name])
