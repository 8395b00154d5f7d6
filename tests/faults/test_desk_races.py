"""F20 to F22 with a pay run among the racers, and the same statement of the bank loaded at one moment."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, text

from app import clock
from app.events.service import acting_as
from app.extensions import db
from app.ledger.models import Transfer
from app.ledger.queries import PartnerBalance, partner_balances
from app.ledger.rules import OUTSIDE
from app.payouts import service as payouts
from app.payouts.models import Payout
from app.payruns import queries, service
from app.payruns.rules import Pays
from app.registers import service as registers
from app.registers.models import BankFile, BankLine
from app.runs import service as runs
from app.tenants.service import change_legal
from tests.faults.test_pay_runs import committed_work
from tests.faults.test_payout_races import ASKED, EARNED, RETURNED, committed, meet
from tests.harness import invariants
from tests.payouts.setting import at_lampa, earn, take_back
from tests.payruns.setting import DESK, OTHER, ready
from tests.registers.bank import Payment, onec
from tests.registers.test_rules import PAYER

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.application import App

    Round = Callable[["Race", str], str]

SOLD, LOOKS = 30_000, 60
ROUNDS = pytest.mark.parametrize("rounds", [5, pytest.param(200, marks=pytest.mark.long)])


class Race:
    """Anna has earned; a pay run of the shop is brought to where the race begins, each step committed."""

    def __init__(self, app: App, dice: random.Random, *, asked: bool = False) -> None:
        self.app, self.dice = app, dice
        with app.app_context():
            with at_lampa() as self.tenant, acting_as(DESK):
                self.anna = ready("Anna", EARNED)
                if asked:
                    self.ask()
            db.session.commit()
        with committed(app, self.tenant), acting_as(DESK):
            pays = Pays.BOTH if asked else Pays.AVAILABLE
            self.run = service.make(pays, clock.today("Europe/Moscow")).id
        self.go_on()

    def ask(self) -> None:
        """Let Anna ask."""
        payouts.request(self.anna, ASKED, "bank", f"partner:{self.anna}")

    def act(self, verb: Callable[..., object], by: str = DESK) -> None:
        """Take the run a step further; the work of it is not done yet."""
        with committed(self.app, self.tenant), acting_as(by):
            verb(queries.by_id(self.run))

    def go_on(self) -> None:
        """Let the work come to its end."""
        while committed_work(self.app, self.tenant, self.work):
            pass

    @property
    def work(self) -> int:
        """The long work under way."""
        with committed(self.app, self.tenant):
            number = queries.by_id(self.run).work_id
        assert number is not None
        return number

    def meet(self, acts: dict[str, Callable[[], object]]) -> dict[str, str]:
        """Let all happen at one moment, a worker of the run among them; then the work comes to its end.

        The worker reads a lot before it locks anything, so people look around first, some longer.
        """
        number = self.work
        late = {
            name: self._after_a_look(act, self.dice.randrange(LOOKS)) for name, act in acts.items()
        }
        all_acts = late | {"run": lambda: runs.work(number, service.KINDS)}
        order = self.dice.sample(list(all_acts), len(all_acts))
        found = meet(self.app, self.tenant, [all_acts[name] for name in order])
        self.go_on()
        return dict(zip(order, found, strict=True))

    @staticmethod
    def _after_a_look(act: Callable[[], object], looks: int) -> Callable[[], object]:
        def run() -> object:
            for _ in range(looks):
                db.session.execute(text("SELECT 1"))
            return act()

        return run

    def payouts(self) -> list[Payout]:
        """Anna's payouts."""
        query = select(Payout).where(Payout.partner_id == self.anna).order_by(Payout.id)
        return list(db.session.scalars(query))

    def balance(self) -> PartnerBalance:
        """How Anna stands."""
        return partner_balances([self.anna])[self.anna]


def race(rounds: int, one: Callable[[random.Random, str], str]) -> Counter[str]:
    """Run so many rounds; return how often each ended how."""
    seed = random.randrange(2**32)  # noqa: S311 - printed, so that a failure can be seen again
    dice = random.Random(seed)  # noqa: S311 - no secret
    ends = Counter(one(dice, f"seed {seed}, round {number}") for number in range(rounds))
    print(dict(ends))  # noqa: T201 - pytest keeps it beside the test
    return ends


