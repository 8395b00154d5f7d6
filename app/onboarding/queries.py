"""Reads over all merchants, under the list role: for the platform's operator alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, func, select

from app.extensions import db
from app.orders.models import Order
from app.partners.models import Partner
from app.tenancy import PLATFORM, role
from app.tenants.models import Tenant

if TYPE_CHECKING:
    from collections.abc import Iterable


def merchants() -> Select[Tenant]:
    """Return the statement of all merchants, without the platform and the test twins."""
    return select(Tenant).where(Tenant.twin_of.is_(None), Tenant.id != PLATFORM)


def sizes(tenant_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Return how many partners and orders each of these merchants has."""
    wanted = set(tenant_ids)
    with role("partnerka_list"):
        partners = _counts(
            select(Partner.tenant_id, func.count()).group_by(Partner.tenant_id), wanted
        )
        orders = _counts(select(Order.tenant_id, func.count()).group_by(Order.tenant_id), wanted)
    return {tenant: (partners.get(tenant, 0), orders.get(tenant, 0)) for tenant in wanted}


def _counts(statement: Select[int, int], wanted: set[int]) -> dict[int, int]:
    tenant = statement.selected_columns[0]
    rows = db.session.execute(statement.where(tenant.in_(wanted)))
    return {tenant_id: count for tenant_id, count in rows}  # noqa: C416 - rows are no pairs to dict()
