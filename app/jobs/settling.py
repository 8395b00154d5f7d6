"""Partners paid from prepaid balances, and merchants told of what their program costs."""

from __future__ import annotations

import logging

from app.extensions import queue
from app.jobs.work import all_tenants, at_work, in_transaction
from app.settlement import queries as settlement_queries
from app.settlement import service as settlement
from app.tariffs import queries as tariff_queries
from app.tariffs import service as tariffs

log = logging.getLogger(__name__)


def settle() -> None:
    """Pay the platform's invoices and fund payouts of every merchant who has a prepaid balance.

    Invoices come first; payouts strictly in the order of each queue.
    """
    queue.begun("settle")
    with at_work():
        for tenant_id in in_transaction(settlement_queries.prepaid_merchants):
            _settle(tenant_id)


def _settle(tenant_id: int) -> None:
    try:
        in_transaction(tariffs.collect, tenant_id)
        while in_transaction(settlement.settle, tenant_id) == settlement.TOGETHER:
            pass
    except Exception:
        # The worker's edge: one merchant's queue must not hold up the others'.
        log.exception("the queue of tenant %s cannot be paid", tenant_id)


def sound_alarms() -> None:
    """Tell merchants whose month has come near the sum that they set."""
    with at_work():
        for tenant_id in in_transaction(all_tenants):
            try:
                in_transaction(settlement.alarm, tenant_id)
            except Exception:
                # The worker's edge, as above.
                log.exception("the alarm of tenant %s cannot be looked after", tenant_id)


def keep_tariffs() -> None:
    """Close months that are over, remind, stop and resume: a transaction a step and merchant. Twice-safe."""
    with at_work():
        for tenant_id in in_transaction(tariff_queries.under_tariffs):
            for act in (tariffs.close_due, tariffs.collect, tariffs.remind, tariffs.stand):
                try:
                    in_transaction(act, tenant_id)
                except Exception:
                    # The worker's edge, as above.
                    log.exception("the tariff of tenant %s cannot be looked after", tenant_id)
