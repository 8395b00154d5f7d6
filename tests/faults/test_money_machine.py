"""F22: returns after paid payouts, new sales, advances, in any order: the books follow a pure model."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from app.errors import DomainError
from app.extensions import db
from app.facts import service as facts
from app.ledger import service as ledger
from app.ledger.queries import PartnerBalance, partner_balances
from app.ledger.rules import COMMISSIONS, Move, available, pending
from app.partners.models import Partner
from app.payouts import service
from tests.harness import invariants
from tests.payouts.setting import RUB, at_lampa, by_bank, earn, partner, take_back

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.application import App
    from app.payouts.models import Payout

MINIMUM = 300
amounts = st.integers(-10, 2000)
sums = st.integers(1, 1500)
who = st.sampled_from([0, 1])
ENDS = {"pay": "paid", "reject": "rejected", "cancel": "cancelled", "fail": "failed"}
NEXT = {
    ("requested", "approve"): "approved",
    ("requested", "reject"): "rejected",
    ("requested", "cancel"): "cancelled",
    ("approved", "pay"): "paid",
    ("approved", "send"): "sending",
    ("approved", "reject"): "rejected",
    ("approved", "fail"): "failed",
    ("sending", "pay"): "paid",
    ("sending", "fail"): "failed",
    ("sending", "lose"): "unknown",
    ("unknown", "pay"): "paid",
    ("unknown", "fail"): "failed",
}


@dataclass
class Purse:
    """What the model knows of one partner: plain numbers, none of the product's code."""

    pending: int = 0
    available: int = 0
    debt: int = 0
    open: tuple[int, int, str] | None = None  # payout, amount, state
    over: list[int] = field(default_factory=list)
    received: int = 0

    def gain(self, amount: int) -> None:
        """Money becomes available; debt is repaid from it first."""
        repaid = min(amount, self.debt)
        self.debt -= repaid
        self.available += amount - repaid

    def lose(self, amount: int) -> None:
        """Money goes from available; what is missing is owed."""
        taken = min(amount, self.available)
        self.available -= taken
        self.debt += amount - taken

    def standing(self) -> PartnerBalance:
        """As the pages show it."""
        reserved = self.open[1] if self.open else 0
        return PartnerBalance(self.pending, self.available, reserved, self.debt)


