"""Whose figures are old, and what moment they show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app import clock, sql
from app.extensions import db
from app.statistics.models import RollUp
from app.tenancy import current_tenant

if TYPE_CHECKING:
    from datetime import datetime

# One probe of an index a merchant and kind of news. Feed positions come within a sweep of the event.
_WAITING = """
SELECT t.id FROM tenant t
LEFT JOIN roll_up r ON r.tenant_id = t.id
LEFT JOIN feed f ON f.tenant_id = t.id
WHERE r.tenant_id IS NULL OR (coalesce(r.rest_until, %(wall)s) <= %(wall)s AND (
      r.ready_at IS NULL OR r.deal_place IS NOT NULL OR r.zone <> t.timezone
   OR coalesce(f.position, 0) > r.event_position
   OR r.click_day < (%(wall)s + t.clock_offset - interval '10 minutes')::date
   OR EXISTS (SELECT FROM order_message m WHERE m.tenant_id = t.id AND m.xid >= r.message_xid)
   OR EXISTS (SELECT FROM stale_day s WHERE s.tenant_id = t.id)
   OR EXISTS (SELECT FROM late_click l WHERE l.tenant_id = t.id)
   OR EXISTS (SELECT FROM click c WHERE c.tenant_id = t.id
              AND c.at > r.ready_at - interval '1 minute' AND c.at >= r.click_day - 1)))
ORDER BY t.id
"""


def waiting() -> list[int]:
    """Return the tenants where something happened since their figures; to be asked as partnerka_drain."""
    return [row.id for row in sql.rows(_WAITING, {"wall": clock.wall()})]


def as_of() -> datetime | None:
    """Return the moment that the scope's figures show; None before the first."""
    query = select(RollUp.ready_at).where(RollUp.tenant_id == current_tenant())
    return db.session.scalar(query)
