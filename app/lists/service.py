"""Verbs on views of lists: keep, forget; and on the parts of exports."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.errors import DomainError, FieldError
from app.events.service import record
from app.extensions import db
from app.lists.models import ExportPart, SavedView
from app.lists.rules import LONGEST_NAME, MOST_VIEWS, pack

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

KEPT = timedelta(days=7)  # rows of an export
TOGETHER = 1_000  # ids of a part that says the order


def keep(name: str, title: str, query: str, person_id: int | None) -> None:
    """Keep a list's filter under a title, for a person or (None) for everybody; the old of that title goes.

    Raises DomainError for a title that cannot stand, and when there are too many.
    """
    title = " ".join(title.split())
    if not 0 < len(title) <= LONGEST_NAME or "\x00" in title:
        words = _("A name has 1 to %(most)s characters.", most=LONGEST_NAME)
        raise DomainError("invalid", words, FieldError("name", words))
    own = SavedView.person_id == person_id if person_id else SavedView.person_id.is_(None)
    known = select(func.count()).select_from(SavedView).where(SavedView.list == name, own)
    if (db.session.scalar(known) or 0) >= MOST_VIEWS:
        words = _("There are too many views. Delete one first.")
        raise DomainError("too_many", words, FieldError("name", words))
    made = insert(SavedView).values(
        list=name, name=title, query=query, person_id=person_id, created_at=clock.now()
    )
    db.session.execute(
        made.on_conflict_do_update(
            index_elements=["tenant_id", "list", "person_id", "name"],
            set_={"query": made.excluded.query},
        )
    )


def forget(view: SavedView) -> None:
    """Delete a view."""
    db.session.delete(view)


def told(name: str, rows: int, kind: str) -> None:
    """Write down that somebody took a list out of the house."""
    record("list.exported", f"list:{name}", list=name, rows=rows, format=kind)


def put_part(run_id: int, number: int, rows: Iterable[Sequence[Any]]) -> None:
    """Keep some rows of an export; `number` orders the parts, below 0 are those that say the order."""
    packed = [[pack(value) for value in row] for row in rows]
    part = ExportPart(run_id=run_id, number=number, rows=packed, created_at=clock.wall())
    db.session.add(part)
    db.session.flush()


def put_order(run_id: int, ids: Sequence[int]) -> None:
    """Keep which things an export holds, in the list's order; their ranks begin with 1."""
    for start in range(0, len(ids), TOGETHER):
        put_part(run_id, -1 - start // TOGETHER, [[i] for i in ids[start : start + TOGETHER]])


def ids_at(run_id: int, ranks: Sequence[int]) -> list[int]:
    """Return the ids that stand at some ranks of an export, in their order."""
    parts = sorted({(rank - 1) // TOGETHER for rank in ranks})
    query = select(ExportPart.number, ExportPart.rows).where(
        ExportPart.run_id == run_id, ExportPart.number.in_([-1 - part for part in parts])
    )
    known = {-1 - row.number: row.rows for row in db.session.execute(query)}
    return [known[(r - 1) // TOGETHER][(r - 1) % TOGETHER][0] for r in ranks]


def prune() -> None:
    """Forget the rows of old exports: they hold people's names."""
    db.session.execute(delete(ExportPart).where(ExportPart.created_at < clock.wall() - KEPT))
