"""F20, F21: people press at the same time, each on a connection of its own."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest

from app.errors import DomainError, Retry
from app.extensions import db
from app.ledger.queries import PartnerBalance, partner_balances
from app.payouts import service
from app.payouts.models import Payout
from app.tenancy import tenant_scope
from tests.harness import invariants
from tests.harness.together import room_for, together
from tests.payouts.setting import at_lampa, earn, partner, take_back

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from app.application import App

EARNED, ASKED, RETURNED = 100_000, 60_000, 70_000


@contextmanager
def committed(app: App, tenant: int) -> Iterator[None]:
    """One transaction of one visitor."""
    with app.app_context(), tenant_scope(tenant):
        try:
            yield
            db.session.commit()
        except BaseException:
            db.session.rollback()
            raise


def meet(app: App, tenant: int, acts: Sequence[Callable[[], object]]) -> list[str]:
    """Run the acts at one moment; return "done" or the code of the refusal, in their order.

    One that asks to be run again is, as by its job.
    """

    @contextmanager
    def connected() -> Iterator[None]:
        with app.app_context(), tenant_scope(tenant):
            db.session.connection()
            yield

    def run(act: Callable[[], object]) -> str:
        try:
            act()
            db.session.commit()
        except Retry:
            db.session.rollback()
            return run(act)
        except DomainError as refusal:
            db.session.rollback()
            return refusal.code
        return "done"

    with room_for(app, len(acts)):
        return together([partial(run, act) for act in acts], connected)


def make(app: App) -> tuple[int, int]:
    """A merchant with Anna, who has earned; committed."""
    with app.app_context():
        with at_lampa() as tenant:
            anna = partner("Anna")
            earn(anna, EARNED)
        db.session.commit()
    return tenant, anna


@pytest.mark.parametrize("visitors", [2, 20])
def test_of_simultaneous_requests_exactly_one_wins(app: App, visitors: int) -> None:
    tenant, anna = make(app)

    def ask() -> None:
        service.request_for(anna, ASKED, "bank", f"partner:{anna}")

    results = Counter(meet(app, tenant, [ask] * visitors))
    assert results == {"done": 1, "open_payout": visitors - 1}
    with committed(app, tenant):
        assert partner_balances([anna])[anna] == PartnerBalance(
            available=EARNED - ASKED, reserved=ASKED
        )
        assert invariants.broken() == []


def test_of_simultaneous_marks_as_paid_one_counts(app: App) -> None:
    tenant, anna = make(app)
    with committed(app, tenant):
        payout = service.request_for(anna, ASKED, "bank", "person:1")
        number = service.approve(payout.id, "person:1").id
    results = Counter(meet(app, tenant, [lambda: service.pay(number, "person:1")] * 8))
    assert results == {"done": 1, "payout_state": 7}
    with committed(app, tenant):
        assert partner_balances([anna])[anna] == PartnerBalance(available=EARNED - ASKED)
        assert invariants.broken() == []


@pytest.mark.parametrize("rounds", [20, pytest.param(200, marks=pytest.mark.long)])
def test_approval_cancellation_and_clawback_meet(app: App, rounds: int) -> None:
    """Whoever comes first, the books agree: with approval the money stays out, else debt is repaid."""
    seed = random.randrange(2**32)  # noqa: S311 - printed, so that a failure can be seen again
    dice = random.Random(seed)  # noqa: S311 - no secret
    ends = Counter[str]()
    for number in range(rounds):
        ends[_round(app, dice, f"seed {seed}, round {number}")] += 1
    assert sum(ends.values()) == rounds


def _round(app: App, dice: random.Random, name: str) -> str:
    tenant, anna = make(app)
    with committed(app, tenant):
        payout_id = service.request_for(anna, ASKED, "bank", f"partner:{anna}").id
    acts: dict[str, Callable[[], object]] = {
        "approve": lambda: service.approve(payout_id, "person:1"),
        "cancel": lambda: service.cancel(payout_id, anna, f"partner:{anna}"),
        "clawback": lambda: take_back(anna, RETURNED),
    }
    order = dice.sample(list(acts), len(acts))
    said = dict(zip(order, meet(app, tenant, [acts[n] for n in order]), strict=True))
    with committed(app, tenant):
        payout = db.session.get_one(Payout, (tenant, payout_id))
        state, balance = payout.state, partner_balances([anna])[anna]
        broken = invariants.broken()
    assert broken == [], name
    assert said["clawback"] == "done", name
    if state == "approved":
        assert said == {"approve": "done", "cancel": "payout_state", "clawback": "done"}, name
        assert balance == PartnerBalance(reserved=ASKED, debt=RETURNED - (EARNED - ASKED)), name
    else:
        assert state == "cancelled", name
        assert said["cancel"] == "done", name
        assert said["approve"] in {"payout_state", "debt"}, name
        assert balance == PartnerBalance(available=EARNED - RETURNED), name
    return state


def test_an_advance_and_a_request_at_once_never_spend_the_same_money(app: App) -> None:
    tenant, anna = make(app)
    acts: list[Callable[[], object]] = [
        lambda: service.record_paid(anna, EARNED, "bank", "person:1"),
        lambda: service.request_for(anna, EARNED, "bank", f"partner:{anna}"),
    ]
    paid, asked = meet(app, tenant, acts)
    assert paid == "done"
    with committed(app, tenant):
        balance = partner_balances([anna])[anna]
        assert invariants.broken() == []
    if asked == "done":
        assert balance == PartnerBalance(reserved=EARNED, debt=EARNED)
    else:
        assert (asked, balance) == ("above_available", PartnerBalance())
