"""The merchants' servers told what happened, each endpoint in a lane of its own, each message in a lease."""

from __future__ import annotations

import logging

from app.extensions import queue
from app.jobs.lanes import Lanes
from app.jobs.work import in_transaction
from app.webhooks import queries, service

log = logging.getLogger(__name__)


def send_webhooks() -> None:
    """Send the messages whose time has come."""
    queue.begun("send_webhooks")
    LANES.work()


def _send(tenant_id: int, delivery_id: int) -> bool | None:
    """Send one message; None where there was nothing to send."""
    try:
        call = in_transaction(lambda: service.take(delivery_id), tenant_id)
        if call is None:
            return None
        ended = service.send(call)
        return in_transaction(lambda: service.settle(call, ended), tenant_id)
    except Exception:
        # The worker's edge: one message that cannot be written must not hold up the others.
        log.exception("webhook %s of tenant %s cannot be sent", delivery_id, tenant_id)
        return None


LANES = Lanes(queries.due, _send, most=8, turn=5.0)
