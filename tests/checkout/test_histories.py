"""Histories of chance: any order of an order's messages, with doubles, ends in the same bonuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app import clock
from app.bonuses import queries
from app.checkout.models import OrderSpending
from app.checkout.queries import books, paid
from app.checkout.rules import due
from app.extensions import db
from app.intake import service as intake
from app.orders import service as orders
from app.orders.rules import (
    Customer,
    Line,
    Refund,
    RefundLine,
    Snapshot,
    State,
    goods_total,
    line_value,
    refunded,
)
from app.orders.service import Incoming
from tests.checkout.shop import credit, member, open_account

if TYPE_CHECKING:
    from app.application import App
    from tests.world import Merchant, World

PLENTY = 10**9


def message(chance: Random, version: int) -> Snapshot:
    lines = tuple(
        Line(
            id=str(n),
            quantity=Decimal(chance.choice(["1", "2", "3", "0.350", "7.35"])),
            price=chance.randint(1, 100_000),
        )
        for n in range(chance.randint(1, 3))
    )
    said = Snapshot(
        status="any",
        currency="RUB",
        created_at=datetime(2026, 11, 22, tzinfo=UTC),
        version=version,
        customer=Customer(id="77"),
        lines=lines,
        shipping=chance.choice([0, 30_000]),
    )
    wish = chance.choice([0, 1, goods_total(said) // 3, goods_total(said), PLENTY // 10])
    return replace(said, bonus_spend=wish, refunds=tuple(_refunds(chance, lines)))


def told(chance: Random, number: int) -> list[Snapshot]:
    """Return messages of one order: half of them change its lines, the others refunds at most."""
    found = [message(chance, 1)]
    for version in range(2, number + 1):
        last = found[-1]
        if chance.random() < 0.5:
            found.append(message(chance, version))
        else:
            again = tuple(_refunds(chance, last.lines))
            found.append(replace(last, version=version, refunds=again))
    return found


def _refunds(chance: Random, lines: tuple[Line, ...]) -> list[Refund]:
    found, left = [], {line.id: line_value(line) for line in lines}
    for n in range(chance.randint(0, 3)):
        line = chance.choice(lines)
        amount = chance.randint(0, left[line.id])
        left[line.id] -= amount
        part = RefundLine(line=line.id, amount=amount)
        found.append(Refund(id=f"r{n}", lines=(part,)))
    return found


def tell(lampa: Merchant, external_id: str, said: Snapshot, state: State) -> None:
    intake.apply(Incoming(lampa.shop_id, external_id, said, state, 1, "api", clock.now()))


@pytest.mark.parametrize("part", range(2))
@pytest.mark.parametrize("histories", [6, pytest.param(300, marks=pytest.mark.long)])
def test_any_order_of_messages_ends_in_the_same_bonuses(
    app: App, world: World, histories: int, part: int
) -> None:
    lampa, chance = world.lampa, Random(part)  # noqa: S311 - the same histories each time
    open_account(app, lampa, 0)
    with app.app_context(), lampa.scope():
        for n in range(histories):
            buyer = member(lampa, f"buyer {n}")
            credit(buyer, PLENTY)
            said = [(one, chance.choice(list(State))) for one in told(chance, chance.randint(2, 5))]
            ends = set()
            for turn in range(3):
                before = queries.balance(buyer).available
                name = f"{n}-{turn}"
                for one, state in chance.sample(said + said[:1], len(said) + 1):
                    tell(lampa, name, replace(one, customer=Customer(id=f"buyer {n}")), state)
                ends.add((before - queries.balance(buyer).available, *_books(lampa, name)))
            assert len(ends) == 1, f"part {part}, history {n}"
        db.session.rollback()


def _books(lampa: Merchant, external_id: str) -> tuple[object, ...]:
    """Return what an order spent, and assert that it is due, and that a replay posts nothing."""
    order = orders.find(lampa.shop_id, external_id)
    book = books([order.id])[order.id]
    found = paid(order)
    net = due(book.version, order.folded) if book.version else 0
    assert book.net == found.spent == net
    said = order.folded.snapshot
    if book.version is not None and order.folded.state not in {State.CANCELLED, State.REFUNDED}:
        back = refunded(said).lines
        left = sum(
            Fraction(one.share) * (1 - back[one.line] / one.value) if one.value else 0
            for one in book.version.shares
        )
        assert 0 <= net - left < len(said.lines)  # given back rounded down, per line
        assert book.version.amount <= min(said.bonus_spend, goods_total(said))
    acts = select(OrderSpending.id).where(OrderSpending.order_id == order.id)
    before = len(db.session.scalars(acts).all())
    intake.rework([order.id])
    assert len(db.session.scalars(acts).all()) == before
    rows = tuple((r.line, str(r.quantity), r.price, r.amount) for r in found.rows) if net else ()
    return net, rows
