"""The lists of what was brought along: files, and rows with what becomes of each."""

from __future__ import annotations

from flask import url_for
from flask_babel import lazy_gettext as _l

from app.imports import queries
from app.imports.forms import FIELDS, KIND_WORDS, SOURCES, VERDICTS, why
from app.imports.models import ImportFile, ImportRow
from app.web.tables import Column, Empty, Filter, Table

FILES = Table(
    name="import-files",
    caption=_l("Files brought along"),
    key=ImportFile.id,
    default="-created_at",
    columns=(
        Column("name", _l("File"), render="name", main=True,
               href=lambda f: url_for("office.imports.show", file_id=f.public_id)),
        Column("kind", _l("What is in it"), value=lambda f: KIND_WORDS[f.kind]),
        Column("source", _l("From"), value=lambda f: SOURCES[f.source], quiet=True),
        Column("total", _l("Rows"), render="number", end=True),
        Column("created_at", _l("Taken in"), render="datetime", sort=ImportFile.id),
    ),
    empty=Empty(
        _l("Nothing was brought along yet"),
        _l(
            "Export partners from the old system and give the file above. "
            "Nothing changes before you have seen what would come of it."
        ),
        icon="upload",
    ),
)  # fmt: skip


def _says(row: ImportRow) -> str:
    """Return what stands in a row; what is kept encrypted is not shown."""
    if row.cells[0].startswith(queries.SEALED):
        return "•••"
    return " · ".join(cell for cell in row.cells if cell)[:120]


ROWS = Table(
    name="import-rows",
    caption=_l("Rows"),
    key=ImportRow.id,
    default="number",
    columns=(
        Column("number", _l("Line"), render="number", main=True, sort=ImportRow.number),
        Column("old_id", _l("Number in the old system"), render="code",
               value=lambda r: (r.old_id or "").replace("|", " · ")),
        Column("verdict", _l("What becomes of it"), render="badge",
               value=lambda r: f"row_{r.verdict}" if r.verdict else None),
        Column("why", _l("Why"), render="flaws", value=lambda r: [(FIELDS[f["field"]], why(f)) for f in r.flaws]),
        Column("says", _l("What stands there"), value=_says, quiet=True),
    ),
    filters=(
        Filter("verdict", _l("What becomes of it"), list(VERDICTS.items()),
               lambda s, v: s.where(ImportRow.verdict == v)),
    ),
    search=lambda s, words: s.where(ImportRow.old_id == words.strip()),
    search_label=_l("Number in the old system"),
    empty=Empty(_l("No rows"), icon="upload"),
)  # fmt: skip
