"""Random histories of sales, returns, top-ups and payouts, beside a plain model of who is owed what."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.billing import queries as billing
from app.extensions import db
from app.ledger import service as ledger
from app.ledger.queries import balances, partner_balances
from app.ledger.rules import COMMISSIONS, FEES, OUTSIDE, WITHHELD
from app.papers import service as papers
from app.settlement import queries, service
from app.tenants import service as tenants
from tests.harness import invariants
from tests.payouts.setting import take_back
from tests.settlement.setting import earned_ago, payouts_of, platform_lampa, ready, top_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.application import App

STEPS = 30
LONG_AGO = 100_000  # seconds: everything is earned in the past, each sum at a moment of its own


@dataclass
class Person:
    """What the model knows of one partner: sums not settled yet with their ages, debt, an open payout."""

    id: int
    owed: deque[list[int]] = field(default_factory=deque)  # [moment, left]
    debt: int = 0
    open: tuple[int, int, int, int] | None = None  # gross, fee, tax, cost
    held: bool = False  # the last payout came back

    @property
    def available(self) -> int:
        return sum(left for _moment, left in self.owed)

    @property
    def since(self) -> int:
        """The moment of the oldest sum that is left; what came back is booked before older sales may be."""
        return min(moment for moment, _left in self.owed)

    def spend(self, amount: int) -> None:
        while amount:
            first = self.owed[0]
            taken = min(first[1], amount)
            first[1] -= taken
            amount -= taken
            if not first[1]:
                self.owed.popleft()


class Model:
    """The whole shop as the model sees it."""

    def __init__(self, dice: random.Random) -> None:
        self.dice, self.moment = dice, 0
        self.people = [Person(ready(name)) for name in ("Anna", "Boris", "Vera", "Gleb")]
        self.funds = self.fees = self.sent = self.came = 0
        self.withheld = 0
        self.paid_by = "partner"
        self.rate = dice.choice((0, 0, 13, 99))  # per cent of tax
        papers.set_rate("person", str(self.rate) if self.rate else None)

    def step(self) -> None:
        """Do one thing, in both worlds."""
        acts: list[Callable[[], None]] = [
            self.earn, self.earn, self.take_back, self.top_up, self.settle, self.settle, self.end,
            self.end, self.retry, self.turn,
        ]  # fmt: skip
        self.dice.choice(acts)()
        self.moment += 1

    def _somebody(self) -> Person:
        return self.dice.choice(self.people)

    def earn(self) -> None:
        who, amount = self._somebody(), self.dice.randint(1, 5_000)
        earned_ago(who.id, amount, timedelta(seconds=LONG_AGO - self.moment))
        ledger.repay([who.id], "RUB")
        who.owed.append([self.moment, amount])
        repaid = min(who.debt, who.available)
        who.spend(repaid)
        who.debt -= repaid

    def take_back(self) -> None:
        who, amount = self._somebody(), self.dice.randint(1, 4_000)
        take_back(who.id, amount)
        from_available = min(who.available, amount)
        who.spend(from_available)
        who.debt += amount - from_available

    def top_up(self) -> None:
        amount = self.dice.randint(1, 8_000)
        top_up(amount)
        self.funds += amount
        self.came += amount

    def turn(self) -> None:
        self.paid_by = "merchant" if self.paid_by == "partner" else "partner"
        tenants.change_settings({"fee_paid_by": self.paid_by})

    def settle(self) -> None:
        expected = []
        waiting = [p for p in self.people if p.owed and p.open is None and not p.held]
        for who in sorted(waiting, key=lambda p: (p.since, p.id)):
            gross = who.available
            fee = (gross * 15 + 50) // 100
            borne = fee if self.paid_by == "merchant" else 0
            tax = min((gross * self.rate + 50) // 100, gross - fee + borne)
            cost = gross - tax + borne
            if cost > self.funds:
                break
            self.funds -= cost
            who.spend(gross)
            who.open = (gross, fee, tax, cost)
            expected.append(who.id)
        line = [place.candidate.partner_id for place in queries.queue().line]
        assert service.settle() == len(expected)
        assert line[: len(expected)] == expected

    def end(self) -> None:
        who = next((p for p in self.dice.sample(self.people, 4) if p.open), None)
        if who is None or who.open is None:
            return
        gross, fee, tax, cost = who.open
        number = payouts_of(who.id)[-1].id
        if self.dice.random() < 0.4:
            service.send(number, "person:9")
            if self.dice.random() < 0.5:
                service.lose(number, "person:9")
        if self.dice.random() < 0.7:
            service.pay(number, "person:9")
            self.fees += fee
            self.sent += cost - fee
            self.withheld += tax
        else:
            service.fail(number, "closed", "person:9")
            self.funds += cost
            who.held = True
            who.owed.append([LONG_AGO + self.moment, gross])
            repaid = min(who.debt, who.available)
            who.spend(repaid)
            who.debt -= repaid
        who.open = None

    def retry(self) -> None:
        who = next((p for p in self.people if p.held), None)
        if who is not None:
            service.try_again(who.id, "person:1")
            who.held = False

    def check(self, name: str) -> None:
        """Compare the books with the model."""
        assert billing.balance() == self.funds, name
        books = balances([FEES, OUTSIDE, COMMISSIONS, WITHHELD])
        assert books[FEES] == self.fees, name
        assert books[WITHHELD] == self.withheld, name
        assert books[OUTSIDE] == self.sent - self.came, name
        stand = partner_balances([p.id for p in self.people])
        for who in self.people:
            mine = stand[who.id]
            reserved = who.open[0] if who.open else 0
            assert (mine.available, mine.debt, mine.reserved) == (
                who.available, who.debt, reserved,
            ), name  # fmt: skip


@pytest.mark.parametrize("rounds", [8, pytest.param(150, marks=pytest.mark.long)])
def test_in_any_order_the_books_are_what_a_plain_model_says(app: App, rounds: int) -> None:
    seed = random.randrange(2**32)  # noqa: S311 - printed, so that a failure can be seen again
    with app.app_context():
        for number in range(rounds):
            name = f"seed {seed}, history {number}"
            with platform_lampa():
                model = Model(random.Random(seed + number))  # noqa: S311 - no secret
                for _ in range(STEPS):
                    model.step()
                    model.check(name)
            assert invariants.broken() == [], name
            db.session.rollback()
            db.session.remove()
