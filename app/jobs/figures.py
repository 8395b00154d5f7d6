"""Clicks and sales summed up, and the sums compared with the clicks themselves."""

from __future__ import annotations

import logging

from app.extensions import queue
from app.jobs.work import DRAIN, all_tenants, at_work, in_transaction
from app.statistics import queries, service
from app.tenancy import role

log = logging.getLogger(__name__)


def refresh_statistics() -> None:
    """Sum what happened to merchants since their last sums: a transaction a piece, resumed where it was cut."""
    queue.begun("refresh_statistics")
    with at_work():
        for tenant_id in in_transaction(_waiting):
            _refresh(tenant_id)


def _refresh(tenant_id: int) -> None:
    try:
        while in_transaction(service.step, tenant_id):
            pass
    except Exception:
        # The worker's edge: one merchant's figures must not keep the others' from being summed.
        log.exception("the figures of tenant %s cannot be summed", tenant_id)


def _waiting() -> list[int]:
    with role(DRAIN):
        return queries.waiting()


def verify_statistics() -> None:
    """Compare what was counted of past days with the clicks themselves: a transaction a tenant."""
    with at_work():
        for tenant_id in in_transaction(all_tenants):
            in_transaction(service.verify, tenant_id)
