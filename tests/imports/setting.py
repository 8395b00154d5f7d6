"""A merchant who moves in: files as bytes, taken, mapped, looked at and applied."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app.extensions import db
from app.imports import queries, service
from app.imports.models import ImportFile, ImportRow
from app.partners.models import Partner
from app.runs import service as runs
from app.runs.rules import OPEN

if TYPE_CHECKING:
    from app.runs.models import Run


def csv(*lines: str, coding: str = "utf-8") -> bytes:
    """Write lines as a file."""
    return ("\r\n".join(lines) + "\r\n").encode(coding)


def taken(data: bytes, kind: str = "partner", source: str = "other", **options: Any) -> ImportFile:
    """Take a file in, its columns as they are guessed."""
    file = service.take(io.BytesIO(data), "old.csv", source, kind)
    service.choose(file, file.mapping, {**file.options, **options})
    return file


def work(run: Run) -> Run:
    """Do a run's phase to its end."""
    while run.standing in OPEN:
        runs.work(run.id, service.KINDS)
        db.session.refresh(run)
    return run


def brought(
    data: bytes, kind: str = "partner", source: str = "other", **options: Any
) -> ImportFile:
    """Take a file in, look at it and apply it."""
    file = taken(data, kind, source, **options)
    run = work(service.look(file))
    work(service.apply(run))
    return file


def rows(file: ImportFile) -> dict[str | None, tuple[str | None, list[str]]]:
    """Return what became of rows, and why, by old id."""
    found = db.session.scalars(queries.rows_of(file).order_by(ImportRow.number))
    return {r.old_id: (r.verdict, [flaw["code"] for flaw in r.flaws]) for r in found}


def network() -> dict[str, str | None]:
    """Return who stands below whom, by refcodes."""
    partners = db.session.scalars(select(Partner).order_by(Partner.id)).all()
    codes = {p.id: p.refcode for p in partners}
    return {p.refcode: codes.get(p.sponsor_id or 0) for p in partners}
