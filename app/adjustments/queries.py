"""Read entries by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from app import sql
from app.adjustments.models import Adjustment, Batch
from app.commissions.queries import overrides
from app.extensions import db
from app.partners.models import Partner
from app.partners.queries import partner_of_code

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.commissions.queries import DealView

Counter = aliased(Adjustment)


def entries() -> Select[Any]:
    """Return the statement of every entry with its partner, its batch, and what took it back."""
    columns: tuple[Any, ...] = (
        Adjustment.id,
        Adjustment.public_id,
        Adjustment.at,
        Adjustment.act,
        Adjustment.amount,
        Adjustment.reason,
        Adjustment.actor,
        Partner.name.label("partner"),
        Partner.refcode,
        Batch.public_id.label("batch"),
        Counter.public_id.label("undone_by"),
    )
    return (
        select(*columns)
        .join(
            Partner,
            (Partner.tenant_id == Adjustment.tenant_id) & (Partner.id == Adjustment.partner_id),
        )
        .outerjoin(
            Batch, (Batch.tenant_id == Adjustment.tenant_id) & (Batch.id == Adjustment.batch_id)
        )
        .outerjoin(
            Counter,
            (Counter.tenant_id == Adjustment.tenant_id) & (Counter.undo_of_id == Adjustment.id),
        )
    )


def batch(public_id: str) -> Batch | None:
    """Return a batch by its outside id."""
    return db.session.scalar(select(Batch).where(Batch.public_id == public_id))


def booked(keys: Iterable[str]) -> set[str]:
    """Return which of these batches there are."""
    query = select(Batch.public_id).where(Batch.public_id.in_(set(keys)))
    return set(db.session.scalars(query))


def standing_entries(batch_id: int) -> int:
    """Return how many entries of a batch may still be taken back."""
    statement = entries().where(
        Adjustment.batch_id == batch_id, Counter.id.is_(None), Adjustment.act != "undo"
    )
    return len(db.session.execute(statement).all())


def partners_by_code(codes: Iterable[str]) -> dict[str, Partner]:
    """Return {folded code: partner} for refcodes, renamed ones included."""
    owners = partner_of_code(codes)
    found = db.session.scalars(select(Partner).where(Partner.id.in_(set(owners.values()))))
    partners = {partner.id: partner for partner in found}
    return {code: partners[owner] for code, owner in owners.items()}


def refcodes(statement: Select[Any], most: int) -> list[str]:
    """Return the refcodes of a list's partners, at most so many."""
    return list(db.session.scalars(statement.with_only_columns(Partner.refcode).limit(most)))


def standing_at(view: DealView) -> dict[int, int]:
    """Return the partner who stands at each level that anybody earns at, or would."""
    winner = {1: view.partner.id} if view.partner else {}
    return winner | {row.level: row.partner_id for row in view.shares}


def set_for_others(view: DealView) -> list[Any]:
    """Return what staff set for partners who no longer stand there: level, amount, reason, name."""
    now = standing_at(view)
    said = overrides([view.deal.order_id]).get(view.deal.order_id, ())
    others = [o for o in said if now.get(o.level) != o.partner_id]
    names = sql.rows(_NAMES, {"partners": [o.partner_id for o in others]}) if others else ()
    by_id = {row.id: row.name for row in names}
    return [
        {"level": o.level, "amount": o.amount, "reason": o.reason, "name": by_id[o.partner_id]}
        for o in others
    ]


_NAMES = "SELECT id, name FROM partner WHERE id = ANY(%(partners)s)"
