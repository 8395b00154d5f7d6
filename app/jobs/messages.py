"""Events drained into the feed and into letters, and letters sent."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from app.events import queries as event_queries
from app.events import service as events
from app.extensions import kick_after_commit, queue
from app.intake.shops import writing
from app.jobs.work import DRAIN, at_work, in_transaction
from app.notifications import notes
from app.notifications import queries as message_queries
from app.notifications import service as notifications
from app.notifications.view import UnwantedError
from app.outcomes import Fate, Outcome
from app.postbacks import service as postbacks
from app.tenancy import role
from app.webhooks import service as webhooks

if TYPE_CHECKING:
    from app.notifications.service import Taken

log = logging.getLogger(__name__)

BACKLOG = 500  # waiting calls from which on the sweep adds none: those that wait will find the rows
AT_HAND = 50.0  # seconds that a sweep without Redis spends on letters before it looks again


def drain() -> None:
    """Give committed events their place in the feed, and promise the letters they ask for."""
    queue.begun("drain")
    with at_work():
        seen: set[int] = set()
        while waiting := [t for t in in_transaction(_with_events) if t not in seen]:
            seen.update(waiting)
            for tenant_id in waiting:
                _drain_all(tenant_id)


def _drain_all(tenant_id: int) -> None:
    try:
        while _drain_once(tenant_id):
            pass
    except Exception:
        # The worker's edge: one merchant whose events cannot be told must not silence the others.
        log.exception("events of tenant %s cannot be drained", tenant_id)


def _drain_once(tenant_id: int) -> bool:
    """Drain one batch of one tenant; False when nothing waited."""

    def batch() -> list[int] | None:
        taken = events.drain()
        if not taken:
            return None
        if postbacks.promise(taken):
            kick_after_commit("send_postbacks")
        if webhooks.promise(taken):
            kick_after_commit("send_webhooks")
        writing.promise(taken)
        return notifications.promise(taken)

    messages = in_transaction(batch, tenant_id)
    for message_id in messages or ():
        if not queue.enqueue("send_message", tenant_id, message_id):
            break  # without Redis the sweep sends them
    return messages is not None


def send_message(tenant_id: int, message_id: int) -> None:
    """Try one letter once, if its time has come and nobody else has it."""
    with at_work():
        taken = in_transaction(lambda: notifications.take(message_id), tenant_id)
        if taken is None:
            return
        outcome = _attempt(tenant_id, taken)
        in_transaction(lambda: notifications.settle(taken, outcome), tenant_id)


def _attempt(tenant_id: int, taken: Taken) -> Outcome:
    """Write the letter in one transaction, and send it after that: no lock waits for a mail server."""
    try:
        send = in_transaction(lambda: notes.prepare(notifications.get(taken.id)), tenant_id)
    except UnwantedError as unwanted:
        return Outcome(Fate.NEVER, str(unwanted))
    except Exception as error:
        # The worker's edge: a broken template must not stop the letters behind it.
        log.exception("message %s of tenant %s cannot be written", taken.id, tenant_id)
        return Outcome(Fate.LATER, type(error).__name__)
    return send()


def sweep() -> None:
    """Find what no call was made for, or whose caller died: undrained events, due letters."""
    drain()
    with at_work():
        due = in_transaction(_due)
        if queue.backlog() < BACKLOG:
            due = [item for item in due if not queue.enqueue("send_message", *item)]
            _send_here(due)


def _send_here(messages: list[tuple[int, int]]) -> None:
    """Without Redis: send in this process, for as long as a sweep may take."""
    until = time.monotonic() + AT_HAND
    for tenant_id, message_id in messages:
        if time.monotonic() > until:
            return  # the next sweep goes on
        send_message(tenant_id, message_id)


def _with_events() -> list[int]:
    with role(DRAIN):
        return list(event_queries.waiting_tenants())


def _due() -> list[tuple[int, int]]:
    with role(DRAIN):
        return message_queries.due()
