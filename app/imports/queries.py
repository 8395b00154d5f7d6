"""Read what was brought along: files, rows with what becomes of them, sums there and here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from app import sql
from app.extensions import db
from app.imports.models import ImportFile, ImportMapping, ImportOrigin, ImportRow
from app.imports.rules import REFUSED, folded
from app.runs.models import Run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

IMPORT = "import"
SAMPLES = 5
FILES = 20


def find(public_id: str) -> ImportFile | None:
    """Return a file by its outside id."""
    return db.session.scalar(select(ImportFile).where(ImportFile.public_id == public_id))


def listed() -> Select[Any]:
    """Return the statement of all files."""
    return select(ImportFile)


def samples(file: ImportFile, most: int = SAMPLES) -> list[list[str]]:
    """Return the first rows of a file as they are."""
    query = select(ImportRow.cells).where(ImportRow.file_id == file.id).order_by(ImportRow.number)
    return list(db.session.scalars(query.limit(most)))


def run_of(file: ImportFile) -> Run | None:
    """Return the newest look at a file, or what it became."""
    query = select(Run).where(Run.kind == IMPORT).order_by(Run.id.desc()).limit(1)
    return db.session.scalar(query.where(Run.parameters.contains({"file": file.public_id})))


def runs_of(files: Sequence[ImportFile]) -> dict[str, Run]:
    """Return the newest run of each file, by the file's outside id."""
    wanted = [file.public_id for file in files]
    said = Run.parameters["file"].astext
    query = select(Run).where(Run.kind == IMPORT, said.in_(wanted)).order_by(Run.id)
    return {run.parameters["file"]: run for run in db.session.scalars(query)}


def rows_of(file: ImportFile) -> Select[Any]:
    """Return the statement of a file's rows."""
    return select(ImportRow).where(ImportRow.file_id == file.id)


def rows_after(file: ImportFile, number: int, most: int) -> Sequence[ImportRow]:
    """Return the next rows of a file, by line."""
    query = rows_of(file).where(ImportRow.number > number).order_by(ImportRow.number)
    return db.session.scalars(query.limit(most)).all()


def verdicts(file: ImportFile) -> dict[str, int]:
    """Return how many rows came to what."""
    query = select(ImportRow.verdict, func.count()).where(ImportRow.file_id == file.id)
    rows = db.session.execute(query.group_by(ImportRow.verdict))
    return {verdict: number for verdict, number in rows if verdict is not None}


def remembered(source: str, kind: str, columns: Sequence[str]) -> ImportMapping | None:
    """Return what the columns of a file with these heads meant the last time."""
    query = select(ImportMapping).where(
        ImportMapping.source == source,
        ImportMapping.kind == kind,
        ImportMapping.heads == heads_of(columns),
    )
    return db.session.scalar(query)


def heads_of(columns: Sequence[str]) -> str:
    """Return the heads of a file as they are remembered."""
    return "|".join(folded(column) for column in columns)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One kind of what one system gave: rows and sums of the newest file there, and what stands here of them."""

    source: str
    kind: str
    rows: int
    refused: int
    here: int
    there_sum: int | None
    here_sum: int | None
    refused_sum: int

    @property
    def missing(self) -> int:
        """How many rows of the file are not here."""
        return self.rows - self.here

    @property
    def short(self) -> int | None:
        """What of the sum is not here."""
        if self.there_sum is None or self.here_sum is None:
            return None
        return self.there_sum - self.here_sum


_THERE = """
SELECT f.source, f.kind, count(*) AS rows, count(*) FILTER (WHERE r.verdict = %(refused)s) AS refused,
       coalesce(sum(r.amount), 0)::bigint AS total,
       coalesce(sum(r.amount) FILTER (WHERE r.verdict = %(refused)s), 0)::bigint AS refused_total
FROM import_file f JOIN import_row r ON r.file_id = f.id
WHERE f.id = ANY(%(files)s) GROUP BY 1, 2 ORDER BY 1, 2
"""
# What stands here is read from where it stands, not from what the import remembers.
_HERE = """
SELECT o.source, o.kind, count(*) AS number FROM import_origin o
WHERE CASE o.kind
      WHEN 'partner' THEN EXISTS (SELECT FROM partner p WHERE p.id = o.target_id)
      WHEN 'balance' THEN EXISTS (SELECT FROM partner p WHERE p.id = o.target_id) ELSE true END
GROUP BY 1, 2
"""
_OPENED = """
SELECT split_part(reference, ':', 2) AS source,
       sum(CASE WHEN source = 'merchant:opening' THEN amount ELSE -amount END)::bigint AS total
FROM transfer WHERE 'merchant:opening' IN (source, target) GROUP BY 1
"""


def control() -> list[Sheet]:
    """Return what stood there and stands here, by system and kind: of the newest applied file of each."""
    files = _newest_applied()
    there = sql.rows(_THERE, {"files": files, "refused": REFUSED}) if files else []
    here = {(row.source, row.kind): row.number for row in sql.rows(_HERE, {})}
    opened = {row.source: row.total for row in sql.rows(_OPENED, {})}
    sums = {(source, "balance"): total for source, total in opened.items()}
    return [
        Sheet(
            row.source,
            row.kind,
            row.rows,
            row.refused,
            here.get((row.source, row.kind), 0),
            row.total if row.kind in SUMMED else None,
            sums.get((row.source, row.kind), 0) if row.kind in SUMMED else None,
            row.refused_total,
        )
        for row in there
    ]


SUMMED = ("balance", "lot")


def _newest_applied() -> list[int]:
    query = (
        select(ImportFile.id)
        .ext(distinct_on(ImportFile.source, ImportFile.kind))
        .join(Run, Run.parameters["file"].astext == ImportFile.public_id)
        .where(Run.kind == IMPORT, Run.phase == "apply")
        .order_by(ImportFile.source, ImportFile.kind, ImportFile.id.desc())
    )
    return list(db.session.scalars(query))


def origins_of(file: ImportFile) -> Select[Any]:
    """Return the statement of what a file gave last."""
    return select(ImportOrigin).where(ImportOrigin.file_id == file.id)
