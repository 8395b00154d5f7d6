"""Move the time of a test twin; the real merchant's is never touched."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import select, update

from app import clock
from app.errors import Conflict, DomainError, FieldError, NotFound
from app.events.service import record
from app.extensions import db, kick_after_commit
from app.grades.models import GradeCursor
from app.partners.service import touch_tree
from app.ranks.service import look_anew
from app.tenants.models import Tenant as TenantRow
from app.twin import queries, rules

if TYPE_CHECKING:
    from app.tenants.models import Tenant

# What the schedule does at its own pace is asked for at once where time was moved.
AFTER_MOVE = ("mature", "grade", "rank", "rehang", "refresh_networks")


def move(tenant: Tenant, by: timedelta) -> None:
    """Move a test twin's time forward by so much: holds end, windows close. Raises as `move_to`."""
    _hold(tenant)
    move_to(tenant, clock.wall() + tenant.clock_offset + by)


def move_to(tenant: Tenant, to: datetime) -> None:
    """Move a test twin's time forward to an instant; pressing twice moves once.

    Raises NotFound for a live merchant, DomainError for a move back or further than ten years in all.
    """
    _hold(tenant)
    try:
        offset = rules.moved(tenant.clock_offset, clock.wall() + tenant.clock_offset, to)
    except rules.ClockError as error:
        words = {
            "back": _("Time moves forward only: what was booked stays past."),
            "far": _("Ten years ahead at most."),
        }[error.code]
        raise DomainError("clock", words, FieldError("to", words)) from error
    _set(tenant, offset)


def reset(tenant: Tenant) -> None:
    """Bring a test twin's time back to the real one. Raises NotFound for a live merchant.

    Raises Conflict where something happened at a later time: it would lie in the future.
    """
    _hold(tenant)
    wall = clock.wall()
    if tenant.clock_offset and queries.happened_after(wall):
        raise Conflict("clock", _("Something has happened at the moved time: it would lie ahead."))
    _set(tenant, timedelta(0))
    # What was counted and reviewed ahead of time is done again by the real time.
    later = GradeCursor.reviewed_on > wall.date()
    db.session.execute(update(GradeCursor).where(later).values(reviewed_on=wall.date()))
    look_anew()
    touch_tree()


def _hold(tenant: Tenant) -> None:
    """Lock the twin's row and read its clock anew: of two who move it at once one comes after the other."""
    if tenant.twin_of is None:
        raise NotFound
    locked = select(TenantRow).where(TenantRow.id == tenant.id).with_for_update()
    db.session.scalars(locked.execution_options(populate_existing=True)).one()


def _set(tenant: Tenant, offset: timedelta) -> None:
    if offset == tenant.clock_offset:
        return
    tenant.clock_offset = offset
    db.session.flush()
    changes = {"clock": round(offset.total_seconds())}
    record(queries.CLOCK_MOVED, f"merchant:{tenant.id}", changes=changes)
    for job in AFTER_MOVE:
        kick_after_commit(job)
