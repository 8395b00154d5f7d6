"""How many people stand for a payout: above the merchant's limit of one person, two different ones approve it.

What one person approves alone on one day counts together, so that many small payouts are no way around it.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import func, select

from app import clock, sql
from app.errors import Forbidden
from app.extensions import db
from app.payouts import queries
from app.payouts.models import Payout
from app.payouts.rules import GONE_BACK, Consent, consent, people_needed
from app.tenancy import current_tenant
from app.tenants.queries import people_behind, tenant

if TYPE_CHECKING:
    from collections.abc import Collection

_RUNS = """
SELECT approved_by, coalesce(prepared_by, '') AS prepared_by,
       coalesce(first_approved_by, '') AS first_by, total
FROM pay_run WHERE approved_at >= %(start)s AND state NOT IN ('cancelled', 'cancelling')
"""


def in_turn() -> None:
    """Let approvals of single payouts take turns where there is a limit: a day's sum is read and added to.

    Called before any balance is locked.
    """
    if queries.second_above() is not None:
        lock = select(func.pg_advisory_xact_lock(func.hashtext("payout.approve"), current_tenant()))
        db.session.execute(lock)


def consent_to(payout: Payout, by: str) -> Consent:
    """Return what an approval of a payout by `by` would be now."""
    first = people_behind(payout.first_approved_by or "")
    return _consent(payout.amount, first, people_behind(by))


def refuse_alone(amount: int, by: str) -> None:
    """Raise Forbidden where one person may not pay so much (minor units) by hand."""
    if _consent(amount, frozenset(), people_behind(by)) is not Consent.ENOUGH:
        words = _(
            "One person may not pay this much alone. Make a request: another person approves it as well."
        )
        raise Forbidden("second_person", words)


def refuse_same() -> Forbidden:
    """Return the refusal of whoever approved a payout before, or is nobody that we know."""
    return Forbidden("second_person", _("A second person must approve a payout of this size."))


def alone_today(people: Collection[int]) -> int:
    """Return the sum, in minor units, of what these people approved or paid alone today: payouts and runs."""
    here = tenant(current_tenant())
    zone = ZoneInfo(here.timezone if here else "UTC")
    start = datetime.combine(clock.now().astimezone(zone).date(), time(), tzinfo=zone)
    query = (
        select(Payout.approved_by.label("by"), func.sum(Payout.amount).label("total"))
        .where(
            Payout.approved_by.is_not(None),
            Payout.approved_at >= start,
            Payout.first_approved_by.is_(None),
            Payout.state.not_in([state.value for state in GONE_BACK]),
        )
        .group_by(Payout.approved_by)
    )
    found = db.session.execute(query).all()
    single = sum(int(row.total) for row in found if people_behind(row.by) & set(people))
    return single + _runs_alone(start, set(people))


def _runs_alone(start: datetime, people: set[int]) -> int:
    """Return the sum of the runs for which nobody but these people stood since then.

    Runs are of a higher slice: named in SQL only.
    """
    total = 0
    for run in sql.rows(_RUNS, {"start": start}):
        approved = people_behind(run.approved_by)
        stood = approved | people_behind(run.prepared_by) | people_behind(run.first_by)
        if approved & people and stood <= people:
            total += int(run.total)
    return total


def _consent(amount: int, stand: Collection[int], deciding: Collection[int]) -> Consent:
    above = queries.second_above()
    if above is None:
        return Consent.ENOUGH
    return consent(people_needed(amount + alone_today(deciding), above), stand, deciding)
