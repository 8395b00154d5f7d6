"""Read the journal of claims."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.attribution.models import Claim
from app.extensions import db
from app.partners.models import Partner

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class Entry:
    """One claim on an order: what, whose, when, won or lost and why."""

    kind: str
    evidence: str
    partner: str | None
    touch_at: datetime | None
    won: bool
    why: str


def journal(order_id: int) -> list[Entry]:
    """Return every claim on an order, the winner first."""
    rows = db.session.execute(
        select(Claim, Partner.name)
        .outerjoin(Partner, (Partner.tenant_id == Claim.tenant_id) & (Partner.id == Claim.partner_id))
        .where(Claim.order_id == order_id)
        .order_by(Claim.won.desc(), Claim.id)
    )
    return [Entry(c.kind, c.evidence, name, c.touch_at, c.won, c.why) for c, name in rows]
