"""The merchants' servers told what happened, each endpoint in a lane of its own, each message in a lease."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from flask import current_app

from app.extensions import queue
from app.jobs.work import DRAIN, at_work, in_transaction
from app.tenancy import role
from app.webhooks import queries, service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask import Flask

log = logging.getLogger(__name__)

AT_HAND = 40.0  # seconds of sending in one go
LANES = 8  # endpoints that are spoken to at once
TURN = 5.0  # seconds of one endpoint, until the others have had theirs


def send_webhooks() -> None:
    """Send the messages whose time has come; one receiver that is slow or away holds up no other."""
    queue.begun("send_webhooks")
    until = time.monotonic() + AT_HAND
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined] # noqa: SLF001
    with at_work():
        while time.monotonic() < until and (lanes := _lanes(in_transaction(_due))):
            with ThreadPoolExecutor(LANES) as pool:
                sent = list(
                    pool.map(lambda lane: _run(app, lane[0], lane[1], until), lanes.items())
                )
            if not any(sent):
                return  # what is left waits for receivers that are away


def _run(app: Flask, whose: tuple[int, int], ids: Sequence[int], until: float) -> bool:
    """Send an endpoint's messages one after the other until one is not taken; tell whether any was."""
    taken, until = False, min(until, time.monotonic() + TURN)
    with app.app_context():
        for delivery_id in ids:
            if time.monotonic() > until:
                break
            done = _send(whose[0], delivery_id)
            taken = taken or done is True
            if done is False:
                break  # it is away or busy: the others keep for the next go
    return taken


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


def _lanes(due: Sequence[tuple[int, int, int]]) -> Mapping[tuple[int, int], list[int]]:
    lanes: dict[tuple[int, int], list[int]] = {}
    for tenant_id, endpoint_id, delivery_id in due:
        lanes.setdefault((tenant_id, endpoint_id), []).append(delivery_id)
    return lanes


def _due() -> list[tuple[int, int, int]]:
    with role(DRAIN):
        return queries.due()
