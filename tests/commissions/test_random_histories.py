"""Thousands of random histories: whatever the order, repetition or batches, the same money in the end."""

from __future__ import annotations

import random
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from app import clock
from app.commissions.queries import booked, deal_views
from app.extensions import db
from app.ledger.queries import partner_balances
from app.orders.service import find
from app.partners.models import Partner
from app.trust.service import decide
from tests.commissions.chance import DAY, World, change_rules, decisions, furnish, history
from tests.harness import invariants
from tests.intake.scene import NOON, at_lampa

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from app.fraud.rules import Word
    from tests.commissions.chance import Said

SEED = 20261125
PERMUTATIONS = 10
SHOWN = ("partner_id", "reason", "state", "how", "promo_code", "terms_label", "commission",
         "available_at", "matures_at")  # fmt: skip


@pytest.fixture(scope="module")
def world(app: Any) -> Iterator[World]:
    """One shop for all histories; each is undone."""
    with app.app_context():
        with at_lampa() as scene:
            yield furnish(scene)
        db.session.rollback()
        db.session.remove()


def outcome(
    world: World,
    told: Sequence[Said],
    chance: random.Random,
    days: int,
    words: Mapping[str, Word] = MappingProxyType({}),
) -> dict[str, Any]:
    """Play messages in batches, with staff's words in between; return deals, shares and what is booked."""
    savepoint = db.session.begin_nested()
    left, unsaid, there = list(told), dict(words), set()
    try:
        with clock.moved_to(NOON + days * DAY):
            while left:
                many = chance.randint(1, len(told))
                world.scene.say_together(left[:many])
                there |= {name for name, _ in left[:many]}
                left = left[many:]
                for name in sorted(there & unsaid.keys()):
                    if not left or chance.random() < 0.5:
                        decide(unsaid.pop(name), [find(world.scene.shop_id, name).id], "No.")
            return seen(world, {name for name, _ in told})
    finally:
        savepoint.rollback()
        db.session.expunge_all()


def seen(world: World, names: set[str]) -> dict[str, Any]:
    ids = {find(world.scene.shop_id, name).id: name for name in names}
    people = partner_balances([id_ for (id_,) in db.session.execute(db.select(Partner.id))])
    return {
        "balances": people,
        "booked": sorted(
            (ids[key.order_id], key.line, key.level, key.partner_id, nets)
            for key, nets in booked(ids).items()
        ),
        "deals": sorted(
            (
                ids[order_id],
                [getattr(view.deal, name) for name in SHOWN],
                [
                    (row.level, row.partner_id, row.bucket, line.line, line.amount)
                    for row in view.shares
                    for line in row.lines
                ],
            )
            for order_id, view in deal_views(ids).items()
        ),
        "broken": invariants.broken() if len(names) == MANY else [],
    }


MANY = 3  # the ledger's invariants are asked where so many orders meet


PARTS = [pytest.param(range(n, n + 500), marks=pytest.mark.long) for n in (0, 500, 1000, 1500)]


@pytest.mark.parametrize("numbers", [range(4), *PARTS], ids=str)
def test_random_histories_end_in_the_same_money_in_ten_orders_of_arrival(
    world: World, numbers: range
) -> None:
    for number in numbers:
        chance = random.Random(f"{SEED}.{number}")  # noqa: S311
        rules = db.session.begin_nested()
        try:
            change_rules(world, chance)
            told = history(world, chance)
            days = chance.choice((0, 3, 20, 40))
            words = decisions(told, chance)
            straight = outcome(world, told, chance, days, words)
            assert not straight["broken"]
            for _ in range(PERMUTATIONS):
                again = [*told, *chance.choices(told, k=chance.randint(0, 2))]
                chance.shuffle(again)
                assert outcome(world, again, chance, days, words) == straight, (
                    SEED,
                    number,
                    told,
                    again,
                )
        finally:
            rules.rollback()
            db.session.expunge_all()
