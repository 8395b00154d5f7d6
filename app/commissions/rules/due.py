"""How much is due, to whom, from which line, in which bucket, and why."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any

from app.attribution.rules import Binding, OrderClaims, Reason, Verdict, verdicts
from app.commissions.rules.shapes import (
    Bucket,
    Deal,
    DueResult,
    Note,
    OrderInput,
    Share,
    Taken,
)
from app.money import half_up, share, split
from app.orders.rules import SHIPPING_LINE, LineBase, State, bases
from app.partners.rules import Status, upline
from app.programs.rules import Fixed, Offer, Percent, Resolved, resolve, write_rate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from app.commissions.rules.world import Terms, World

_NOTHING = frozenset({State.CANCELLED, State.REFUNDED})


def hold_end(start: datetime, days: int, zone: ZoneInfo) -> datetime:
    """Return the same local time `days` later; a time that the clock skips comes an hour later.

    With 0 days that is the start itself.
    """
    if days == 0:
        return start
    local = start.astimezone(zone).replace(tzinfo=None) + timedelta(days=days)
    return local.replace(tzinfo=zone).astimezone(start.tzinfo)


def due(
    orders: Sequence[OrderInput],
    world: World,
    taken: Taken,  # noqa: ARG001  for the caps per period, which come with campaigns
    now: datetime,
    *,
    explicit_bindings: Sequence[Binding] = (),
    bindable: bool = True,
) -> DueResult:
    """Say what all orders of one customer earn, in minor units of the merchant's currency.

    Give all orders of the customer, whatever their state: who wins one may depend on the others.
    A guest without e-mail and phone is not bindable: give such orders one at a time.
    """
    asked = [_claims(order) for order in orders]
    attribution = verdicts(asked, explicit_bindings, world, bindable=bindable)
    ordered = sorted(orders, key=_place)
    deals = (_deal(order, attribution.verdicts[order.order_id], world, now) for order in ordered)
    return DueResult(tuple(deals), attribution)


def _place(order: OrderInput) -> tuple[datetime, str, int]:
    return order.folded.snapshot.created_at, order.external_id, order.order_id


def _claims(order: OrderInput) -> OrderClaims:
    created_at = order.folded.snapshot.created_at
    return OrderClaims(order.order_id, created_at, order.buyer, order.claims, order.external_id)


def _deal(order: OrderInput, verdict: Verdict, world: World, now: datetime) -> Deal:
    state, won = order.folded.state, verdict.winner
    if won is None or won.partner_id is None:
        return Deal(order.order_id, state, verdict, verdict.reason.value)
    terms = world.terms_of(won.partner_id, order.folded.snapshot.created_at)
    available_at = _available_at(order, terms, world)
    bucket = _bucket(state, available_at, now)
    shares: tuple[Share, ...] = ()
    notes: tuple[Note, ...] = ()
    reason: str | None = state.value
    table = _Table(order, won.partner_id, terms, world)
    if bucket is None:
        # Who would have earned is shown at nothing, whether or not it was ever booked.
        shares = tuple(replace(s, amount=0) for s in table.shares(Bucket.TAKEN_BACK))
        notes = tuple(table.notes)
    else:
        shares, notes = table.shares(bucket), tuple(table.notes)
        reason = None if any(part.amount for part in shares) else table.reason(shares)
    return Deal(
        order_id=order.order_id,
        state=state,
        verdict=verdict,
        reason=reason,
        partner_id=won.partner_id,
        terms_id=terms.id,
        terms_label=terms.label,
        bucket=bucket,
        available_at=available_at,
        shares=shares,
        notes=notes,
    )


def _available_at(order: OrderInput, terms: Terms, world: World) -> datetime | None:
    since = order.folded.completed_since
    return None if since is None else hold_end(since, terms.hold_days, world.zone)


def _bucket(state: State, available_at: datetime | None, now: datetime) -> Bucket | None:
    """Return the bucket of everything the order earns; None: due is zero."""
    if state in _NOTHING:
        return None
    if state is State.REGISTERED:
        return Bucket.EXPECTED
    over = available_at is not None and available_at <= now
    return Bucket.AVAILABLE if over else Bucket.PENDING


@dataclass(frozen=True, slots=True)
class _Cell:
    """What a rate gives at one level from one line, before any cut; minor units."""

    resolved: Resolved
    amount: int
    of_order: tuple[int, Fraction] | None = None  # a fixed sum once per order: total, divided by


class _Table:
    """One order's levels by lines."""

    def __init__(self, order: OrderInput, partner_id: int, terms: Terms, world: World) -> None:
        self.order = order
        self.world = world
        self.terms = terms
        self.at = order.folded.snapshot.created_at
        self.notes: list[Note] = []
        self.lines = self._taking_part(bases(order.folded.snapshot, terms.base))
        self.facts = {line.line: _line_facts(line) for line in self.lines}
        self.offers = self._line_offers()
        above = upline(world.edges, partner_id, self.at, len(terms.levels) - 1)
        self.earners = dict(enumerate((partner_id, *above), start=1)) if terms.levels else {}

    def shares(self, bucket: Bucket) -> tuple[Share, ...]:
        """Return the shares, by level, then line; lines never give more than their base."""
        room = {line.line: floor(line.base) for line in self.lines}
        found = []
        for level, partner_id in self.earners.items():
            cells = self._row(level, partner_id)
            for line in self.lines:
                if line.line in cells:
                    cell = cells[line.line]
                    amount = min(cell.amount, room[line.line])
                    room[line.line] -= amount
                    why = self._why(line, cell, amount)
                    found.append(
                        Share(
                            self.order.order_id, line.line, level, partner_id, amount, bucket, why
                        )
                    )
        return tuple(found)

    def reason(self, shares: Sequence[Share]) -> str:
        """Say why nothing at all is earned."""
        if not self.lines:
            return self.notes[0].reason if self.notes else "no_lines"
        if not any(line.base for line in self.lines):
            return "nothing_left"
        return "rate_is_zero" if shares else "no_rate"

    def _taking_part(self, lines: Sequence[LineBase]) -> tuple[LineBase, ...]:
        kept = []
        for line in lines:
            if self.world.takes_part(line.product, self.at):
                kept.append(line)
            else:
                self.notes.append(Note("not_participating", line=line.line))
        return tuple(kept)

    def _line_offers(self) -> Mapping[str, tuple[Offer, ...]]:
        """Offers by line; shipping is no product and has none of its own."""
        folded, world = self.order.folded, self.world
        found = {
            line.id: world.line_offers(line, folded.facts_of(line), self.at)
            for line in folded.snapshot.lines
        }
        return found | {SHIPPING_LINE: ()}

    def _row(self, level: int, partner_id: int) -> Mapping[str, _Cell]:
        """What one earner gets at one level, by line; nothing to who does not stand."""
        barred = self._barred(partner_id)
        if barred is not None:
            self.notes.append(Note(barred.value, level=level, partner_id=partner_id))
            return {}
        own_terms = self.world.terms_of(partner_id, self.at)
        if level > len(own_terms.levels):
            self.notes.append(Note("no_such_level", level=level, partner_id=partner_id))
            return {}
        own = self.world.own_offers(partner_id, own_terms, self.at)
        found = {line.line: resolve((*own, *self.offers[line.line]), level) for line in self.lines}
        return self._amounts({name: rate for name, rate in found.items() if rate is not None})

    def _barred(self, partner_id: int) -> Reason | None:
        status = self.world.status(partner_id, self.at)
        if status is not Status.ACTIVE:
            return Reason.BLOCKED if status is Status.BLOCKED else Reason.INACTIVE
        buyer, known = self.order.buyer, self.world.identity(partner_id)
        same = known.is_buyer(buyer.member_id, buyer.email, buyer.phone)
        return Reason.SELF_REFERRAL if same else None

    def _amounts(self, rates: Mapping[str, Resolved]) -> Mapping[str, _Cell]:
        once: dict[tuple[Resolved, Fixed], list[LineBase]] = defaultdict(list)
        cells = {}
        for line in self.lines:
            resolved = rates.get(line.line)
            if resolved is None:
                continue
            if isinstance(resolved.rate, Percent):
                rate = Fraction(resolved.rate.value) / 100
                cells[line.line] = _Cell(resolved, share(line.base, rate))
            elif resolved.source.per_unit:
                units = Fraction(line.quantity) * line.kept
                cells[line.line] = _Cell(resolved, half_up(resolved.rate.minor * units))
            else:
                once[resolved, resolved.rate].append(line)
        for (resolved, fixed), lines in once.items():
            cells |= _once_per_order(resolved, fixed, lines)
        return cells

    def _why(self, line: LineBase, cell: _Cell, amount: int) -> dict[str, Any]:
        """Return everything that makes up the amount, so that it can be computed again."""
        why: dict[str, Any] = {
            "source": cell.resolved.source.value,
            "owner": cell.resolved.owner,
            "rate": write_rate(cell.resolved.rate, self.world.currency),
            "terms": self.terms.label,
            **self.facts[line.line],
            "rounding": "half_up",
            "cut": cell.amount - amount,
        }
        if cell.of_order is not None:
            total, divided_by = cell.of_order
            why |= {"order_total": total, "order_base": str(divided_by)}
        if why["cut"]:
            why["cut_reason"] = "above_base"
        return why


def _line_facts(line: LineBase) -> dict[str, Any]:
    """Return what a line's base is made of; sums shown are rounded, exact ones are fractions."""
    return {
        "value": line.value,
        "quantity": str(line.quantity),
        "tax": line.tax,
        "bonus": half_up(line.value - line.tax - line.full),
        "refunded": half_up(line.refunded),
        "kept": str(line.kept),
        "base": half_up(line.base),
        "base_exact": str(line.base),
    }


def _once_per_order(resolved: Resolved, rate: Fixed, lines: Sequence[LineBase]) -> dict[str, _Cell]:
    """Divide a fixed sum over the lines that resolved to it, by base; refunds shrink it."""
    full = sum((line.full for line in lines), Fraction(0))
    base = sum((line.base for line in lines), Fraction(0))
    total = half_up(rate.minor * base / full) if full else 0
    parts = split(total, [line.base for line in lines]) if total else [0] * len(lines)
    return {
        line.line: _Cell(resolved, part, (total, base))
        for line, part in zip(lines, parts, strict=True)
    }
