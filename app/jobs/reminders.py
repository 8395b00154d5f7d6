"""What somebody was promised by a day and has not got, and what is about to come."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from app.commissions.service import warn_of_debts
from app.jobs.work import all_tenants, at_work, in_transaction
from app.papers import service as papers
from app.trust import service as trust

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)


def remind() -> None:
    """Tell staff of disputes whose day has come, partners of receipts and of debts soon repaid. Twice-safe."""
    with at_work():
        for tenant_id in in_transaction(all_tenants):
            for act in (trust.remind, papers.remind, warn_of_debts):
                _remind(act, tenant_id)


def _remind(act: Callable[[], int], tenant_id: int) -> None:
    try:
        while in_transaction(act, tenant_id):
            pass
    except Exception:
        # The worker's edge: what one merchant is reminded of must not hold up the others.
        log.exception("%s of tenant %s cannot go on", act.__name__, tenant_id)
