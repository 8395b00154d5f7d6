"""Moving in: files of other systems, what their columns mean, and what becomes of each row. Pure."""

from __future__ import annotations

from app.imports.rules.fields import (
    GUESSED,
    KINDS,
    PARAMETERS,
    SOURCES,
    FileKind,
    folded,
    guess,
    missing,
    twice,
)
from app.imports.rules.files import (
    CUT,
    LARGEST,
    MOST_ROWS,
    Place,
    Sheet,
    Unreadable,
    read,
    read_on,
)
from app.imports.rules.plans import (
    CHANGED,
    NEW,
    REFUSED,
    SAME,
    VERDICTS,
    Before,
    Plan,
    balance_moves,
    owed,
)
from app.imports.rules.tree import arranged, told
from app.imports.rules.values import (
    STATUS_WORDS,
    Flaw,
    Reading,
    Row,
    guess_decimal,
    is_code,
    read_cells,
)

__all__ = [
    "CHANGED",
    "CUT",
    "GUESSED",
    "KINDS",
    "LARGEST",
    "MOST_ROWS",
    "NEW",
    "PARAMETERS",
    "REFUSED",
    "SAME",
    "SOURCES",
    "STATUS_WORDS",
    "VERDICTS",
    "Before",
    "FileKind",
    "Flaw",
    "Place",
    "Plan",
    "Reading",
    "Row",
    "Sheet",
    "Unreadable",
    "arranged",
    "balance_moves",
    "folded",
    "guess",
    "guess_decimal",
    "is_code",
    "missing",
    "owed",
    "read",
    "read_cells",
    "read_on",
    "told",
    "twice",
]
