"""Top-ups, holds that end, the sweep and the operator meet, each on a connection of its own."""

from __future__ import annotations

import random
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

import pytest

from app.billing import queries as billing
from app.billing import service as top_ups
from app.billing.rules import Notice, Status
from app.extensions import db
from app.ledger.queries import partner_balances
from app.settlement import service
from tests.faults.test_payout_races import committed, meet
from tests.harness import invariants
from tests.payouts.setting import earn, take_back
from tests.settlement.setting import payouts_of, platform_lampa, ready, top_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.application import App


def make(app: App, funds: int, *earned: int) -> tuple[int, list[int]]:
    """Lampa with a balance and partners who have earned; committed."""
    with app.app_context():
        with platform_lampa() as tenant:
            people = [ready(f"P{n}", amount) for n, amount in enumerate(earned)]
            if funds:
                top_up(funds)
        db.session.commit()
    return tenant, people


@pytest.mark.parametrize("sweeps", [2, 12])
def test_sweeps_at_once_pay_each_partner_once(app: App, sweeps: int) -> None:
    tenant, people = make(app, 1_000_000, 5_000, 6_000, 7_000)
    assert meet(app, tenant, [service.settle] * sweeps) == ["done"] * sweeps
    with committed(app, tenant):
        assert [[p.amount for p in payouts_of(each)] for each in people] == [
            [5_000],
            [6_000],
            [7_000],
        ]
        assert billing.balance() == 1_000_000 - 18_000
        assert invariants.broken() == []


def test_of_a_provider_who_calls_many_times_and_an_operator_one_credits(app: App) -> None:
    tenant, _people = make(app, 0)
    with committed(app, tenant):
        invoice = top_ups.ask(50_000, "person:1")
        number, key = invoice.number, invoice.id
    notice = Notice("pay-1", number, Status.SUCCEEDED, 50_000, "RUB")
    acts: list[Callable[[], object]] = [lambda: top_ups.take_notice(notice)] * 6
    said = meet(app, tenant, [*acts, lambda: top_ups.receive(key, 50_000, "person:9")])
    assert set(said) <= {"done", "top_up_state"}
    with committed(app, tenant):
        assert billing.balance() == 50_000
        assert invariants.broken() == []


@pytest.mark.parametrize("rounds", [12, pytest.param(200, marks=pytest.mark.long)])
def test_top_up_sweep_return_and_the_operators_word_meet(app: App, rounds: int) -> None:
    seed = random.randrange(2**32)  # noqa: S311 - printed, so that a failure can be seen again
    dice = random.Random(seed)  # noqa: S311 - no secret
    ends = Counter(_round(app, dice, f"seed {seed}, round {n}") for n in range(rounds))
    assert sum(ends.values()) == rounds


def _round(app: App, dice: random.Random, name: str) -> str:
    """Anna's payout is on its way; Boris' does not fit before a top-up, or Anna's coming back."""
    tenant, (anna, boris) = make(app, 10_000, 10_000, 4_000)
    with committed(app, tenant):
        assert service.settle() == 1
        number = payouts_of(anna)[0].id
        invoice = top_ups.ask(9_000, "person:1").id
    acts: dict[str, Callable[[], object]] = {
        "top_up": lambda: top_ups.receive(invoice, 9_000, "person:9"),
        "sweep": service.settle,
        "other": service.settle,
        "fail": partial(service.fail, number, "closed", "person:9"),
        "pay": partial(service.pay, number, "person:9"),
        "return": lambda: take_back(anna, 3_000),
        "sale": lambda: earn(boris, 1_000),
    }
    order = dice.sample(list(acts), len(acts))
    said = dict(zip(order, meet(app, tenant, [acts[n] for n in order]), strict=True))
    assert sorted([said["pay"], said["fail"]]) == ["done", "payout_state"], name
    with committed(app, tenant):
        while service.settle():
            pass
        broken = invariants.broken()
        assert broken == [], name
        paid = said["pay"] == "done"
        boris_got = sum(p.amount for p in payouts_of(boris))
        left = 9_000 + (0 if paid else 10_000) - boris_got
        assert billing.balance() == left, name
        stand = partner_balances([anna, boris])
        assert stand[boris].available + boris_got == 5_000, name
        assert stand[anna].debt == (3_000 if paid else 0), name
    return "paid" if paid else "failed"
