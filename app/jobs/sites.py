"""Partners' sites looked at for their proof, and for how much of a day they bring."""

from __future__ import annotations

import logging

from app.extensions import queue
from app.jobs.work import DRAIN, all_tenants, at_work, in_transaction
from app.tenancy import role
from app.trust import service as trust
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


def watch_sites() -> None:
    """Hold sales of sites that bring too much of a day's orders: a transaction at a time. Twice-safe."""
    with at_work():
        for tenant_id in in_transaction(all_tenants):
            _watch(tenant_id)


def _watch(tenant_id: int) -> None:
    try:
        while in_transaction(trust.watch_sites, tenant_id):
            pass
    except Exception:
        # The worker's edge: one merchant's sites must not hold up the others'.
        log.exception("shares of sites of tenant %s cannot be looked at", tenant_id)


def _due() -> list[tuple[int, int]]:
    with role(DRAIN):
        return queries.due()
