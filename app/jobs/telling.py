"""What the worker does for messages by the clock: asks bots, goes on with mailings, invitations and digests."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from app.crypto import Unsealable
from app.digests import service as digests
from app.extensions import queue
from app.invitations import queries as invitation_queries
from app.invitations import service as invitations
from app.jobs.work import DRAIN, all_tenants, at_work, in_transaction
from app.mailings import queries as mailing_queries
from app.mailings import service as mailings
from app.telegram import queries as telegram_queries
from app.telegram import service as telegram
from app.telegram.botapi import Bot, BotError
from app.tenancy import role

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)


def ask_bots() -> None:
    """Ask Telegram what was written to bots that it cannot call us for, and answer it."""
    with at_work():
        for tenant_id, bot_id in _found(telegram_queries.asked_bots):
            _ask_bot(tenant_id, bot_id)


def _ask_bot(tenant_id: int, bot_id: int) -> None:
    def look() -> tuple[Bot, int, bool] | None:
        found = telegram_queries.bot()
        if found is None or found.id != bot_id:
            return None
        return telegram.opened(found), found.position, found.problem is not None

    try:
        known = in_transaction(look, tenant_id)
        updates = known[0].updates(known[1]) if known else []
    except (BotError, Unsealable) as error:
        problem = str(error)
        in_transaction(lambda: telegram.note_problem(bot_id, problem), tenant_id)
        return
    if known is not None and (updates or known[2]):
        hear(tenant_id, updates)


def hear(tenant_id: int, updates: Sequence[Any]) -> None:
    """Do what was written to a merchant's bot in one transaction, and answer after it."""

    def act() -> tuple[Bot, list[tuple[int, str]]] | None:
        found = telegram_queries.bot()
        if found is None:
            return None
        replies = telegram.hear(found, updates)
        return telegram.opened(found), [(r.chat, telegram.reply_words(r)) for r in replies]

    done = in_transaction(act, tenant_id)
    if done is not None:
        for chat, words in done[1]:
            done[0].send(chat, words)  # a lost answer is no harm


def go_on_mailings() -> None:
    """Write the next minute's letters of every mailing whose time has come."""
    queue.begun(mailings.JOB)
    with at_work():
        for tenant_id, mailing_id in _found(mailing_queries.open_mailings):
            _piece(partial(mailings.go_on, mailing_id), tenant_id, f"mailing {mailing_id}")


def send_invitations() -> None:
    """Promise the next minute's invitations of every batch."""
    queue.begun(invitations.JOB)
    with at_work():
        for tenant_id, batch_id in _found(invitation_queries.waiting_batches):
            _piece(partial(invitations.send_next, batch_id), tenant_id, f"invitations {batch_id}")


def digest() -> None:
    """Tell partners and merchants of the last month, where its day has come."""
    with at_work():
        for tenant_id in in_transaction(all_tenants):
            while _piece(digests.step, tenant_id, "digest"):
                pass


def _piece(act: Callable[[], int], tenant_id: int, what: str) -> int:
    try:
        return in_transaction(act, tenant_id)
    except Exception:
        # The worker's edge: one merchant's letters must not hold up the others'.
        log.exception("%s of tenant %s cannot go on", what, tenant_id)
        return 0


def _found(ask: Callable[[], list[tuple[int, int]]]) -> list[tuple[int, int]]:
    """Find work of all tenants, as the drain."""

    def act() -> list[tuple[int, int]]:
        with role(DRAIN):
            return ask()

    return in_transaction(act)
