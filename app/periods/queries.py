"""What stands in the way of closing a month, and who closed and reopened which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from app.documents import queries as documents
from app.documents.rules import Kind
from app.extensions import db
from app.papers import queries as papers
from app.payouts.models import Payout
from app.periods.models import Closing
from app.statements.rules import month_span

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date


@dataclass(frozen=True)
class Checklist:
    """What is still open for a month: counts, each of which opens a list."""

    waiting: int  # payouts asked for or approved in the month, and not over
    unknown: int  # of which nobody knows whether the money arrived
    no_act: int  # partners with earnings and without an act
    unsigned: int  # acts that are not signed
    no_receipt: int  # payouts paid without the receipt that they need

    @property
    def done(self) -> bool:
        """Whether nothing is open."""
        parts = (self.waiting, self.unknown, self.no_act, self.unsigned, self.no_receipt)
        return not any(parts)


def checklist(month: date, zone: str) -> Checklist:
    """Return what is open for a month."""
    span = month_span(month, zone)
    by_state = (
        select(Payout.state, func.count())
        .where(
            Payout.state.in_(("requested", "approved", "sending", "unknown")),
            Payout.requested_at < span.ends,
        )
        .group_by(Payout.state)
    )
    states: dict[str, int] = {row[0]: row[1] for row in db.session.execute(by_state)}
    unknown = states.pop("unknown", 0)
    return Checklist(
        waiting=sum(states.values()),
        unknown=unknown,
        no_act=len(documents.wanting(Kind.ACT, span)),
        unsigned=documents.unsigned(span),
        no_receipt=papers.without_receipt(span),
    )


def history(limit: int = 50) -> Sequence[Closing]:
    """Return closings and reopenings, newest first."""
    return db.session.scalars(select(Closing).order_by(Closing.id.desc()).limit(limit)).all()
