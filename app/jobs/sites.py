"""Partners' sites looked at for their proof."""

from __future__ import annotations

import logging

from app.extensions import queue
from app.jobs.work import DRAIN, at_work, in_transaction
from app.tenancy import role
from app.verified_sites import queries, service
from app.verified_sites.probe import Probe

log = logging.getLogger(__name__)


def check_sites() -> None:
    """Look at the sites of partners whose time has come; no transaction waits for somebody's server."""
    queue.begun(service.JOB)
    with at_work():
        for tenant_id, site_id in in_transaction(_due):
            _check(tenant_id, site_id)


def _check(tenant_id: int, site_id: int) -> None:
    try:
        asked = in_transaction(lambda: service.take(site_id), tenant_id)
        if asked is not None:
            seen = Probe().look(asked.host, asked.token)
            in_transaction(lambda: service.settle(site_id, seen), tenant_id)
    except Exception:
        # The worker's edge: one site that cannot be looked at must not hold up the others.
        log.exception("site %s of tenant %s cannot be looked at", site_id, tenant_id)


def _due() -> list[tuple[int, int]]:
    with role(DRAIN):
        return queries.due()
