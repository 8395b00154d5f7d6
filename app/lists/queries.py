"""Read views that people kept, and exports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from app.extensions import db
from app.lists.models import ExportPart, SavedView
from app.lists.rules import unpack
from app.runs.models import Run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EXPORT = "export"
SHOWN = 20


def views(name: str, person_id: int) -> Sequence[SavedView]:
    """Return the views of a list that a person sees: the person's own, then everybody's."""
    query = select(SavedView).where(
        SavedView.list == name,
        or_(SavedView.person_id == person_id, SavedView.person_id.is_(None)),
    )
    return db.session.scalars(query.order_by(SavedView.person_id, func.lower(SavedView.name))).all()


def view(view_id: int, person_id: int) -> SavedView | None:
    """Return a view that a person sees."""
    query = select(SavedView).where(SavedView.id == view_id)
    return db.session.scalar(
        query.where(or_(SavedView.person_id == person_id, SavedView.person_id.is_(None)))
    )


def exports() -> Sequence[Run]:
    """Return the newest exports."""
    query = select(Run).where(Run.kind == EXPORT).order_by(Run.id.desc()).limit(SHOWN)
    return db.session.scalars(query).all()


def has_rows(run_id: int) -> bool:
    """Tell whether an export's rows are still kept."""
    query = select(ExportPart.number).where(ExportPart.run_id == run_id, ExportPart.number > 0)
    return db.session.scalar(query.limit(1)) is not None


def rows_of(run_id: int) -> Iterator[list[Any]]:
    """Give an export's rows in their order, part by part."""
    number = 0
    query = select(ExportPart.number, ExportPart.rows).where(ExportPart.run_id == run_id)
    while (
        part := db.session.execute(
            query.where(ExportPart.number > number).order_by(ExportPart.number).limit(1)
        ).first()
    ) is not None:
        number = part.number
        for row in part.rows:
            yield [unpack(value) for value in row]