@ROUNDS
def test_of_requests_and_a_run_that_reserves_exactly_one_wins(app: App, rounds: int) -> None:
    def one(dice: random.Random, name: str) -> str:
        anna = Race(app, dice)
        anna.act(service.prepare)
        said = anna.meet(
            {f"ask {n}": anna.ask for n in range(4)}
            | {"staff": lambda: payouts.request_for(anna.anna, ASKED, "bank", OTHER)}
        )
        with committed(app, anna.tenant):
            [made] = anna.payouts()
            won = Counter(said[n] for n in said if n != "run")
            by_run = made.run_id == anna.run
            assert won["done"] == (0 if by_run else 1), name
            assert set(won) <= {"done", "open_payout", "above_available"}, name
            assert made.amount == (EARNED if by_run else ASKED), name
            left = EARNED - made.amount
            assert anna.balance() == PartnerBalance(available=left, reserved=made.amount), name
            [out] = db.session.execute(queries.lines(anna.run)).all()
            assert out.PayLine.reason in ({None} if by_run else {"open_payout", "changed"}), name
            assert invariants.broken() == [], name
        return "run" if by_run else "request"

    assert sum(race(rounds, one).values()) == rounds


@ROUNDS
def test_a_runs_approval_a_cancellation_and_a_clawback_meet(app: App, rounds: int) -> None:
    def one(dice: random.Random, name: str) -> str:
        anna = Race(app, dice, asked=True)
        anna.act(service.prepare)
        anna.go_on()
        with committed(app, anna.tenant):
            [number] = [made.id for made in anna.payouts()]
        anna.act(service.approve, OTHER)
        said = anna.meet(
            {
                "cancel": lambda: payouts.cancel(number, anna.anna, f"partner:{anna.anna}"),
                "clawback": lambda: take_back(anna.anna, RETURNED),
                "single": lambda: payouts.approve(number, OTHER),
            }
        )
        with committed(app, anna.tenant):
            [made] = anna.payouts()
            assert said["clawback"] == "done", name
            assert said["single"] in {"part_of_run", "payout_state", "debt"}, name
            if made.state == "approved":
                assert said["cancel"] == "payout_state", name
                assert anna.balance() == PartnerBalance(
                    reserved=ASKED, debt=RETURNED - (EARNED - ASKED)
                ), name
            else:
                assert (made.state, said["cancel"]) == ("cancelled", "done"), name
                assert anna.balance() == PartnerBalance(available=EARNED - RETURNED), name
            assert invariants.broken() == [], name
            return made.state

    assert sum(race(rounds, one).values()) == rounds


@ROUNDS
def test_a_runs_payment_a_freeze_a_return_and_a_sale_meet(app: App, rounds: int) -> None:
    def one(dice: random.Random, name: str) -> str:
        anna = Race(app, dice)
        for verb, by in ((service.prepare, DESK), (service.approve, OTHER)):
            anna.act(verb, by)
            anna.go_on()
        anna.act(service.pay)
        with committed(app, anna.tenant):
            [number] = [made.id for made in anna.payouts()]
        said = anna.meet(
            {
                "single": lambda: payouts.pay(number, OTHER),
                "freeze": lambda: payouts.disown_change(anna.anna, None),
                "return": lambda: take_back(anna.anna, RETURNED),
                "sale": lambda: earn(anna.anna, SOLD),
            }
        )
        assert said["single"] in {"done", "payout_state", "details_frozen"}, name
        assert {said[n] for n in ("freeze", "return", "sale")} == {"done"}, name
        with committed(app, anna.tenant):
            [made] = anna.payouts()
            gone = db.session.scalar(
                select(func.coalesce(func.sum(Transfer.amount), 0)).where(
                    Transfer.target == OUTSIDE
                )
            )
            assert queries.by_id(anna.run).state == "done", name
            if made.state == "paid":
                assert (gone, anna.balance()) == (EARNED, PartnerBalance(debt=RETURNED - SOLD)), (
                    name
                )
                earn(anna.anna, RETURNED)  # new sales repay it before anything can be paid again
                assert anna.balance() == PartnerBalance(available=SOLD), name
            else:
                assert made.state == "cancelled", name
                assert said["single"] in {"details_frozen", "payout_state"}, name
                left = EARNED - RETURNED + SOLD
                assert (gone, anna.balance()) == (0, PartnerBalance(available=left)), name
            assert invariants.broken() == [], name
            return made.state

    assert sum(race(rounds, one).values()) == rounds


@pytest.mark.parametrize("people", [2, 6])
def test_the_same_statement_loaded_at_one_moment_is_one_file(app: App, people: int) -> None:
    with app.app_context():
        with at_lampa() as tenant, acting_as(DESK):
            change_legal(PAYER)
        db.session.commit()
    data = onec([Payment("50.00", "Rent"), Payment("7.00", "Paper")])
    told: list[tuple[str, bool]] = []

    def load() -> None:
        file, new = registers.load("statement.txt", data)
        told.append((file.public_id, new))

    assert meet(app, tenant, [load] * people) == ["done"] * people
    with committed(app, tenant):
        [file] = db.session.scalars(select(BankFile)).all()
        assert Counter(told) == {(file.public_id, True): 1, (file.public_id, False): people - 1}
        assert db.session.scalar(select(func.count()).select_from(BankLine)) == 2
