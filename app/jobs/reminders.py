"""What somebody was promised by a day, and has not got."""

from __future__ import annotations

import logging

from app.jobs.work import all_tenants, at_work, in_transaction
from app.papers import service as papers
from app.trust import service as trust

log = logging.getLogger(__name__)


def remind() -> None:
    """Tell staff of disputes whose promised day has come, and partners of receipts: a transaction a tenant.

    Twice-safe.
    """
    with at_work():
        for tenant_id in in_transaction(all_tenants):
            _remind(tenant_id)


def _remind(tenant_id: int) -> None:
    try:
        while in_transaction(trust.remind, tenant_id):
            pass
        while in_transaction(papers.remind, tenant_id):
            pass
    except Exception:
        # The worker's edge: one merchant's promises must not hold up the others'.
        log.exception("nobody of tenant %s can be reminded", tenant_id)
