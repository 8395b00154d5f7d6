"""Twenty orders at one partner's money, payouts among them: no more leaves than there was."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from random import Random
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app.errors import Retry
from app.extensions import db
from app.intake import service as intake
from app.ledger.queries import partner_balances
from app.orders.rules import State
from app.partners.models import Partner
from app.payouts import service as payouts
from tests.checkout.shop import member, open_account
from tests.checkout.test_races import RACERS, ordered, put
from tests.faults.test_payout_races import committed, meet
from tests.harness import invariants
from tests.payouts.setting import earn
from tests.payouts.setting import partner as made

if TYPE_CHECKING:
    from app.application import App
    from app.orders.service import Incoming
    from tests.world import Merchant, World


def paid(lampa: Merchant, external_id: str, wish: int, state: State, who: str) -> Incoming:
    found = ordered(lampa, external_id, 0, state, who)
    return replace(found, snapshot=replace(found.snapshot, partner_spend=wish))


def anna(lampa: Merchant, who: str, amount: int) -> int:
    """Make a partner with money who is a customer; return the partner."""
    found = db.session.scalars(select(Partner).where(Partner.id == made("Anna"))).one()
    found.member_id = member(lampa, who)
    earn(found.id, amount)
    return found.id


@pytest.mark.parametrize("rounds", [3, pytest.param(200, marks=pytest.mark.long)])
def test_twenty_racers_never_overdraw_partner_money(app: App, world: World, rounds: int) -> None:
    lampa, chance = world.lampa, Random(rounds)  # noqa: S311 - the same races each time
    open_account(app, lampa, 0)
    for n in range(rounds):
        left, who = chance.randint(1, 100_000), f"buyer {n}"
        with committed(app, lampa.id):
            whose = anna(lampa, who, left)
        wishes = [chance.randint(1, 10_000) for _ in range(RACERS - 2)]
        acts = [
            partial(put, paid(lampa, f"{n}-{k}", wish, State.AGREED, who))
            for k, wish in enumerate(wishes)
        ]
        asked = chance.randint(1, 10_000)
        ask = partial(payouts.request_for, whose, asked, "bank", "api")
        results = meet(app, lampa.id, [*acts, ask, ask])
        assert set(results) <= {"done", "invalid", "above_available", "open_payout"}
        left -= sum(w for w, end in zip(wishes, results, strict=False) if end == "done")
        left -= asked * results[-2:].count("done")
        with committed(app, lampa.id):
            found = partner_balances([whose])[whose]
            assert (found.available, found.debt) == (left, 0)
            assert left >= 0
    with app.app_context():
        assert invariants.broken() == []


@pytest.mark.parametrize("seed", range(2))
def test_payments_and_cancellations_meet_and_all_comes_back(
    app: App, world: World, seed: int
) -> None:
    lampa, chance = world.lampa, Random(seed)  # noqa: S311 - the same races each time
    open_account(app, lampa, 0)
    with committed(app, lampa.id):
        whose = anna(lampa, "buyer", 100_000)
    acts = [
        partial(
            put,
            paid(
                lampa, f"A{k % 4}", 10_000, chance.choice([State.AGREED, State.CANCELLED]), "buyer"
            ),
        )
        for k in range(RACERS)
    ]
    assert set(meet(app, lampa.id, acts)) == {"done"}
    with committed(app, lampa.id):
        for k in range(4):
            _gone(lampa, f"A{k}")
        found = partner_balances([whose])[whose]
        assert (found.available, found.debt) == (100_000, 0)
    with app.app_context():
        assert invariants.broken() == []


def _gone(lampa: Merchant, external_id: str) -> None:
    try:
        intake.delete(lampa.shop_id, external_id)
    except Retry as error:  # nobody else is there any more
        raise AssertionError from error
