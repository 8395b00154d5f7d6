"""Customers whom nobody reported: who has not bought for long, whose bonuses expire, to whom many are given."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app import clock
from app.bonuses import service as wallet
from app.bonuses.queries import MASS, UNDO
from app.earnings import queries
from app.earnings.service.happening import happened, take_back
from app.profiles import queries as profiles
from app.profiles.rules.quiet import quiet_days
from app.tenants.queries import setting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.runs.models import Run
    from app.runs.rules import Step
    from app.runs.service import Kind
    from app.tenants.models import Tenant

TOGETHER = 200  # customers in one transaction


def quiet(merchant: Tenant) -> bool:
    """Let rules meet customers who have not bought for as many days as each rule asks, once a quiet period.

    A period begins with the last order. Returns whether more wait.
    """
    rules = profiles.live("schedule.inactivity")
    if not rules or not setting("loyalty"):
        return False
    now = clock.now()
    for each in rules:
        cut = now - timedelta(days=quiet_days(each.rule))
        found = queries.quiet_since(each.rule_id, cut, TOGETHER)
        for member_id, key in found:
            happened(merchant, "schedule.inactivity", key, member_id, now, rules=[each])
        if len(found) == TOGETHER:
            return True
    return False


def warn(merchant: Tenant) -> bool:
    """Warn customers of bonuses that lapse soon, and let rules meet them. Returns whether more wait."""
    live = setting("loyalty") and profiles.live("points.expiring")
    most = TOGETHER if live else wallet.WARNED

    def follow(told: Sequence[Any]) -> None:
        for row in told if live else ():
            data = {"amount": row.amount, "at": row.at.isoformat()}
            key = f"points.expiring:{row.lot_id}"
            happened(merchant, "points.expiring", key, row.member_id, clock.now(), data)

    return wallet.warn(most, follow) == most


def mass_kinds(merchant: Callable[[], Tenant]) -> dict[str, Kind]:
    """Return how operations over many are done, with the rules that meet each customer after it."""
    give, undo = wallet.KINDS[MASS], wallet.KINDS[UNDO]

    def given(run: Run, ids: Sequence[int]) -> Step:
        step = _applied(give, run, ids)
        live = profiles.live("manual.mass")
        for line in step.lines if live else ():
            if line.after > 0:
                key, data = mass_key(run.public_id, line.subject), {"amount": line.after}
                happened(merchant(), "manual.mass", key, line.subject, clock.now(), data)
        return step

    def undone(run: Run, ids: Sequence[int]) -> Step:
        step = _applied(undo, run, ids)
        for key in queries.applied([mass_key(run.parameters["run"], each) for each in ids]):
            take_back(merchant(), key)
        return step

    return {MASS: replace(give, apply=given), UNDO: replace(undo, apply=undone)}


def mass_key(run: str, member_id: int) -> str:
    """Return what makes one customer's part of an operation one event."""
    return f"manual.mass:{run}:{member_id}"


def _applied(kind: Kind, run: Run, ids: Sequence[int]) -> Step:
    if kind.apply is None:
        raise LookupError(run.kind)
    return kind.apply(run, ids)
