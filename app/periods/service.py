"""Close a month for bookkeeping, and open it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import select

from app import clock
from app.errors import Conflict, DomainError, FieldError
from app.events.service import actor, record
from app.extensions import db
from app.periods.models import Closing
from app.periods.rules import REASON, is_closed, may_close
from app.statements.rules import midnight, next_month
from app.tenancy import current_tenant
from app.tenants.models import Tenant

if TYPE_CHECKING:
    from datetime import date


def close(month: date) -> None:
    """Close a month (its first day) and all before it: from now on nothing is dated into them.

    Raises Conflict (409) for a month that has not ended, or is closed.
    """
    tenant = _locked()
    if not may_close(month, clock.now(), tenant.closed_until, tenant.timezone):
        if is_closed(month, tenant.closed_until, tenant.timezone):
            raise Conflict("closed", _("This month is closed already."))
        raise Conflict(
            "not_ended", _("A month is closed when it has ended, an hour later or more.")
        )
    tenant.closed_until = midnight(next_month(month), tenant.timezone)
    _note("closed", month, None)


def reopen(month: date, reason: str) -> None:
    """Open a closed month again, and all after it. Raises DomainError (422) without a reason, Conflict."""
    tenant, said = _locked(), reason.strip()
    if not 0 < len(said) <= REASON:
        words = _("Say why: it is kept with the month.")
        raise DomainError("reason_missing", words, FieldError("reason", words))
    if not is_closed(month, tenant.closed_until, tenant.timezone):
        raise Conflict("open", _("This month is open."))
    tenant.closed_until = midnight(month, tenant.timezone)
    _note("reopened", month, said)


def _note(act: str, month: date, reason: str | None) -> None:
    said = {"reason": reason} if reason else {}
    db.session.add(Closing(act=act, month=month, at=clock.now(), actor=actor(), reason=reason))
    db.session.flush()
    record(f"period.{act}", f"merchant:{current_tenant()}", month=month.isoformat(), **said)


def _locked() -> Tenant:
    """Closing and reopening take turns; what only refers to the merchant is not held up."""
    query = select(Tenant).where(Tenant.id == current_tenant())
    held = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return db.session.scalars(held).one()
