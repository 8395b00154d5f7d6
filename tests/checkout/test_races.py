"""Twenty customers' hands in one purse: whoever comes, no more is spent than there was."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from random import Random
from typing import TYPE_CHECKING

import pytest

from app import clock
from app.bonuses import queries
from app.checkout import service as checkout
from app.errors import Retry
from app.extensions import db
from app.intake import service as intake
from app.orders.rules import Customer, Line, Snapshot, State
from app.orders.service import Incoming
from tests.checkout.shop import GLEB, credit, member, open_account
from tests.faults.test_payout_races import committed, meet
from tests.harness import invariants

if TYPE_CHECKING:
    from app.application import App
    from tests.world import Merchant, World

RACERS = 20


def ordered(
    lampa: Merchant, external_id: str, spend: int, state: State, who: str = GLEB
) -> Incoming:
    snapshot = Snapshot(
        status=state.value,
        currency="RUB",
        created_at=datetime(2026, 11, 22, tzinfo=UTC),
        customer=Customer(id=who),
        lines=(Line(id="1", quantity=Decimal(3), price=100_000),),
        bonus_spend=spend,
    )
    return Incoming(lampa.shop_id, external_id, snapshot, state, 1, "api", clock.now())


def put(incoming: Incoming) -> None:
    """Do what the door does, and again where two met."""
    for _ in range(50):
        try:
            checkout.check(incoming)
            applied = intake.apply(incoming)
            if applied.changed:
                checkout.insist(incoming, applied.order)
        except Retry:
            db.session.rollback()
        else:
            return
    raise AssertionError("met for ever")


@pytest.mark.parametrize("rounds", [3, pytest.param(200, marks=pytest.mark.long)])
def test_twenty_racers_never_overdraw(app: App, world: World, rounds: int) -> None:
    lampa, chance = world.lampa, Random(rounds)  # noqa: S311 - the same races each time
    open_account(app, lampa, 0)
    for n in range(rounds):
        with committed(app, lampa.id):
            left = chance.randint(1, 100_000)
            buyer = member(lampa, f"buyer {n}")
            credit(buyer, left)
        wishes = [chance.randint(1, 10_000) for _ in range(RACERS)]
        acts = [
            partial(put, ordered(lampa, f"{n}-{k}", wish, State.AGREED, f"buyer {n}"))
            for k, wish in enumerate(wishes)
        ]
        results = meet(app, lampa.id, acts)
        assert set(results) <= {"done", "invalid"}
        ends = list(zip(wishes, results, strict=True))
        left -= sum(wish for wish, end in ends if end == "done")
        with committed(app, lampa.id):
            found = queries.balance(buyer)
            assert (found.available, found.debt) == (left, 0)
            assert left >= 0
            # Nobody was refused what there still is.
            assert all(wish > left for wish, end in ends if end != "done")
    with app.app_context():
        assert invariants.broken() == []


def test_one_order_said_by_twenty_at_once_spends_once(app: App, world: World) -> None:
    lampa = world.lampa
    gleb = open_account(app, lampa, 100_000)
    acts = [partial(put, ordered(lampa, "A1", 20_000, State.AGREED))] * RACERS
    assert set(meet(app, lampa.id, acts)) == {"done"}
    with committed(app, lampa.id):
        assert queries.balance(gleb).available == 80_000


@pytest.mark.parametrize("seed", range(3))
def test_payments_cancellations_and_holds_meet(app: App, world: World, seed: int) -> None:
    lampa, chance = world.lampa, Random(seed)  # noqa: S311 - the same races each time
    gleb = open_account(app, lampa, 100_000)
    acts = [
        partial(
            put,
            ordered(lampa, f"A{k % 4}", 10_000, chance.choice([State.AGREED, State.CANCELLED])),
        )
        for k in range(12)
    ]

    def hold() -> None:
        said = ordered(lampa, "A1", 10_000, State.AGREED).snapshot
        held = checkout.hold(lampa.shop_id, said, f"A{chance.randint(0, 3)}")
        if chance.random() < 0.5:
            checkout.void(lampa.shop_id, held.row.public_id)

    results = meet(app, lampa.id, [*acts, *[hold] * 8])
    assert set(results) == {"done"}
    with committed(app, lampa.id):
        found = queries.balance(gleb)
        assert found.available + found.held <= 100_000
        assert member(lampa) == gleb
        for k in range(4):
            intake.delete(lampa.shop_id, f"A{k}")
        found = queries.balance(gleb)
        assert (found.available, found.held, found.debt) == (100_000, 0, 0)
    with app.app_context():
        assert invariants.broken() == []
