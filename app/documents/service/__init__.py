"""Verbs on documents: issue, sign, void, put into files; and the merchant's words for them."""

from __future__ import annotations

from app.documents.service.building import drafts
from app.documents.service.files import workbook
from app.documents.service.issuing import issue, reissue, sign, void
from app.documents.service.texts import reset_words, set_words, usual, words_of
from app.documents.service.work import (
    ISSUE,
    PACK,
    is_kept,
    kinds,
    packed,
    prune,
    span_of_run,
    start_issue,
    start_pack,
)

__all__ = [
    "ISSUE",
    "PACK",
    "drafts",
    "is_kept",
    "issue",
    "kinds",
    "packed",
    "prune",
    "reissue",
    "reset_words",
    "set_words",
    "sign",
    "span_of_run",
    "start_issue",
    "start_pack",
    "usual",
    "void",
    "words_of",
    "workbook",
]
