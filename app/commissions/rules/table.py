"""One order as a table: who earns at each level, from which line, at which rate, and why."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any

from app.attribution.rules import Reason
from app.commissions.rules.shapes import Bucket, Note, OrderInput, Share
from app.commissions.rules.world import NOWHERE, covering
from app.money import half_up, share, split
from app.orders.rules import SHIPPING_LINE, LineBase, bases
from app.partners.rules import Status, climb
from app.programs.rules import Fixed, Percent, Resolved, Source, resolve, write_rate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from app.commissions.rules.world import Spot, Terms, World

CASHBACK = 0  # the level of the buyer who is a partner himself


@dataclass(frozen=True, slots=True)
class _Cell:
    """What a rate gives at one level from one line, before any cut; minor units."""

    resolved: Resolved
    amount: int
    of_order: tuple[int, Fraction] | None = None  # a fixed sum once per order: total, divided by


class Table:
    """One order's levels by lines."""

    def __init__(self, order: OrderInput, partner_id: int, terms: Terms, world: World) -> None:
        self.order = order
        self.world = world
        self.terms = terms
        self.at = order.folded.snapshot.created_at  # who stands where
        self.rated_at = order.rated_at  # what is paid
        self.notes: list[Note] = []
        self.earning = world.earning(self.rated_at)
        self.lines = self._taking_part(bases(order.folded.snapshot, terms.base))
        self.facts = {line.line: _line_facts(line) for line in self.lines}
        self.spots = self._spots()
        self.offers = {
            name: world.line_offers(spot, self.rated_at) for name, spot in self.spots.items()
        }
        self.own = world.own_partner(order.buyer, self.at)
        self.earners = self._earners(partner_id)

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
                    if level == CASHBACK:
                        why["cashback"] = True
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
        promotional = set() if self.earning.promotional else self._promotional()
        kept = []
        for line in lines:
            if not self.world.takes_part(line.product, self.rated_at):
                self.notes.append(Note("not_participating", line=line.line))
            elif line.line in promotional:
                self.notes.append(Note("promotional", line=line.line))
            else:
                kept.append(line)
        return tuple(kept)

    def _promotional(self) -> set[str]:
        folded, world = self.order.folded, self.world
        return {
            line.id
            for line in folded.snapshot.lines
            if world.is_promotional(line, folded.facts_of(line), self.rated_at)
        }

    def _spots(self) -> Mapping[str, Spot]:
        """Places in the catalogue by line; shipping is no product and has none."""
        folded, world = self.order.folded, self.world
        found = {
            line.id: world.spot_of(line, folded.facts_of(line), self.rated_at)
            for line in folded.snapshot.lines
        }
        return found | {SHIPPING_LINE: NOWHERE}

    def _earners(self, partner_id: int) -> Mapping[int, int]:
        """Partners by level: the buyer himself at 0 where own purchases earn, sponsors from 1 or 2."""
        deepest = len(self.terms.levels)
        if partner_id == self.own:
            return {CASHBACK: partner_id} | dict(
                zip(range(1, deepest + 1), self._above(partner_id), strict=False)
            )
        if not deepest:
            return {}
        return {1: partner_id} | dict(
            zip(range(2, deepest + 1), self._above(partner_id), strict=False)
        )

    def _above(self, partner_id: int) -> Iterator[int]:
        """Sponsors, nearest first; with compression who does not stand leaves his level to the next."""
        for sponsor in climb(self.world.edges, partner_id, self.at):
            gone = self.world.status(sponsor, self.at) is not Status.ACTIVE
            if gone and self.earning.compression:
                self.notes.append(Note("compressed", partner_id=sponsor))
            else:
                yield sponsor

    def _row(self, level: int, partner_id: int) -> Mapping[str, _Cell]:
        """What one earner gets at one level, by line; nothing to who does not stand."""
        barred = self._barred(level, partner_id)
        if barred is not None:
            self.notes.append(Note(barred.value, level=level, partner_id=partner_id))
            return {}
        own_terms = self.world.terms_of(partner_id, self.rated_at)
        if level > len(own_terms.levels):
            self.notes.append(Note("no_such_level", level=level, partner_id=partner_id))
            return {}
        if level == CASHBACK:
            return self._cashback(partner_id, own_terms)
        group = self.order.folded.buyer_group
        own = self.world.own_offers(partner_id, own_terms, self.rated_at, group)
        special = self.world.campaigns(partner_id, self.rated_at)
        found = {}
        for line in self.lines:
            campaigns = covering(special, self.spots[line.line])
            found[line.line] = resolve((*own, *campaigns, *self.offers[line.line]), level)
        return self._amounts({name: rate for name, rate in found.items() if rate is not None})

    def _cashback(self, partner_id: int, own_terms: Terms) -> Mapping[str, _Cell]:
        """What an own purchase earns: the rate of the buyer's terms, from every line."""
        if own_terms.cashback is None:
            self.notes.append(Note("no_cashback_rate", level=CASHBACK, partner_id=partner_id))
            return {}
        rate = Resolved(own_terms.cashback, Source.TERMS, f"terms:{own_terms.id}")
        return self._amounts({line.line: rate for line in self.lines})

    def _barred(self, level: int, partner_id: int) -> Reason | None:
        status = self.world.status(partner_id, self.at)
        if status is not Status.ACTIVE:
            return Reason.BLOCKED if status is Status.BLOCKED else Reason.INACTIVE
        if level == CASHBACK:
            return None
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
        if cell.resolved.buyer_group is not None:
            why["buyer_group"] = cell.resolved.buyer_group
        if cell.of_order is not None:
            total, divided_by = cell.of_order
            why |= {"order_total": total, "order_base": str(divided_by)}
        if why["cut"]:
            why["cut_reason"] = "above_base"
        return why


def _line_facts(line: LineBase) -> dict[str, Any]:
    """Return what a line's base is made of; sums shown are rounded, exact ones are fractions."""
    grown = {} if line.grown == 1 else {"undiscounted": half_up(line.value * line.grown)}
    return {
        **grown,
        "value": line.value,
        "quantity": str(line.quantity),
        "tax": line.tax,
        "bonus": half_up(line.bonus),
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
