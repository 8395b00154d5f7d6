"""Registers for the bank, and what its statements say. Nothing here reads or writes anything but bytes."""

from __future__ import annotations

from app.registers.rules.camt import read_camt
from app.registers.rules.lines import (
    FORMATS,
    Format,
    Lack,
    Line,
    lacking,
    latin,
    mark,
    marks,
    payer_lacks,
    rewritten,
)
from app.registers.rules.matching import Matched, Payout, Verdict, match, waits_for_apply
from app.registers.rules.onec import read_onec, write_onec
from app.registers.rules.pain import write_pain
from app.registers.rules.reading import read_statement
from app.registers.rules.statement import (
    BIGGEST,
    MOST_LINES,
    Entry,
    Statement,
    Unreadable,
    Wrong,
)
from app.registers.rules.tables import head, row, write_book

__all__ = [
    "BIGGEST",
    "FORMATS",
    "MOST_LINES",
    "Entry",
    "Format",
    "Lack",
    "Line",
    "Matched",
    "Payout",
    "Statement",
    "Unreadable",
    "Verdict",
    "Wrong",
    "head",
    "lacking",
    "latin",
    "mark",
    "marks",
    "match",
    "payer_lacks",
    "read_camt",
    "read_onec",
    "read_statement",
    "rewritten",
    "row",
    "waits_for_apply",
    "write_book",
    "write_onec",
    "write_pain",
]
