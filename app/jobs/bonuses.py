"""Bonuses whose day has come: they activate, they lapse, and what was held for too long is let go."""

from __future__ import annotations

import logging
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any

from app.bonuses import queries, service
from app.checkout import queries as checkout
from app.checkout.service import end_holds
from app.conversions import service as conversions
from app.earnings import service as earnings
from app.extensions import queue
from app.intake import service as intake
from app.jobs.work import all_tenants, at_work, batched, for_all, in_transaction
from app.profiles import queries as profiles

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)

TOGETHER = 5_000  # lots in one transaction
FOUND = 20_000  # due rows looked up at once


def keep_bonuses() -> None:
    """Activate and lapse lots, end holds: of all merchants, in batches that may stop anywhere."""
    queue.begun("keep_bonuses")
    with at_work():
        _all("activate", service.activate)
        _all("end_holds", service.end_holds)
        _all("lapse", service.lapse)
        _end_money_holds()


def _end_money_holds() -> None:
    found: dict[int, list[str]] = defaultdict(list)
    for tenant_id, reference, _offset in in_transaction(lambda: checkout.overdue(FOUND)):
        found[tenant_id].append(reference)
    for tenant_id, many in found.items():
        for one in many:
            _do(tenant_id, [one], "end_money_holds", end_holds)


def birthdays() -> None:
    """Give the day's birthday presents of every merchant; by the hour, for midnight comes by zone."""
    for_all(
        "birthdays",
        lambda: earnings.birthdays(intake.tenant()),
        lambda: profiles.merchants_with("schedule.birthday"),
    )


def convert_money() -> None:
    """Turn partners' money into bonuses where a merchant's program always does."""
    for_all(
        "conversions",
        lambda: conversions.convert_all() == conversions.TOGETHER,
        queries.merchants_that_convert,
    )


def rank() -> None:
    """Let customers of all merchants rise, be warned and fall between ranks, a set in a transaction."""
    queue.begun("rank")
    for_all("ranks", lambda: earnings.step(intake.tenant()))


def check_ranks() -> None:
    """Compare the days that ranks count with the orders they were counted from, of all merchants."""
    with at_work():
        for tenant_id in in_transaction(all_tenants):
            _check_days(tenant_id)


def _check_days(tenant_id: int) -> None:
    place: int | None = 0
    while place is not None:
        look = partial(_checked, place)
        try:
            place, wrong = in_transaction(look, tenant_id)
        except Exception:
            # The worker's edge: one merchant must not hold up the others.
            log.exception("the days of customers of tenant %s", tenant_id)
            return
        if wrong:
            log.error("tenant %s: days of %s customers were counted wrong", tenant_id, len(wrong))


def _checked(after: int) -> tuple[int | None, list[int]]:
    return earnings.check(intake.tenant(), after)


def warn_of_lapse() -> None:
    """Warn customers of all merchants of bonuses that lapse soon, a set in a transaction."""
    for_all(
        "warnings of lapse", lambda: earnings.warn(intake.tenant()), queries.merchants_with_bonuses
    )


def ask_after() -> None:
    """Let rules meet the customers of all merchants who have not bought for long."""
    for_all(
        "quiet customers",
        lambda: earnings.quiet(intake.tenant()),
        lambda: profiles.merchants_with("schedule.inactivity"),
    )


def _all(what: str, act: Callable[[Sequence[Any]], Any]) -> None:
    seen: set[tuple[int, Any]] = set()
    while found := _due(what, seen):
        seen.update((tenant_id, one) for tenant_id, many in found.items() for one in many)
        for tenant_id, many in found.items():
            for batch in batched(many, TOGETHER):
                _do(tenant_id, batch, what, act)


def _due(what: str, seen: set[tuple[int, Any]]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for tenant_id, one, _offset in in_transaction(lambda: queries.due(what, FOUND)):
        if (tenant_id, one) not in seen:
            found[tenant_id].append(one)
    return found


def _do(
    tenant_id: int, batch: Sequence[Any], what: str, act: Callable[[Sequence[Any]], Any]
) -> None:
    try:
        in_transaction(lambda: act(batch), tenant_id)
    except Exception:
        # The worker's edge: one lot that cannot be booked must not hold up the others.
        log.exception("%s of tenant %s failed for %s bonuses", what, tenant_id, len(batch))
        if len(batch) > 1:
            for one in batch:
                _do(tenant_id, [one], what, act)
