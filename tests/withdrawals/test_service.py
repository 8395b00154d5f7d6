"""Bonuses as money: held when asked for, a payout when approved, back when not, once whoever comes how often."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import clock
from app.bonuses import queries as bonuses
from app.bonuses import service as wallet
from app.bonuses.service import TakeBack
from app.errors import Conflict, DomainError
from app.extensions import db
from app.intake import service as intake
from app.ledger.queries import partner_balances
from app.partners.models import Partner
from app.payouts import service as payouts
from app.payouts.models import Payout
from app.profiles import service as profiles
from app.tenants.service import change_settings
from app.withdrawals import queries, service
from app.withdrawals.models import Withdrawal
from tests.checkout.shop import credit, member
from tests.faults.test_payout_races import committed, meet
from tests.harness import invariants
from tests.payouts.setting import by_bank
from tests.payouts.setting import partner as made

if TYPE_CHECKING:
    from app.application import App
    from tests.world import Merchant, World

BY = "system"


@pytest.fixture
def anna(app: App, lampa: Merchant) -> int:
    """Anna is the customer 77 with 1000.00 in bonuses; she has no payment details."""
    with committed(app, lampa.id):
        change_settings({"loyalty": True})
        wallet.change_program({"withdrawable": True})
        found = db.session.scalars(select(Partner).where(Partner.id == made("Anna"))).one()
        found.member_id = member(lampa)
        credit(found.member_id, 100_000)
        return found.id


def who(partner_id: int) -> Partner:
    return db.session.scalars(select(Partner).where(Partner.id == partner_id)).one()


def ask(partner_id: int, amount: int = 30_000, key: str = "k1") -> Withdrawal:
    return service.request(intake.tenant(), who(partner_id), amount, "bank", key, BY)


def purse(partner_id: int) -> tuple[int, int, int]:
    """Return bonuses available and held, and money in a payout."""
    found = bonuses.balance(who(partner_id).member_id or 0)
    return found.available, found.held, partner_balances([partner_id])[partner_id].reserved


def rule(**said: Any) -> None:
    shape = {"when": said.pop("when")} if "when" in said else {}
    body = {"schema": 1, "trigger": "withdrawal.requested",
            "effects": [{"do": "withdraw.rule", **said}], **shape}  # fmt: skip
    profiles.publish(profiles.draft("Withdrawals", body))
    db.session.flush()


def shown(number: str) -> str:
    return str(queries.line(number).shown)


def test_a_request_holds_and_its_approval_is_a_payout(app: App, lampa: Merchant, anna: int) -> None:
    with app.app_context(), lampa.scope():
        asked = ask(anna)
        assert ask(anna).id == asked.id, "pressed twice, asked once"
        assert purse(anna) == (70_000, 30_000, 0)
        with pytest.raises(Conflict):
            ask(anna, key="k2")
        service.approve(asked.id, BY)
        assert purse(anna) == (70_000, 0, 30_000)
        with pytest.raises(Conflict):
            service.approve(asked.id, BY)
        assert shown(asked.public_id) == "approved"
        payout = db.session.scalars(select(Payout)).one()
        assert (payout.state, payout.amount) == ("approved", 30_000)
        payouts.pay(payout.id, BY)
        assert shown(asked.public_id) == "paid"
        assert invariants.broken() == []
        db.session.rollback()


@pytest.mark.parametrize("end", ["reject", "cancel"])
def test_what_is_not_agreed_comes_back(app: App, lampa: Merchant, anna: int, end: str) -> None:
    with app.app_context(), lampa.scope():
        asked = ask(anna)
        with pytest.raises(DomainError):
            service.reject(asked.id, "  ", BY)
        for n in range(2):
            act = (
                partial(service.reject, asked.id, "Not now", BY)
                if end == "reject"
                else partial(service.cancel, asked.id, anna, BY)
            )
            if n:
                with pytest.raises(Conflict):
                    act()
            else:
                act()
        assert purse(anna) == (100_000, 0, 0)
        assert shown(asked.public_id) == {"reject": "rejected", "cancel": "cancelled"}[end]
        assert ask(anna, key="k2").state == "requested"
        assert invariants.broken() == []
        db.session.rollback()


def test_a_payout_that_fails_leaves_money(app: App, lampa: Merchant, anna: int) -> None:
    with app.app_context(), lampa.scope():
        asked = ask(anna)
        service.approve(asked.id, BY)
        payout = db.session.scalars(select(Payout)).one()
        payouts.fail(payout.id, "Account closed", BY)
        assert shown(asked.public_id) == "failed"
        assert partner_balances([anna])[anna].available == 30_000
        assert invariants.broken() == []
        db.session.rollback()


def test_a_debt_stops_asking_and_approving(app: App, lampa: Merchant, anna: int) -> None:
    with app.app_context(), lampa.scope():
        asked = ask(anna, 100_000)
        lot = bonuses.lots_of(who(anna).member_id or 0)[0]
        wallet.take_back([TakeBack(reference="back", lot_reference=lot.reference, amount=5_000)])
        with pytest.raises(Conflict) as refused:
            service.approve(asked.id, BY)
        assert refused.value.code == "debt"
        service.cancel(asked.id, anna, BY)
        assert bonuses.balance(who(anna).member_id or 0).debt == 0, "what came back repays it"
        assert purse(anna)[0] == 95_000
        db.session.rollback()


def test_an_open_payout_comes_first(app: App, lampa: Merchant, anna: int) -> None:
    with app.app_context(), lampa.scope():
        first = ask(anna)
        service.approve(first.id, BY)
        second = ask(anna, key="k2")
        with pytest.raises(Conflict) as refused, db.session.begin_nested():
            service.approve(second.id, BY)
        assert refused.value.code == "open_payout"
        assert purse(anna) == (40_000, 30_000, 30_000), "nothing of it stays"
        db.session.rollback()


def test_the_preset_wants_a_minimum_verified_details_and_three_days(
    app: App, lampa: Merchant, anna: int
) -> None:
    with app.app_context(), lampa.scope():
        profiles.switch("withdrawal", on=True)
        with pytest.raises(DomainError) as refused:
            ask(anna, 100_000)
        assert "Withdrawal with verified details" in refused.value.message
        payouts.set_details(who(anna), "bank", by_bank("Anna"))
        with pytest.raises(DomainError) as refused:
            ask(anna, 99_999)
        assert refused.value.code == "below_minimum"
        asked = ask(anna, 100_000)
        with pytest.raises(Conflict) as early:
            service.approve(asked.id, BY)
        assert early.value.code == "not_ripe"
        with clock.offset_by(timedelta(days=3)):
            service.approve(asked.id, BY)
        assert purse(anna) == (0, 0, 100_000)
        db.session.rollback()


def test_rules_that_are_met_hold_together_and_the_fee_stays_with_the_shop(
    app: App, lampa: Merchant, anna: int
) -> None:
    with app.app_context(), lampa.scope():
        rule(minimum=1_000, fee="2%")
        rule(minimum=20_000, fee="1%", hold_days=1)
        rule(fee="50%", when={"fact": "member.balance", "op": "gte", "value": 10**7})
        terms = service.terms_now(intake.tenant(), who(anna), 30_000, "bank")
        assert terms is not None
        assert (terms.minimum, str(terms.percent), terms.hold_days) == (20_000, "2", 1)
        with pytest.raises(DomainError):
            ask(anna, 19_999)
        asked = ask(anna, 30_001)
        assert (asked.fee, asked.net) == (600, 29_401)
        with clock.offset_by(timedelta(days=1)):
            service.approve(asked.id, BY)
        assert purse(anna) == (69_999, 0, 29_401)
        assert invariants.broken() == []
        db.session.rollback()


def test_whoever_is_stopped_or_not_offered_asks_in_vain(
    app: App, lampa: Merchant, anna: int
) -> None:
    with app.app_context(), lampa.scope():
        for amount in (0, 100_001):
            with pytest.raises(DomainError):
                ask(anna, amount)
        with pytest.raises(DomainError) as refused:
            service.request(intake.tenant(), who(anna), 100, "none", "k", BY)
        assert refused.value.errors[0].field == "method"
        who(anna).details_frozen_at = clock.now()
        with pytest.raises(Conflict):
            ask(anna)
        who(anna).details_frozen_at = None
        wallet.change_program({"withdrawable": False})
        with pytest.raises(DomainError):
            ask(anna)
        db.session.rollback()


@pytest.mark.parametrize("rounds", [2, pytest.param(200, marks=pytest.mark.long)])
def test_twenty_at_once_ask_once_and_decide_once(app: App, world: World, rounds: int) -> None:
    lampa = world.lampa
    with committed(app, lampa.id):
        change_settings({"loyalty": True})
        wallet.change_program({"withdrawable": True})
    for n in range(rounds):
        with committed(app, lampa.id):
            found = who(made("Anna"))
            found.member_id = member(lampa, f"buyer {n}")
            credit(found.member_id, 10_000)
            anna = found.id

        def press(whose: int, key: str) -> None:
            ask(whose, 6_000, key)

        acts = [partial(press, anna, f"{n}-{k % 4}") for k in range(20)]
        assert set(meet(app, lampa.id, acts)) <= {"done", "open_withdrawal"}
        with committed(app, lampa.id):
            opened = queries.open_of(anna)
            assert opened is not None
            number = opened.id
            assert purse(anna) == (4_000, 6_000, 0)
        decisions = [
            partial(service.approve, number, BY),
            partial(service.reject, number, "No", BY),
            partial(service.cancel, number, anna, BY),
        ] * 6
        results = meet(app, lampa.id, decisions)
        assert results.count("done") == 1
        with committed(app, lampa.id):
            assert purse(anna) in {(4_000, 0, 6_000), (10_000, 0, 0)}
    with app.app_context():
        assert invariants.broken() == []