class Books(RuleBasedStateMachine):
    """Two partners; sales, holds, returns, requests and decisions come as they like."""

    app: App

    def __init__(self) -> None:
        """Open one transaction; it is rolled back in the end."""
        super().__init__()
        self.stack = ExitStack()
        self.number = 0

    @initialize()
    def found(self) -> None:
        """Anna and Boris at a new merchant with a minimum."""
        self.stack.enter_context(self.app.app_context())
        self.stack.enter_context(at_lampa())
        facts.found("merchant", {"minimum_payout": MINIMUM})
        self.ids = [partner("Anna"), partner("Boris")]
        for number in self.ids:
            card = db.session.scalars(select(Partner).where(Partner.id == number)).one()
            service.set_details(card, "bank", by_bank("Somebody"))
        self.purses = [Purse(), Purse()]

    @rule(i=who, amount=sums)
    def sale_matures_at_once(self, i: int, amount: int) -> None:
        earn(self.ids[i], amount)
        self.purses[i].gain(amount)

    @rule(i=who, amount=sums)
    def sale_is_held(self, i: int, amount: int) -> None:
        self._post(Move(COMMISSIONS, pending(self.ids[i]), amount, "accrual", partner=self.ids[i]))
        self.purses[i].pending += amount

    @rule(i=who)
    def hold_ends(self, i: int) -> None:
        purse, partner_id = self.purses[i], self.ids[i]
        if purse.pending:
            way = Move(
                pending(partner_id),
                available(partner_id),
                purse.pending,
                "release",
                partner=partner_id,
            )
            self._post(way)
            ledger.repay([partner_id], RUB)
            purse.gain(purse.pending)
            purse.pending = 0

    @rule(i=who, amount=sums)
    def order_is_returned(self, i: int, amount: int) -> None:
        take_back(self.ids[i], amount)
        self.purses[i].lose(amount)

    @rule(i=who, amount=amounts, behalf=st.booleans())
    def payout_is_asked_for(self, i: int, amount: int, *, behalf: bool) -> None:
        purse = self.purses[i]
        possible = (
            purse.open is None and 0 < amount <= purse.available and (behalf or amount >= MINIMUM)
        )
        ask = service.request_for if behalf else service.request
        made = self._try(possible, lambda: ask(self.ids[i], amount, "bank", "person:1"))
        if made is not None:
            purse.available -= amount
            purse.open = (made.id, amount, "requested")

    @rule(i=who, amount=amounts)
    def payment_is_recorded(self, i: int, amount: int) -> None:
        made = self._try(
            amount > 0, lambda: service.record_paid(self.ids[i], amount, "bank", "person:1")
        )
        if made is not None:
            self.purses[i].lose(amount)
            self.purses[i].received += amount
            self.purses[i].over.append(made.id)

    @rule(i=who, verb=st.sampled_from(sorted({action for _, action in NEXT})))
    def somebody_decides(self, i: int, verb: str) -> None:
        purse = self.purses[i]
        if purse.open is None:
            return
        payout, amount, state = purse.open
        target = NEXT.get((state, verb))
        possible = target is not None and not (verb == "approve" and purse.debt)
        self._try(possible, lambda: self._act(verb, payout, self.ids[i]))
        if not possible or target is None:
            return
        if verb not in ENDS:
            purse.open = (payout, amount, target)
            return
        purse.open = None
        purse.over.append(payout)
        if verb == "pay":
            purse.received += amount
        else:
            purse.gain(amount)

    @rule(i=who, verb=st.sampled_from(sorted({action for _, action in NEXT})))
    def what_is_over_is_touched_again(self, i: int, verb: str) -> None:
        for payout in self.purses[i].over[-1:]:
            self._try(False, partial(self._act, verb, payout, self.ids[i]))

    @invariant()
    def the_books_follow_the_model(self) -> None:
        """After every step, balances and invariants."""
        if not hasattr(self, "purses"):
            return
        standing = partner_balances(self.ids)
        assert [standing[n] for n in self.ids] == [p.standing() for p in self.purses]
        assert invariants.broken() == []

    def teardown(self) -> None:
        """Leave nothing behind."""
        if hasattr(self, "purses"):
            left = db.session.connection().exec_driver_sql(
                "SELECT coalesce(sum(amount), 0) FROM transfer WHERE target = 'outside'"
            )
            assert left.scalar_one() == sum(p.received for p in self.purses)
            db.session.rollback()
        self.stack.close()

    def _post(self, move: Move) -> None:
        self.number += 1
        ledger.post(f"machine:{self.number}", [move], RUB)

    @staticmethod
    def _try(possible: bool, act: Callable[[], Payout]) -> Payout | None:
        """Do what the model allows; what it does not allow must be refused, and leave no trace."""
        if possible:
            return act()
        with pytest.raises(DomainError), db.session.begin_nested():
            act()
        return None

    @staticmethod
    def _act(verb: str, payout: int, partner_id: int) -> Payout:
        if verb == "cancel":
            return service.cancel(payout, partner_id, f"partner:{partner_id}")
        if verb in {"reject", "fail"}:
            done: Payout = getattr(service, verb)(payout, "because", "person:1")
        else:
            done = getattr(service, verb)(payout, "person:1")
        return done


@pytest.mark.parametrize(
    ("examples", "steps"),
    [
        (25, 30),
        pytest.param(300, 30, marks=pytest.mark.long),
        pytest.param(30, 200, marks=pytest.mark.long),
    ],
)
def test_money_follows_a_pure_model_through_sales_returns_and_payouts(
    app: App, examples: int, steps: int
) -> None:
    class Machine(Books):
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
