"""Read what was brought along: files, rows with what becomes of them, sums there and here."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from app import sql
from app.crypto import open_sealed, seal
from app.extensions import db
from app.imports.models import ImportFile, ImportMapping, ImportOrigin, ImportRow
from app.imports.rules import KINDS, REFUSED, folded
from app.invitations.models import Invitation
from app.invitations.rules import OPEN
from app.partners.models import Partner
from app.partners.rules import Status
from app.runs.models import Run, RunLine
from app.runs.rules import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

IMPORT, UNDO, INVITE, READING = "import", "import_undo", "import_invite", "import_reading"
SEALED = "sealed:"  # how a row begins that is kept encrypted
SAMPLES = 5
FILES = 20


def find(public_id: str) -> ImportFile | None:
    """Return a file by its outside id."""
    return db.session.scalar(select(ImportFile).where(ImportFile.public_id == public_id))


def listed() -> Select[Any]:
    """Return the statement of all files."""
    return select(ImportFile)


def seal_cells(cells: Sequence[str]) -> list[str]:
    """Return a row as it is kept where what it says must stay encrypted: one cell."""
    return [SEALED + b64encode(seal(json.dumps(list(cells), ensure_ascii=False))).decode()]


def open_cells(file: ImportFile, cells: Sequence[str]) -> list[str]:
    """Return a row's cells as they stood in the file."""
    if not KINDS[file.kind].sealed:
        return list(cells)
    found: list[str] = json.loads(open_sealed(b64decode(cells[0].removeprefix(SEALED))))
    return found


def samples(file: ImportFile, most: int = SAMPLES) -> list[list[str]]:
    """Return the first rows of a file as they are."""
    query = select(ImportRow.cells).where(ImportRow.file_id == file.id).order_by(ImportRow.number)
    return [open_cells(file, cells) for cells in db.session.scalars(query.limit(most))]


def run_of(file: ImportFile) -> Run | None:
    """Return the newest look at a file, or what it became."""
    query = select(Run).where(Run.kind == IMPORT).order_by(Run.id.desc()).limit(1)
    return db.session.scalar(query.where(Run.parameters.contains({"file": file.public_id})))


def reading_of(file: ImportFile) -> Run | None:
    """Return the run that reads a large file in the background; None where it was read at once."""
    query = select(Run).where(Run.kind == READING).order_by(Run.id.desc()).limit(1)
    return db.session.scalar(query.where(Run.parameters.contains({"file": file.public_id})))


def unread(file: ImportFile) -> str | None:
    """Return why a file cannot be worked on: it is being read, or why it could not be; None when it can."""
    run = reading_of(file)
    if run is None:
        return None
    said: str | None = run.parameters.get("unreadable")
    return said or (None if run.standing == State.DONE else "reading")


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
      WHEN 'partner' THEN EXISTS (SELECT FROM partner p WHERE p.id = o.target_id AND p.status <> 'removed')
      WHEN 'member' THEN EXISTS (SELECT FROM member m WHERE m.id = o.target_id)
      WHEN 'binding' THEN EXISTS (SELECT FROM binding b WHERE b.member_id = o.target_id)
      WHEN 'card' THEN EXISTS (SELECT FROM loyalty_card c WHERE c.member_id = o.target_id
                               AND c.ended_at IS NULL)
      WHEN 'code' THEN EXISTS (SELECT FROM code c WHERE c.id = o.target_id AND c.retired_at IS NULL)
      ELSE o.given <> '{}' END
GROUP BY 1, 2
"""
_OPENED = """
SELECT split_part(reference, ':', 2) AS source,
       sum(CASE WHEN source = 'merchant:opening' THEN amount ELSE -amount END)::bigint AS total
FROM transfer WHERE 'merchant:opening' IN (source, target) GROUP BY 1
"""


_CREDITED = """
SELECT split_part(reference, ':', 2) AS source, sum(amount - clawed)::bigint AS total
FROM lot WHERE kind = 'import' GROUP BY 1
"""


def control() -> list[Sheet]:
    """Return what stood there and stands here, by system and kind: of the newest applied file of each."""
    files = _newest_applied()
    there = sql.rows(_THERE, {"files": files, "refused": REFUSED}) if files else []
    here = {(row.source, row.kind): row.number for row in sql.rows(_HERE, {})}
    opened = {row.source: row.total for row in sql.rows(_OPENED, {})}
    sums = {(source, "balance"): total for source, total in opened.items()}
    credited = sql.rows(_CREDITED, {})
    sums |= {(row.source, "lot"): row.total for row in credited}
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


@dataclass(frozen=True, slots=True)
class Due:
    """The next things of long work, and how many there are where that was asked."""

    ids: list[int]
    count: int = 0


def _due(column: Any, query: Select[Any], cursor: int | None, most: int) -> Due:
    if cursor is None:
        return Due([], db.session.scalar(select(func.count()).select_from(query.subquery())) or 0)
    return Due(list(db.session.scalars(query.where(column > cursor).order_by(column).limit(most))))


def given_by(file_id: int, cursor: int | None = None, most: int = 0) -> Due:
    """Return what a file gave last and was not taken back: how many, or the next after a cursor."""
    query = select(ImportOrigin.id).where(ImportOrigin.file_id == file_id)
    return _due(ImportOrigin.id, query, cursor, most)


def uninvited(cursor: int | None = None, most: int = 0) -> Due:
    """Return partners who were brought along, have an e-mail and neither account nor open invitation."""
    brought = select(ImportOrigin.target_id).where(
        ImportOrigin.kind == "partner", ImportOrigin.target_id == Partner.id
    )
    asked = select(Invitation.id).where(
        Invitation.email == Partner.email, Invitation.state.in_(list(OPEN))
    )
    query = select(Partner.id).where(
        Partner.status == Status.ACTIVE,
        Partner.email.is_not(None),
        Partner.person_id.is_(None),
        brought.exists(),
        ~asked.exists(),
    )
    return _due(Partner.id, query, cursor, most)


def undo_of(file: ImportFile) -> Run | None:
    """Return the newest run that takes a file back."""
    query = select(Run).where(Run.kind == UNDO).order_by(Run.id.desc()).limit(1)
    return db.session.scalar(query.where(Run.parameters.contains({"file": file.public_id})))


def invitation_run() -> Run | None:
    """Return the newest run that invites those who were brought along."""
    query = select(Run).where(Run.kind == INVITE).order_by(Run.id.desc()).limit(1)
    return db.session.scalar(query)


def kept(run: Run, most: int = 20) -> Sequence[RunLine]:
    """Return the first things that could not be taken back, with why."""
    query = select(RunLine).where(RunLine.run_id == run.id, RunLine.kind == "kept")
    return db.session.scalars(query.order_by(RunLine.id).limit(most)).all()
