"""Catalogue feeds that are due: fetched outside any transaction, each server in a lane of its own."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from app.extensions import queue
from app.feeds import queries, service
from app.jobs.lanes import Lanes
from app.jobs.work import in_transaction

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

SERVERS = 3  # that are spoken to at once


def fetch_feeds() -> None:
    """Fetch the feeds whose time has come."""
    queue.begun(queries.FETCH)
    LANES.work()


def _fetch(tenant_id: int, feed_id: int) -> bool | None:
    def within(act: Callable[[], object]) -> object:
        return in_transaction(act, tenant_id)

    try:
        return service.carry(within, feed_id)
    except Exception:
        # The worker's edge: one feed that cannot be fetched must not hold up the others.
        log.exception("feed %s of tenant %s cannot be fetched", feed_id, tenant_id)
        return None


LANES = Lanes(queries.due, _fetch, most=SERVERS, turn=10.0)
