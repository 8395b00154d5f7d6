"""Decisions about joining: what an answer may be, who may join, what is to be agreed to anew."""

from __future__ import annotations

from app.participation.rules.consents import CONSENTS, Agreed, Needed, Owed, owed
from app.participation.rules.entry import Entry, Refusal, Standing, refusals
from app.participation.rules.questions import (
    LONGEST,
    MOST_OPTIONS,
    MOST_QUESTIONS,
    AnswerError,
    Kind,
    Option,
    Question,
    in_language,
    key_of,
    moved,
    options_of,
    read_answer,
)

__all__ = [
    "CONSENTS",
    "LONGEST",
    "MOST_OPTIONS",
    "MOST_QUESTIONS",
    "Agreed",
    "AnswerError",
    "Entry",
    "Kind",
    "Needed",
    "Option",
    "Owed",
    "Question",
    "Refusal",
    "Standing",
    "in_language",
    "key_of",
    "moved",
    "options_of",
    "owed",
    "read_answer",
    "refusals",
]
