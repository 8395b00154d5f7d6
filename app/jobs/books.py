"""The books: sealed once a day, and every invariant asked once a night."""

from __future__ import annotations

import logging
from collections import defaultdict
from functools import partial

from sqlalchemy import select, text

from app import clock
from app.extensions import db
from app.jobs.work import all_tenants, at_work, in_transaction
from app.ledger import checks
from app.proofs import queries, service
from app.tenancy import PLATFORM, current_tenant
from app.tenants.models import Tenant

log = logging.getLogger(__name__)

PATIENCE = "SET LOCAL statement_timeout = '30min'"


def seal_books() -> None:
    """Seal what moved since the merchant's last day: a transaction a block. Twice in a day does nothing."""
    with at_work():
        for tenant_id in in_transaction(all_tenants):
            _seal(tenant_id)


def _seal(tenant_id: int) -> None:
    try:
        if in_transaction(_is_due, tenant_id):
            while in_transaction(service.seal, tenant_id):
                pass
    except Exception:
        # The worker's edge: one merchant's books must not keep the others' from being sealed.
        log.exception("the books of tenant %s cannot be sealed", tenant_id)


def _is_due() -> bool:
    tenant = db.session.get_one(Tenant, current_tenant())
    return service.is_due(tenant.timezone)


def check_books() -> None:
    """Ask every invariant over all merchants and keep the answer with each; the operator is told. Once a day."""
    day = clock.wall().date()
    with at_work():
        if in_transaction(partial(queries.was_checked, day), PLATFORM):
            return
        broken: dict[int, list[str]] = defaultdict(list)
        for name in checks.CHECKS:
            for tenant_id in in_transaction(partial(_ask, name)):
                broken[tenant_id].append(name)
        transfers = in_transaction(_count)
        asked, slugs = len(checks.CHECKS), in_transaction(_slugs)
        for tenant_id in sorted(set(slugs) - {PLATFORM}):
            found = (broken.get(tenant_id, []), transfers.get(tenant_id, 0))
            in_transaction(partial(service.note, day, asked, *found), tenant_id)

        def finish() -> None:
            # Last, with the platform's own word: who is killed before it begins the night anew.
            found = (broken.get(PLATFORM, []), transfers.get(PLATFORM, 0))
            if service.note(day, asked, *found):
                service.tell({slugs[each]: names for each, names in broken.items()})

        in_transaction(finish, PLATFORM)


def _ask(name: str) -> dict[int, int]:
    db.session.execute(text(PATIENCE))
    return checks.broken_by_tenant(name)


def _count() -> dict[int, int]:
    db.session.execute(text(PATIENCE))
    return checks.transfers_by_tenant()


def _slugs() -> dict[int, str]:
    return {row.id: row.slug for row in db.session.execute(select(Tenant.id, Tenant.slug))}
