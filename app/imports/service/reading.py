"""Read a large file in the background: kept as it was given, then row by row, a piece in each transaction."""

from __future__ import annotations

import io
import tempfile
from base64 import b64decode, b64encode
from contextlib import contextmanager
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

from sqlalchemy import delete, func, select

from app import sql
from app.crypto import open_sealed, seal
from app.errors import NotFound
from app.extensions import db
from app.imports import queries
from app.imports.models import ImportChunk
from app.imports.queries import READING
from app.imports.rules import KINDS, MOST_ROWS, Place, Unreadable, read, read_on
from app.imports.service.lookups import key_of
from app.installation import settings
from app.runs import service as runs
from app.runs.rules import Step
from app.runs.service import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from app.imports.models import ImportFile
    from app.imports.rules import Sheet
    from app.runs.models import Run

CHUNK = 2**20  # bytes that are kept together
TOGETHER = 4 * CHUNK  # bytes of a CSV file that are read in one transaction
ROWS = 50_000  # rows of a workbook, whose bytes say nothing of its rows
BATCH = 5_000
_INSERT = """
INSERT INTO import_row (file_id, number, place, old_id, cells)
SELECT %(file)s, n, p, left({key}, 300), c
FROM json_to_recordset(%(rows)s) AS r(n bigint, p bigint, c text[])
"""


def store(file: ImportFile, rows: Iterable[tuple[int, list[str]]]) -> int:
    """Keep rows behind those that are kept already, and count them. Raises Unreadable for too many."""
    kind = KINDS[file.kind]
    insert = _INSERT.format(key=key_of(kind, file.mapping, "c"))
    rest, done = iter(rows), 0
    while part := list(islice(rest, BATCH)):
        if file.total + len(part) > MOST_ROWS:
            raise Unreadable("rows")
        found = [
            {"n": number, "p": place, "c": queries.seal_cells(c) if kind.sealed else c}
            for place, (number, c) in enumerate(part, start=file.total + 1)
        ]
        sql.send(insert, {"file": file.id, "rows": sql.recordset(found)})
        file.total += len(part)
        done += len(part)
    return done


def read_later(file: ImportFile, stream: IO[bytes], sign: str, place: Place | None) -> Run:
    """Keep a file as it was given, and begin to read the rest of it in the background."""
    stream.seek(0)
    for n in range(1 << 20):
        data = stream.read(CHUNK)
        if not data:
            break
        kept = seal(b64encode(data).decode()) if KINDS[file.kind].sealed else data
        db.session.add(ImportChunk(file_id=file.id, n=n, data=kept))
        db.session.flush()
    size = stream.seek(0, io.SEEK_END)
    told = {"offset": place.offset, "line": place.line} if place else {}
    said = {"file": file.public_id, "size": size, "sign": sign, **told}
    return runs.start(READING, said, "apply", f"{READING}:{file.public_id}")


class Kept(io.RawIOBase):
    """A file as it was given, read from where its pieces are kept; never whole in memory."""

    def __init__(self, file: ImportFile, size: int) -> None:
        """Stand at its beginning."""
        self.file, self.size, self.at = file, size, 0
        self.piece: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It can be read from anywhere."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte."""
        self.at = {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence] + offset
        return self.at

    def readinto(self, buffer: Any) -> int:
        """Give what comes next of one piece."""
        n, start = divmod(self.at, CHUNK)
        if self.piece[0] != n:
            self.piece = (n, self._piece(n))
        found = self.piece[1][start : start + len(buffer)]
        buffer[: len(found)] = found
        self.at += len(found)
        return len(found)

    def _piece(self, n: int) -> bytes:
        query = select(ImportChunk.data).where(
            ImportChunk.file_id == self.file.id, ImportChunk.n == n
        )
        data = db.session.scalar(query) or b""
        if data and KINDS[self.file.kind].sealed:
            return b64decode(open_sealed(data))
        return data


def _file(run: Run) -> ImportFile:
    file = queries.find(run.parameters["file"])
    if file is None:
        raise NotFound
    return file


def _count(run: Run) -> int:
    return int(run.parameters["size"])


def _take(run: Run, cursor: int, most: int) -> Sequence[int]:
    return range(cursor + 1, min(cursor + most, run.total) + 1)


def _apply(run: Run, ids: Sequence[int]) -> Step:
    """Read a piece on: up to the bytes that are its, or so many rows; what cannot be read ends it."""
    file, said = _file(run), dict(run.parameters)
    try:
        with db.session.begin_nested(), _opened(file, said) as sheet:
            place = _until(sheet, file, ids[-1]) if "offset" in said else _some(sheet, file)
    except Unreadable as error:
        run.parameters = said | {"unreadable": error.why}
        place = None
    if place is None or place.offset >= run.total:
        return Step(run.total, run.total - run.cursor)
    if "offset" in said:
        run.parameters = said | {"offset": place.offset, "line": place.line}
    return Step(place.offset, max(place.offset - run.cursor, 0))


@contextmanager
def _opened(file: ImportFile, said: dict[str, Any]) -> Iterator[Sheet]:
    kept = io.BufferedReader(Kept(file, said["size"]), CHUNK)
    if "offset" in said:
        place = Place(said["offset"], said["line"])
        yield read_on(kept, len(file.columns), said["sign"], place)
        return
    # A workbook is read from all its ends.
    with tempfile.TemporaryFile(dir=settings().var_dir) as whole:
        while data := kept.read(CHUNK):
            whole.write(data)
        yield read(whole)


def _until(sheet: Sheet, file: ImportFile, end: int) -> Place | None:
    """Keep rows up to a byte; None at the end of the file."""
    rows = iter(sheet.rows)
    while store(file, islice(rows, BATCH)) == BATCH:
        place = sheet.told()
        if place is not None and place.offset >= end:
            return place
    return None


def _some(sheet: Sheet, file: ImportFile) -> Place | None:
    """Keep the next rows of a workbook; how far that is, is guessed by the rows that one may have."""
    rows = islice(sheet.rows, file.total, file.total + ROWS)
    if store(file, rows) < ROWS:
        return None
    run = queries.reading_of(file)
    left = (run.total - run.cursor) // 2 if run else 0
    return Place((run.cursor if run else 0) + max(left, 1), 0)


def _ended(run: Run) -> None:
    file = _file(run)
    db.session.execute(delete(ImportChunk).where(ImportChunk.file_id == file.id))


def pieces(file: ImportFile) -> int:
    """Return how many pieces of a file are still kept as they were given."""
    query = select(func.count()).select_from(ImportChunk).where(ImportChunk.file_id == file.id)
    return db.session.scalar(query) or 0


KINDS_OF_RUNS: dict[str, Kind] = {
    READING: Kind(_count, _take, apply=_apply, together=TOGETHER, ended=_ended),
}
