"""Earn, hold, spend, return, take back, wait, in any order: PostgreSQL ends where coins on a table end."""

from __future__ import annotations

from contextlib import ExitStack
from copy import deepcopy
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app import clock
from app.bonuses import queries, service
from app.bonuses.rules import Grant
from app.bonuses.service import NotEnough, TakeBack
from app.extensions import db
from tests.bonuses.setting import at_shop, customer
from tests.bonuses.tokens import Table
from tests.harness import invariants

if TYPE_CHECKING:
    from app.application import App

amounts = st.integers(1, 9)
hours = st.integers(0, 30)
which = st.integers(0, 10**6)


class Lots(RuleBasedStateMachine):
    """One customer's bonuses, in sums and in coins."""

    app: App

    def __init__(self) -> None:
        """Open one transaction; it is rolled back in the end."""
        super().__init__()
        self.stack = ExitStack()
        self.credits: list[str] = []
        self.number = 0
        self.member = 0
        self.references: list[str] = []
        self.held: list[str] = []

    @initialize(grace=st.sampled_from([0, 24]))
    def begin(self, grace: int) -> None:
        self.stack.enter_context(self.app.app_context())
        shop_id = self.stack.enter_context(at_shop())
        self.start = clock.now()
        self.table = Table(grace=grace)
        if grace:
            service.change_program({"grace_days": grace // 24})
        self.member = customer(shop_id, "machine")

    def teardown(self) -> None:
        broken = invariants.broken() if self.number else []
        db.session.rollback()
        self.stack.close()
        assert not broken, broken

    def act(self, verb: str, *arguments: object, **named: object) -> None:
        with clock.moved_to(self.start + timedelta(hours=self.table.now)):
            getattr(service, verb)(*arguments, **named)

    def could(self) -> int:
        """What could be spent. A refusal writes nothing, so time's work is only looked at."""
        looked = deepcopy(self.table)
        looked.wake()
        return looked.standing()[0]

    def name(self) -> str:
        self.number += 1
        return f"machine:{self.number}"

    @rule(after=hours)
    def wait(self, after: int) -> None:
        self.table.now += after

    @rule()
    def the_minute_jobs_run(self) -> None:
        self.table.wake()
        self.act("bring_up", [self.member])

    @rule(amount=amounts, wakes=hours, lasts=st.none() | st.integers(1, 60))
    def earn(self, amount: int, wakes: int, lasts: int | None) -> None:
        reference = self.name()
        now = self.start + timedelta(hours=self.table.now)
        over = None if lasts is None else self.table.now + lasts
        grant = Grant(
            member_id=self.member,
            amount=amount,
            reference=reference,
            kind="hand",
            activates_at=now + timedelta(hours=wakes),
            expires_at=None if lasts is None else now + timedelta(hours=lasts),
        )
        self.table.earn(amount, self.table.now + wakes, over)
        self.credits.append(reference)
        self.act("grant", [grant])
        self.act("grant", [grant])  # said twice

    @rule(amount=amounts)
    def spend(self, amount: int) -> None:
        reference = self.name()
        if amount > self.could():
            with pytest.raises(NotEnough):
                self.act("spend", self.member, amount, reference)
            return
        self.table.spend(amount)
        self.references.append(reference)
        self.act("spend", self.member, amount, reference)
        self.act("spend", self.member, amount, reference)

    @rule(amount=amounts)
    def spend_what_may_be_owed(self, amount: int) -> None:
        reference = self.name()
        self.table.spend(amount)
        self.references.append(reference)
        self.act("spend", self.member, amount, reference, may_owe=True)

    @rule(amount=amounts)
    def hold(self, amount: int) -> None:
        reference = self.name()
        if amount > self.could():
            with pytest.raises(NotEnough):
                self.act("hold", self.member, amount, reference, self.start)
            return
        self.table.hold(amount)
        self.held.append(reference)
        self.act("hold", self.member, amount, reference, self.start)

    @precondition(lambda self: len(self.table.ends) < len(self.table.holds))
    @rule(number=which, captured=st.booleans())
    def end_a_hold(self, number: int, *, captured: bool) -> None:
        open_ = [i for i in range(len(self.table.holds)) if i not in self.table.ends]
        one = open_[number % len(open_)]
        if not captured:
            self.table.void(one)
            self.act("void", self.held[one])
            self.act("void", self.held[one])
            return
        reference = self.name()
        self.table.capture(one)
        self.references.append(reference)
        self.act("capture", self.held[one], reference)
        self.act("capture", self.held[one], reference)

    @precondition(lambda self: self._spendings())
    @rule(number=which, some=which)
    def give_back(self, number: int, some: int) -> None:
        open_ = self._spendings()
        one = open_[number % len(open_)]
        left = len(self.table.spendings[one]) - self.table.returned[one]
        amount = 1 + some % left
        reference = self.name()
        lots = len(self.table.heaps)
        self.table.give_back(one, amount)
        if len(self.table.heaps) > lots:
            self.credits.append(f"{reference}:paid")
        self.act("give_back", self.references[one], amount, reference)
        self.act("give_back", self.references[one], amount, reference)

    def _spendings(self) -> list[int]:
        table = self.table
        return [i for i, s in enumerate(table.spendings) if len(s) > table.returned[i]]

    @precondition(lambda self: self._lots())
    @rule(number=which, some=which)
    def take_back(self, number: int, some: int) -> None:
        open_ = self._lots()
        one = open_[number % len(open_)]
        heap = self.table.heaps[one]
        amount = 1 + some % (len(heap.coins) - heap.clawed)
        item = TakeBack(reference=self.name(), lot_reference=self.credits[one], amount=amount)
        self.table.claw(one, amount)
        self.act("take_back", [item])
        self.act("take_back", [item])

    def _lots(self) -> list[int]:
        return [i for i, h in enumerate(self.table.heaps) if len(h.coins) > h.clawed]

    @invariant()
    def both_show_the_same(self) -> None:
        if not self.member:
            return
        with clock.moved_to(self.start + timedelta(hours=self.table.now)):
            found = queries.balance(self.member)
        shown = (found.available, found.pending, found.held, found.debt)
        assert shown == self.table.standing()


@pytest.mark.parametrize(
    ("examples", "steps"),
    [
        *([(25, 50)] * 4),  # 5,000 steps, over the workers
        *([pytest.param(250, 100, marks=pytest.mark.long)] * 4),  # 100,000
    ],
)
def test_lots_follow_coins_on_a_table(app: App, examples: int, steps: int) -> None:
    class Machine(Lots):
        pass

    Machine.app = app
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
