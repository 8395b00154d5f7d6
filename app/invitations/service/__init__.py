"""Verbs on invitations: ask, send at a pace, repeat, withdraw, open, join; and on partners' pages."""

from __future__ import annotations

from app.invitations.service.answering import Said, join, offered_terms, open_
from app.invitations.service.asking import (
    JOB,
    PLACES,
    Defaults,
    Wish,
    address,
    ask,
    ask_all,
    ask_partner,
    check_lines,
    open_batch,
)
from app.invitations.service.pages import make_page, page_address, revoke_page, see_page
from app.invitations.service.sending import again, pause, send_next, withdraw

__all__ = [
    "JOB",
    "PLACES",
    "Defaults",
    "Said",
    "Wish",
    "address",
    "again",
    "ask",
    "ask_all",
    "ask_partner",
    "check_lines",
    "join",
    "make_page",
    "offered_terms",
    "open_",
    "open_batch",
    "page_address",
    "pause",
    "revoke_page",
    "see_page",
    "send_next",
    "withdraw",
]
