"""Customers who have come to fit a merchant's rule become partners."""

from __future__ import annotations

import logging

from app.jobs.work import DRAIN, at_work, in_transaction
from app.participation import queries
from app.participation import service as participation
from app.tenancy import role

log = logging.getLogger(__name__)


def convert() -> None:
    """Make partners of customers who have come to fit, where a merchant has switched that on."""
    with at_work():
        for tenant_id in in_transaction(_with_rules):
            _convert(tenant_id)


def _convert(tenant_id: int) -> None:
    try:
        while in_transaction(participation.step, tenant_id):
            pass
    except Exception:
        # The worker's edge: one merchant's customers must not hold up the others'.
        log.exception("customers of tenant %s cannot be made partners", tenant_id)


def _with_rules() -> list[int]:
    with role(DRAIN):
        return queries.with_rules()
