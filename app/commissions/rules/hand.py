"""What staff set one order to earn: their word stands in place of rates, exclusions and caps."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

from app.commissions.rules.shapes import BY_HAND, Bucket, Share
from app.money import half_up, split
from app.orders.rules import SHIPPING_LINE, bases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.commissions.rules.shapes import Override
    from app.commissions.rules.table import Table
    from app.orders.rules import LineBase


@dataclass(frozen=True, slots=True)
class _Spread:
    """Lines that a sum is laid over: by their bases, else by their values, refunds taken off."""

    names: tuple[str, ...]
    full: Fraction
    left: tuple[Fraction, ...]
    base: Fraction

    @classmethod
    def over(cls, lines: Sequence[LineBase]) -> _Spread:
        by_base = any(line.full for line in lines)
        full = [line.full if by_base else Fraction(line.value) for line in lines]
        left = [whole * line.kept for whole, line in zip(full, lines, strict=True)]
        return cls(
            tuple(line.line for line in lines),
            sum(full, Fraction(0)),
            tuple(left),
            sum((line.base for line in lines), Fraction(0)),
        )

    def parts(self, amount: int) -> dict[str, int]:
        """Divide a sum, minor units; refunds shrink it by f, as they do fixed sums."""
        if not self.full:  # an order of no worth holds nothing that could be given back
            return {self.names[0] if self.names else SHIPPING_LINE: amount}
        left = sum(self.left, Fraction(0))
        total = half_up(amount * left / self.full)
        parts = split(total, self.left) if total else [0] * len(self.names)
        return dict(zip(self.names, parts, strict=True))


def set_by_hand(
    table: Table, bucket: Bucket | None, shares: Sequence[Share]
) -> tuple[Share, ...] | None:
    """Put what staff set in place of what was computed, level by level; None: they set nothing.

    The sum of a level, minor units, is laid over all lines of the order, those too that take no part.
    It is never cut, neither by the base nor by caps, and takes no room from other levels. It is that
    of the partner for whom it was set: where another stands, or nobody, the rules say. `bucket` None:
    due is zero.
    """
    said = [o for o in table.order.overrides if table.earners.get(o.level) == o.partner_id]
    if not said:
        return None
    spread = _Spread.over(bases(table.order.folded.snapshot, table.terms.base))
    levels = {override.level for override in said}
    found = [share for share in shares if share.level not in levels]
    for override in said:
        computed = sum(s.amount for s in shares if s.level == override.level)
        found += _shares(table, override, spread, bucket, computed)
    return tuple(sorted(found, key=lambda share: share.level))


def _shares(
    table: Table, said: Override, spread: _Spread, bucket: Bucket | None, computed: int
) -> list[Share]:
    parts = spread.parts(said.amount)
    why = {
        "source": BY_HAND,
        "set": said.amount,
        "reason": said.reason,
        "by": said.by,
        "at": said.at.isoformat(),
        "computed": computed,
        "terms": table.terms.label,
        "above_base": max(0, sum(parts.values()) - floor(spread.base)),
        "shrunk": said.amount - sum(parts.values()),
    }
    return [
        Share(
            table.order.order_id,
            line,
            said.level,
            said.partner_id,
            0 if bucket is None else amount,
            bucket or Bucket.TAKEN_BACK,
            why,
        )
        for line, amount in parts.items()
    ]
