"""Verbs of participation: the form, consents, applications, decisions, customers made partners."""

from __future__ import annotations

from app.participation.service.answers import change_answers, read_answers
from app.participation.service.applying import (
    Applicant,
    apply,
    confirm,
    confirmation,
    forget,
    let_in,
    request_of,
)
from app.participation.service.building import (
    change_page,
    change_question,
    close_link,
    make_link,
    make_question,
    move_question,
    reopen_link,
    restore_question,
    retire_question,
    set_entry,
    set_picture,
)
from app.participation.service.consents import accept, agree, publish, publish_terms, withdraw
from app.participation.service.converting import (
    CONVERT,
    KINDS,
    UNDO,
    Conversion,
    apply_run,
    look_at_customers,
    set_rule,
    step,
    undo_run,
)
from app.participation.service.deciding import Decided, admit_against, decide, reopen, uphold

__all__ = [
    "CONVERT",
    "KINDS",
    "UNDO",
    "Applicant",
    "Conversion",
    "Decided",
    "accept",
    "admit_against",
    "agree",
    "apply",
    "apply_run",
    "change_answers",
    "change_page",
    "change_question",
    "close_link",
    "confirm",
    "confirmation",
    "decide",
    "forget",
    "let_in",
    "look_at_customers",
    "make_link",
    "make_question",
    "move_question",
    "publish",
    "publish_terms",
    "read_answers",
    "reopen",
    "reopen_link",
    "request_of",
    "restore_question",
    "retire_question",
    "set_entry",
    "set_picture",
    "set_rule",
    "step",
    "undo_run",
    "uphold",
    "withdraw",
]
