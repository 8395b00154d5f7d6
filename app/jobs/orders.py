"""Deliveries of shops booked, and holds that ended."""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import TYPE_CHECKING

from app.extensions import queue
from app.intake import service as intake
from app.intake.shops import inbox
from app.jobs.work import at_work, batched, in_transaction

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)

TOGETHER = 100  # orders whose holds end in one transaction


def drain_inbox() -> None:
    """Book what shops' webhooks left in the inbox: a tenant's oldest together, tenants in turn."""
    queue.begun("drain_inbox")
    with at_work():
        while sum(_book(tenant_id) for tenant_id in in_transaction(inbox.waiting)):
            pass


def _book(tenant_id: int) -> int:
    """Book one batch of a tenant's deliveries; return how many there were for us."""
    try:
        return in_transaction(inbox.work, tenant_id)
    except Exception:
        # The worker's edge: one delivery that cannot be booked must not hold up the others.
        log.warning("deliveries of tenant %s are booked one by one", tenant_id, exc_info=True)
        return sum(_book_one(tenant_id, i) for i in in_transaction(inbox.due, tenant_id))


def _book_one(tenant_id: int, inbox_id: int) -> int:
    try:
        return in_transaction(lambda: inbox.work(only=inbox_id), tenant_id)
    except Exception as error:
        # The worker's edge, as above: this one is tried again later, and parked in the end.
        log.exception("delivery %s of tenant %s cannot be booked", inbox_id, tenant_id)
        problem = str(error)
        in_transaction(lambda: inbox.postpone(inbox_id, problem), tenant_id)
        return 1


def mature() -> None:
    """Make the commissions available whose hold has ended: a tenant's orders together."""
    queue.begun("mature")
    with at_work():
        seen: set[tuple[int, int]] = set()
        while found := [item[:2] for item in in_transaction(intake.ripe) if item[:2] not in seen]:
            seen.update(found)
            by_tenant: dict[int, list[int]] = defaultdict(list)
            for tenant_id, order_id in found:
                by_tenant[tenant_id].append(order_id)
            for tenant_id, order_ids in by_tenant.items():
                for batch in batched(order_ids, TOGETHER):
                    _rework(tenant_id, batch)


def _rework(tenant_id: int, order_ids: Sequence[int]) -> None:
    try:
        in_transaction(lambda: intake.rework(order_ids), tenant_id)
    except Exception:
        # The worker's edge: one order that cannot be booked must not hold up the others.
        log.exception("orders %s of tenant %s cannot be reconciled", order_ids, tenant_id)
        if len(order_ids) > 1:
            for order_id in order_ids:
                _rework(tenant_id, [order_id])
