"""What a partner's money is about: which claims lost, when the next of it is free, what moved it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from app.attribution.models import Claim
from app.commissions.models import Deal, Share
from app.extensions import db
from app.orders.models import Order
from app.payouts.models import Payout

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Select

    from app.ledger.queries import Entry
    from app.statements.rules import Line


@dataclass(frozen=True)
class Subject:
    """What an entry is about: an order by its number and its deal, or a payout."""

    number: str | None = None
    deal: str | None = None
    payout: str | None = None


def lost_claims(partner_id: int) -> Select[Any]:
    """What spoke for a partner on an order and lost, with why."""
    columns: tuple[Any, ...] = (
        Claim.id,
        Claim.kind,
        Claim.evidence,
        Claim.why,
        Order.created_at,
        Order.state,
        Deal.public_id.label("deal"),
    )
    return (
        select(*columns)
        .join(Order, (Order.tenant_id == Claim.tenant_id) & (Order.id == Claim.order_id))
        .join(Deal, (Deal.tenant_id == Claim.tenant_id) & (Deal.order_id == Claim.order_id))
        .where(Claim.partner_id == partner_id, Claim.won.is_(False))
    )


def next_free(partner_id: int) -> Any:
    """Return when the next of a partner's held money becomes available, and how much; None: not known."""
    query = (
        select(Deal.matures_at, func.sum(Share.amount).label("amount"))
        .join(Share, (Share.tenant_id == Deal.tenant_id) & (Share.order_id == Deal.order_id))
        .where(
            Share.partner_id == partner_id,
            Share.bucket == "pending",
            Share.amount > 0,
            Deal.matures_at.is_not(None),
        )
        .group_by(Deal.matures_at)
        .order_by(Deal.matures_at)
        .limit(1)
    )
    return db.session.execute(query).first()


def subjects(entries: Iterable[Entry | Line]) -> dict[int, Subject]:
    """Return what entries of a statement are about, by their ids; those about neither are left out."""
    entries = list(entries)
    orders = (
        select(Order.id, Order.number, Deal.public_id)
        .join(Deal, (Deal.tenant_id == Order.tenant_id) & (Deal.order_id == Order.id))
        .where(Order.id.in_({e.order_id for e in entries if e.order_id is not None}))
    )
    numbers = {e.id: number for e in entries if (number := _payout(e)) is not None}
    payouts = select(Payout.id, Payout.public_id).where(Payout.id.in_(set(numbers.values())))
    known = {row.id: Subject(row.number, row.public_id) for row in db.session.execute(orders)}
    paid = {row.id: Subject(payout=row.public_id) for row in db.session.execute(payouts)}
    found = {e.id: known.get(e.order_id or 0) or paid.get(numbers.get(e.id, 0)) for e in entries}
    return {entry_id: subject for entry_id, subject in found.items() if subject is not None}


def _payout(entry: Entry | Line) -> int | None:
    kind, _, rest = entry.reference.partition(":")
    number = rest.partition(":")[0]
    return int(number) if kind == "payout" and number.isdecimal() else None
