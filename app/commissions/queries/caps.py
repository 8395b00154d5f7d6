"""Read how much of a month's caps is given."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select

from app.commissions.models import Cap
from app.extensions import db


@dataclass(frozen=True)
class Counter:
    """How much of a monthly cap is given, minor units; `owner` is the partner's or the terms' id."""

    kind: str
    owner: int | None
    given: int
    most: int

    @property
    def percent(self) -> Decimal:
        """How much of a hundred is given, in whole percent."""
        return Decimal(100 * self.given // self.most) if self.most else Decimal(100)


def cap_counters(month: str, limit: int = 50) -> list[Counter]:
    """Return the caps of a month ("2026-11") of which something is given, those nearest their end first."""
    query = (
        select(Cap)
        .where(Cap.key.like(f"%:{month}"), Cap.most > 0, Cap.given > 0)
        .order_by((Cap.given * 1000 / Cap.most).desc(), Cap.key)
    )
    return [_counter(cap) for cap in db.session.scalars(query.limit(limit))]


def cap_counter(partner_id: int, month: str) -> Counter | None:
    """Return how much of a partner's own monthly cap is given; None before anything is."""
    cap = db.session.scalar(select(Cap).where(Cap.key == f"partner:{partner_id}:{month}"))
    return _counter(cap) if cap else None


def _counter(cap: Cap) -> Counter:
    kind, _, rest = cap.key.partition(":")
    owner = rest.rpartition(":")[0]
    return Counter(kind, int(owner) if owner else None, cap.given, cap.most)
