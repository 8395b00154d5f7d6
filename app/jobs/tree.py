"""The tree counted anew, branches moved on, partners moved between groups."""

from __future__ import annotations

import logging

from app.extensions import queue
from app.grades import service as grades
from app.jobs.work import DRAIN, all_tenants, at_work, in_transaction
from app.network import queries as network_queries
from app.network import service as network
from app.partners import service as partners
from app.tenancy import role

log = logging.getLogger(__name__)


def refresh_networks() -> None:
    """Count the branches anew of merchants whose tree changed: a transaction a piece, resumed where it was cut."""
    queue.begun("refresh_networks")
    with at_work():
        for tenant_id in in_transaction(_with_old_networks):
            _refresh_network(tenant_id)


def _refresh_network(tenant_id: int) -> None:
    try:
        while in_transaction(network.step, tenant_id):
            pass
    except Exception:
        # The worker's edge: one merchant's tree must not keep the others' from being counted.
        log.exception("the network of tenant %s cannot be counted", tenant_id)


def _with_old_networks() -> list[int]:
    with role(DRAIN):
        return network_queries.waiting()


def rehang() -> None:
    """Move the children of removed partners on, some thousand a transaction."""
    queue.begun("rehang")
    with at_work():
        for tenant_id, rehang_id in in_transaction(_moving):
            _rehang(tenant_id, rehang_id)


def _rehang(tenant_id: int, rehang_id: int) -> None:
    try:
        while in_transaction(lambda: partners.go_on(rehang_id), tenant_id):
            pass
    except Exception:
        # The worker's edge: one branch that cannot be moved must not hold up the others.
        log.exception("branch move %s of tenant %s cannot go on", rehang_id, tenant_id)


def _moving() -> list[tuple[int, int]]:
    with role(DRAIN):
        return network_queries.moves()


def grade() -> None:
    """Let partners rise, warn and fall between groups, where a merchant has switched that on."""
    with at_work():
        for tenant_id in in_transaction(all_tenants):
            _grade(tenant_id)


def _grade(tenant_id: int) -> None:
    try:
        while in_transaction(grades.step, tenant_id):
            pass
    except Exception:
        # The worker's edge: one merchant's groups must not hold up the others'.
        log.exception("groups of tenant %s cannot be reviewed", tenant_id)
