"""Tell each month once: to partners some hundred at a time, then to the merchant; and keep the tips."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.digests import queries
from app.digests.models import Cursor
from app.digests.rules import LONGEST_TIPS, month_of, month_to_tell
from app.errors import DomainError, FieldError
from app.events.service import Happened, actor, record, record_all
from app.extensions import db
from app.facts import service as facts
from app.tenancy import PLATFORM, current_tenant
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from app.tenants.models import Tenant

TOGETHER = 200


def step() -> bool:
    """Tell some more partners of the last whole month of the merchant's zone; True while there are more.

    The cursor moves in the transaction that promises the letters: killed anywhere, each is told once.
    """
    tenant = tenants.tenant(current_tenant())
    if tenant is None or tenant.id == PLATFORM:
        return False
    zone = ZoneInfo(tenant.timezone)
    first = month_to_tell(clock.now(), zone)
    if first is None:
        return False
    cursor = _held()
    if cursor.month is not None and (cursor.month > first or _is_over(cursor, first)):
        return False
    if cursor.month != first:
        cursor.month, cursor.place, cursor.ended_at = first, 0, None
    return _tell(cursor, tenant, first)


def _held() -> Cursor:
    db.session.execute(insert(Cursor).values(place=0).on_conflict_do_nothing())
    held = select(Cursor).with_for_update().execution_options(populate_existing=True)
    return db.session.scalars(held).one()


def _is_over(cursor: Cursor, first: date) -> bool:
    return cursor.month == first and cursor.ended_at is not None


def _tell(cursor: Cursor, tenant: Tenant, first: date) -> bool:
    zone = ZoneInfo(tenant.timezone)
    month = month_of(first, zone)
    partners = queries.next_partners(cursor.place, TOGETHER)
    if not partners:
        _tell_merchant(tenant, first)
        cursor.ended_at = clock.now()
        db.session.flush()
        return False
    until = month_of(month.ends.date(), zone).ends
    found = queries.figures([p.id for p in partners], month, until)
    shared = {"month": first.isoformat(), "currency": tenant.currency}
    record_all(
        [
            Happened(
                "digest.month",
                f"partner:{p.id}",
                {"partner_id": p.id, **shared, **asdict(found[p.id])},
            )
            for p in partners
            if found[p.id].is_worth_telling
        ]
    )
    cursor.place = partners[-1].id
    db.session.flush()
    return True


def _tell_merchant(tenant: Tenant, first: date) -> None:
    told = queries.of_merchant(month_of(first, ZoneInfo(tenant.timezone)))
    if any(told.values()):
        said = {"month": first.isoformat(), "currency": tenant.currency, **told}
        record("digest.merchant", f"merchant:{tenant.id}", **said)


def keep_tips(tips: Mapping[str, str]) -> None:
    """Keep what the merchant advises his partners of in digests, by language. Raises DomainError."""
    for locale, text in tips.items():
        if len(text) > LONGEST_TIPS:
            words = _("This is too long.")
            raise DomainError("long", words, FieldError(f"tips_{locale}", words))
    kept: dict[str, Any] = {"tips": {name: text.strip() for name, text in tips.items()}}
    before = facts.current(["merchant"], ["digest"]).get("merchant", {}).get("digest")
    if facts.put("merchant", "digest", kept, actor=actor()):
        changes = {"digest": [before, kept]}
        record("merchant.settings_changed", f"merchant:{current_tenant()}", changes=changes)


def tips() -> dict[str, str]:
    """Return the tips by language."""
    found = facts.current(["merchant"], ["digest"]).get("merchant", {}).get("digest") or {}
    return dict(found.get("tips") or {})
