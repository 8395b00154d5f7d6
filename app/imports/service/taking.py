"""Take a file in, row by row; choose what its columns mean; throw it away."""

from __future__ import annotations

from itertools import islice
from typing import IO, TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.errors import Conflict, DomainError, FieldError
from app.events.service import actor
from app.extensions import db
from app.imports import queries
from app.imports.models import ImportFile, ImportMapping, ImportRow
from app.imports.rules import (
    KINDS,
    Unreadable,
    guess,
    guess_decimal,
    missing,
    read,
    twice,
)
from app.imports.service.reading import read_later, store
from app.runs.rules import OPEN
from app.tenancy import public_id
from app.tenants import service as tenants
from app.tenants.queries import setting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

AT_ONCE = 1_000  # rows that are read while the merchant waits
LONGEST_FILE_NAME = 120
MOST_PARAMETERS = 5


def take(stream: IO[bytes], name: str, source: str, kind: str) -> ImportFile:
    """Take in a file, with a guess of what its columns mean; a large one is read on in the background.

    Raises Unreadable for what shows to be no list at its beginning.
    """
    sheet = read(stream)
    rows = iter(sheet.rows)
    first = list(islice(rows, AT_ONCE))
    if not first:
        raise Unreadable("empty")
    known = queries.remembered(source, kind, sheet.columns)
    cells = [cell for _n, row in first[:200] for cell in row]
    guessed = {"decimal": guess_decimal(cells), "days": "dmy"}
    file = ImportFile(
        public_id=public_id("im"),
        source=source,
        kind=kind,
        name=name[-LONGEST_FILE_NAME:] or "-",
        encoding=sheet.encoding,
        columns=list(sheet.columns),
        mapping=dict(known.mapping) if known else guess(sheet.columns, kind, source),
        options={**guessed, **(known.options if known else {}), "chosen": False},
        total=0,
        created_at=clock.now(),
        created_by=actor(),
    )
    with db.session.begin_nested():  # a file that cannot be read leaves nothing
        db.session.add(file)
        db.session.flush()
        store(file, first)
        place = sheet.told()
        if next(rows, None) is not None:
            read_later(file, stream, sheet.sign, place)
        db.session.flush()
    return file


def choose(file: ImportFile, mapping: Mapping[str, int], options: Mapping[str, Any]) -> None:
    """Say what the columns mean; it is remembered for the next file with the same heads.

    Raises DomainError at a needed field without a column and at a column that is to mean two things,
    Conflict while the file is being worked on.
    """
    run = queries.run_of(file)
    if run is not None and run.standing in OPEN:
        raise Conflict("busy", _("This file is being worked on. Wait for its end, or stop it."))
    places = {f.name: mapping[f.name] for f in KINDS[file.kind].fields if f.name in mapping}
    wrong = [
        FieldError(name, _("Choose the column that says it."))
        for name in missing(file.kind, places)
    ]
    wrong += [
        FieldError(name, _("This column means something else already.")) for name in twice(places)
    ]
    wrong += [
        FieldError(name, _("There is no such column."))
        for name, place in places.items()
        if not 0 <= place < len(file.columns)
    ]
    if wrong:
        raise DomainError("mapping", wrong[0].message, *wrong)
    file.mapping, file.options = places, {**dict(options), "chosen": True}
    keep = {"mapping": places, "options": dict(options), "at": clock.now()}
    heads = {"source": file.source, "kind": file.kind, "heads": queries.heads_of(file.columns)}
    statement = insert(ImportMapping).values(**heads, **keep)
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "source", "kind", "heads"], set_=keep
        )
    )
    db.session.flush()


def know_parameters(names: Sequence[str]) -> None:
    """Let addresses of the old system count: their parameters are read beside the merchant's own.

    Raises DomainError for more than five in all, and for what is no parameter's name.
    """
    known = list(setting("parameters"))
    wanted = [*known, *(name for name in names if name not in known)]
    if wanted == known:
        return
    if len(wanted) > MOST_PARAMETERS:
        words = _("At most %(most)s names in all.", most=MOST_PARAMETERS)
        raise DomainError("too_many", words, FieldError("parameters", words))
    tenants.change_settings({"parameters": wanted})


def drop(file: ImportFile) -> None:
    """Throw a file away; what came of it stays. Raises Conflict while it is worked on, or taken back."""
    runs = (queries.run_of(file), queries.undo_of(file), queries.reading_of(file))
    if any(run is not None and run.standing in OPEN for run in runs):
        raise Conflict("busy", _("This file is being worked on. Wait for its end, or stop it."))
    db.session.execute(delete(ImportRow).where(ImportRow.file_id == file.id))
    db.session.delete(file)
    db.session.flush()
