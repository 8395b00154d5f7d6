"""A pay run whose workers are killed, and of which two work at once: nobody is paid twice, nobody is forgotten."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app import clock
from app.events.service import acting_as
from app.extensions import db
from app.ledger.models import Transfer
from app.ledger.queries import PartnerBalance, partner_balances
from app.ledger.rules import OUTSIDE
from app.payouts.models import Payout
from app.payruns import queries, service
from app.payruns.models import PayRun
from app.payruns.rules import Pays
from app.runs import service as runs
from app.runs.models import Run
from app.runs.rules import OPEN
from tests.faults.test_payout_races import committed
from tests.faults.workers import ended, workers
from tests.harness import invariants
from tests.payouts.setting import at_lampa
from tests.payruns.setting import DESK, ready

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from app.application import App
    from app.dev.children import Child
    from tests.faults.workers import Start

PEOPLE, EARNED, BATCH = 40, 5_000, 3


@pytest.fixture
def start(environ: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Start workers on one run; they end with the test."""
    with workers(BATCH, environ, tmp_path) as begin:
        yield begin


class Desk:
    """The money desk of a shop with many partners, each step committed."""

    def __init__(self, app: App) -> None:
        """Make the shop and its partners, who have earned."""
        self.app = app
        with app.app_context():
            with at_lampa() as self.tenant, acting_as(DESK):
                self.partners = [ready(f"P{n}", EARNED + n) for n in range(PEOPLE)]
            db.session.commit()

    def go_on(self) -> None:
        """Let the work come to its end in this process, nobody being killed."""
        number = self.work
        while committed_work(self.app, self.tenant, number):
            pass

    def act(self, verb: Callable[[PayRun], object]) -> None:
        """Take a step."""
        with committed(self.app, self.tenant), acting_as(DESK):
            verb(queries.by_id(self.run))

    def make(self) -> None:
        """Begin the run."""
        with committed(self.app, self.tenant), acting_as(DESK):
            self.run = service.make(Pays.AVAILABLE, clock.today("Europe/Moscow")).id

    @property
    def work(self) -> int:
        """The long work under way."""
        with committed(self.app, self.tenant):
            number = queries.by_id(self.run).work_id
        assert number is not None
        return number

    def done(self) -> tuple[int, bool]:
        """How many things are done, and whether there are more."""
        with committed(self.app, self.tenant):
            run = db.session.scalars(select(Run).where(Run.id == self.watched)).one()
            return run.done, run.standing in OPEN

    def killed_on_the_way(self, start: Start, dice: random.Random) -> None:
        """Let workers go on, the first killed after some batches, until the work is at its end."""
        self.watched = self.work
        reached = dice.randrange(1, PEOPLE // 2)
        ended(start(self.tenant, self.watched, far=reached), killed=True)
        self.to_the_end([start(self.tenant, self.watched)])

    def to_the_end(self, children: list[Child]) -> None:
        """Wait for the workers."""
        self.watched = self.work
        for child in children:
            ended(child)
        assert not self.done()[1]

    def paid_once_each(self) -> None:
        """Every partner got all of his, once; the books are sound."""
        with committed(self.app, self.tenant):
            payouts = db.session.scalars(select(Payout)).all()
            assert Counter(p.partner_id for p in payouts) == Counter(self.partners)
            assert {p.state for p in payouts} == {"paid"}
            left = db.session.execute(
                select(Transfer.partner_id, Transfer.amount).where(Transfer.target == OUTSIDE)
            ).all()
            assert sorted((row.partner_id, row.amount) for row in left) == [
                (partner, EARNED + n) for n, partner in enumerate(self.partners)
            ]
            balances = partner_balances(self.partners)
            assert set(balances.values()) == {PartnerBalance()}
            assert queries.by_id(self.run).state == "done"
            assert invariants.broken() == []


def committed_work(app: App, tenant: int, number: int) -> bool:
    """Do a batch as a job does."""
    with committed(app, tenant):
        return runs.work(number, service.KINDS)


def test_workers_killed_half_way_pay_nobody_twice(app: App, start: Start) -> None:
    dice, desk = random.Random(), Desk(app)  # noqa: S311 - no secret; where it is killed is chance
    desk.make()
    desk.go_on()
    desk.act(service.prepare)
    desk.killed_on_the_way(start, dice)
    desk.act(service.approve)
    desk.go_on()
    desk.act(service.pay)
    desk.killed_on_the_way(start, dice)
    desk.paid_once_each()


def test_two_workers_at_once_pay_nobody_twice(app: App, start: Start) -> None:
    desk = Desk(app)
    desk.make()
    for verb in (service.prepare, service.approve, service.pay):
        desk.go_on()
        desk.act(verb)
    desk.to_the_end([start(desk.tenant, desk.work) for _ in range(2)])
    desk.paid_once_each()
