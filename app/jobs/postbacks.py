"""Partners' trackers called, each call in a lease of its own."""

from __future__ import annotations

import logging
import time

from app.extensions import queue
from app.jobs.work import DRAIN, at_work, in_transaction
from app.postbacks import queries, service
from app.tenancy import role

log = logging.getLogger(__name__)

AT_HAND = 50.0  # seconds of calls in one go


def send_postbacks() -> None:
    """Make the calls whose time has come, those of slow trackers no longer than a go may take."""
    queue.begun("send_postbacks")
    until = time.monotonic() + AT_HAND
    with at_work():
        for tenant_id, delivery_id in in_transaction(_due):
            if time.monotonic() > until:
                return  # the next sweep goes on
            _send(tenant_id, delivery_id)


def _send(tenant_id: int, delivery_id: int) -> None:
    try:
        asked = in_transaction(lambda: service.take(delivery_id), tenant_id)
        if asked is not None:
            ended = service.call(asked)
            in_transaction(lambda: service.settle(asked, ended), tenant_id)
    except Exception:
        # The worker's edge: one call that cannot be made must not hold up the others.
        log.exception("postback call %s of tenant %s cannot be made", delivery_id, tenant_id)


def _due() -> list[tuple[int, int]]:
    with role(DRAIN):
        return queries.due()
