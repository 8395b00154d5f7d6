"""What keeps statistics fresh and exports short-lived: work of the schedule, a transaction a piece, as app.jobs does it."""

from __future__ import annotations

import logging

from sqlalchemy import select

from app.extensions import db, queue
from app.jobs import DRAIN, at_work, in_transaction
from app.lists import service as lists
from app.statistics import queries, service
from app.tenancy import role
from app.tenants.models import Tenant

log = logging.getLogger(__name__)


def refresh() -> None:
    """Sum clicks and sales of merchants where something happened: a transaction a piece, resumed where it was cut."""
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


def verify() -> None:
    """Compare what was counted of past days with the clicks themselves: a transaction a tenant."""
    with at_work():
        for tenant_id in in_transaction(lambda: db.session.scalars(select(Tenant.id)).all()):
            in_transaction(service.verify, tenant_id)


def forget_exports() -> None:
    """Forget the rows of old exports: they hold people's names."""
    with at_work():
        for tenant_id in in_transaction(lambda: db.session.scalars(select(Tenant.id)).all()):
            in_transaction(lists.prune, tenant_id)
