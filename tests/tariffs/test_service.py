"""Trial, usage, invoices and the soft stop of one merchant, in a transaction that is rolled back."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import clock
from app.billing import queries as billing
from app.billing import service as top_ups
from app.errors import DomainError
from app.events.models import Event
from app.extensions import db
from app.ledger.queries import balances
from app.ledger.rules import DUES, TARIFFS
from app.orders.rules import Customer
from app.tariffs import queries, service
from app.tariffs.rules import EXAMPLE, Item, State
from app.tenants import service as tenants
from tests.intake.scene import Scene, at_lampa, order

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("db_session")
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
FIRST = datetime(2026, 9, 30, 21, tzinfo=UTC)  # the first of October begins in Moscow
CHEAP = replace(EXAMPLE, code="cheap", name="Cheap", receipts=2)


def events(kind: str) -> list[dict[str, Any]]:
    db.session.flush()
    query = select(Event.facts).where(Event.type == kind).order_by(Event.id)
    return list(db.session.scalars(query))


@contextmanager
def with_plan(tills: int = 1) -> Iterator[Scene]:
    """Stand at Lampa, which has been under the plan Cheap (two receipts free) since October began."""
    service.switch(on=True, by="person:1")
    with clock.moved_to(FIRST - timedelta(days=60)):
        service.save(CHEAP, "person:1")
        service.save(EXAMPLE, "person:1")
    with at_lampa() as scene:
        with clock.moved_to(FIRST):
            service.count_tills(tills)
            service.choose("cheap", "person:2")
        yield scene


def sell(scene: Scene, number: int, day: int, status: str = "paid", **said: Any) -> None:
    """Let a receipt come on a day of October, at noon."""
    at = datetime(2026, 10, day, 9, tzinfo=UTC)
    snapshot = order(status, **({"created_at": at, "updated_at": at} | said))
    with clock.moved_to(at):
        scene.say(f"A{number}", snapshot, at=at)


def later(days: int) -> Any:
    """Stand so many days after October ended."""
    return clock.moved_to(datetime(2026, 10, 31, 23, tzinfo=UTC) + timedelta(days=days))


def top_up(amount: int) -> None:
    top_ups.receive(top_ups.ask(amount, "person:1").id, amount, "person:1")


def test_a_new_merchant_tries_for_fourteen_days_and_is_then_stopped_softly() -> None:
    service.switch(on=True, by="person:1")
    with at_lampa() as scene:
        here = queries.merchant()
        assert here.trial_until == datetime(2026, 9, 15, 21, tzinfo=UTC)
        for day, state in ((10, State.TRIAL), (15, State.TRIAL), (16, State.STOPPED)):
            with clock.moved_to(datetime(2026, 9, day, 9, tzinfo=UTC)):
                assert service.stand() is state
                assert (here.stopped_at is not None) is (state is State.STOPPED)
        with clock.moved_to(datetime(2026, 10, 1, 9, tzinfo=UTC)):
            # What the shop says is taken in and booked as ever.
            scene.say("A1", order())
            service.stand()
        assert [e["unpaid"] for e in events("tariff.stopped")] == [False]


def test_without_tariffs_nobody_is_on_trial_and_nobody_is_stopped() -> None:
    with at_lampa():
        here = queries.merchant()
        assert (here.trial_until, service.stand()) == (None, State.FREE)


def test_turning_tariffs_off_resumes_everybody() -> None:
    service.switch(on=True, by="person:1")
    with at_lampa():
        with clock.moved_to(datetime(2026, 12, 1, tzinfo=UTC)):
            assert service.stand() is State.STOPPED
        service.switch(on=False, by="person:1")
        assert service.stand() is State.FREE
        assert queries.merchant().stopped_at is None


def test_letters_speak_of_the_end_of_the_trial_once_each() -> None:
    service.switch(on=True, by="person:1")
    with at_lampa():
        for day in (2, 8, 8, 9, 12, 13, 14, 15, 15, 16):
            with clock.moved_to(datetime(2026, 9, day, 9, tzinfo=UTC)):
                service.remind()
        assert [e["days"] for e in events("tariff.trial_ending")] == [7, 3, 1, 0]


def test_the_operator_extends_and_everything_works_again() -> None:
    service.switch(on=True, by="person:1")
    with at_lampa(), clock.moved_to(datetime(2026, 10, 1, tzinfo=UTC)):
        service.stand()
        service.extend(datetime(2026, 10, 10, tzinfo=UTC), "person:9")
        assert queries.merchant().stopped_at is None
        assert queries.state() is State.TRIAL
        assert len(events("tariff.resumed")) == 1
        with pytest.raises(DomainError):
            service.extend(datetime(2026, 9, 10, tzinfo=UTC), "person:9")
        with pytest.raises(DomainError):
            service.extend(datetime(2028, 9, 10, tzinfo=UTC), "person:9")


def test_days_of_the_trial_stay_free_when_a_plan_is_chosen() -> None:
    service.switch(on=True, by="person:1")
    service.save(EXAMPLE, "person:1")
    with at_lampa():
        with clock.moved_to(datetime(2026, 9, 3, tzinfo=UTC)):
            service.count_tills(1)
            service.choose("start", "person:2")
        charged = [day.plan is not None for day in queries.month(date(2026, 9, 1))]
        assert charged == [False] * 15 + [True] * 15


def test_a_receipt_is_an_order_of_a_customer_and_counts_once() -> None:
    with with_plan() as scene:
        sell(scene, 1, 3)
        sell(scene, 1, 5)  # told again, two days later
        sell(scene, 2, 4, customer=Customer(email="guest@example.org"))  # nobody with an account
        sell(scene, 3, 6, customer=Customer())
        sell(scene, 4, 7)
        sell(scene, 4, 7, "cancelled", updated_at=datetime(2026, 10, 8, tzinfo=UTC))
        sell(scene, 5, 8, created_at=datetime(2025, 3, 1, tzinfo=UTC))  # history that was moved in
        days = queries.month(OCTOBER)
        assert {n: d.receipts for n, d in enumerate(days, start=1) if d.receipts} == {3: 1}


def test_where_the_plan_says_so_a_cancelled_receipt_counts() -> None:
    with with_plan() as scene:
        with clock.moved_to(FIRST):
            service.save(replace(CHEAP, cancelled=True), "person:1")
        sell(scene, 1, 3)
        sell(scene, 1, 3, "cancelled", updated_at=datetime(2026, 10, 8, tzinfo=UTC))
        assert sum(day.receipts for day in queries.month(OCTOBER)) == 1


def test_a_month_is_closed_once_into_an_invoice_with_its_lines() -> None:
    with with_plan(tills=2) as scene:
        for number in range(1, 8):
            sell(scene, number, number)
        with later(1):
            assert service.close_due() == 1
            assert service.close_due() == 0
            assert service.close(OCTOBER) is None
            made = queries.of_month(OCTOBER)
            assert made is not None
            assert [(e.item, e.quantity, e.amount) for e in queries.lines(made.id)] == [
                (Item.FIRST_TILL, 31, 120_000),
                (Item.FURTHER_TILLS, 31, 108_000),
                (Item.RECEIPTS, 3, 105),
            ]
            assert (made.total, made.state) == (228_105, "open")
            assert balances([DUES, TARIFFS]) == {DUES: -228_105, TARIFFS: 228_105}
            assert [e["amount"] for e in events("tariff.invoiced")] == [228_105]


def test_a_month_is_not_closed_before_its_end_in_the_merchants_zone() -> None:
    with with_plan():
        with clock.moved_to(datetime(2026, 10, 31, 21, 30, tzinfo=UTC)):  # half past midnight there
            assert service.close_due() == 0
        with clock.moved_to(datetime(2026, 10, 31, 22, 1, tzinfo=UTC)):
            assert service.close_due() == 1


def test_the_prepaid_balance_pays_the_oldest_invoice_whole_and_once() -> None:
    with with_plan(), later(1):
        service.close_due()
        top_up(119_999)
        assert service.collect() == 0
        top_up(10_001)
        assert service.collect() == 1
        assert service.collect() == 0
        assert billing.balance() == 10_000
        assert balances([DUES, TARIFFS]) == {DUES: 0, TARIFFS: 120_000}
        made = queries.of_month(OCTOBER)
        assert made is not None
        assert made.state == "paid"


def test_an_unpaid_invoice_warns_stops_and_resumes_when_money_comes() -> None:
    with with_plan():
        with later(1):
            service.close_due()
            assert queries.state() is State.UNPAID
        for day in (7, 9, 9):
            with later(day):
                service.remind()
                assert service.stand() is State.UNPAID
        assert len(events("tariff.unpaid")) == 1
        with later(16):
            assert service.stand() is State.STOPPED
            top_up(120_000)
            service.collect()
            assert queries.merchant().stopped_at is None
            assert queries.state() is State.ACTIVE
        assert (len(events("tariff.stopped")), len(events("tariff.resumed"))) == (1, 1)


def test_what_is_cancelled_after_the_invoice_comes_back_by_a_line_of_the_next() -> None:
    with with_plan() as scene:
        for number in range(1, 5):
            sell(scene, number, number)
        with later(1):
            service.close_due()
        at = datetime(2026, 11, 10, tzinfo=UTC)
        with clock.moved_to(at):
            scene.say("A4", order("cancelled", updated_at=at), at=at)
        with later(31):
            assert service.close_due() == 1
            made = queries.of_month(NOVEMBER)
            assert made is not None
            [_till, back] = queries.lines(made.id)
            assert (back.item, back.quantity, back.amount, back.about) == (
                Item.LATER, -1, -35, "2026-10",
            )  # fmt: skip
            assert made.total == 120_000 - 35


def test_a_correction_is_a_counter_line_and_what_was_paid_comes_back() -> None:
    with with_plan(), later(1):
        service.close_due()
        made = queries.of_month(OCTOBER)
        assert made is not None
        service.correct(made, 20_000, "A day without service", "person:9")
        assert (made.total, made.outstanding, made.state) == (120_000, 100_000, "open")
        top_up(100_000)
        assert service.collect() == 1
        service.correct(made, 30_000, "Another", "person:9")
        assert billing.balance() == 30_000
        for amount in (0, 70_001):
            with pytest.raises(DomainError):
                service.correct(made, amount, "Too much", "person:9")
        with pytest.raises(DomainError):
            service.correct(made, 1, " ", "person:9")
        assert [e.amount for e in queries.lines(made.id)] == [120_000, -20_000, -30_000]


def test_an_invoice_corrected_to_nothing_is_paid() -> None:
    with with_plan(), later(1):
        service.close_due()
        made = queries.of_month(OCTOBER)
        assert made is not None
        service.correct(made, 120_000, "For the trouble", "person:9")
        assert made.state == "paid"
        assert queries.state() is State.ACTIVE


def test_a_plan_changed_in_the_middle_of_a_month_is_two_lines() -> None:
    with with_plan():
        with clock.moved_to(datetime(2026, 10, 11, 12, tzinfo=UTC)):
            service.choose("start", "person:2")
        with later(1):
            service.close_due()
        made = queries.of_month(OCTOBER)
        assert made is not None
        assert [(e.plan, e.quantity, e.amount) for e in queries.lines(made.id)] == [
            ("Cheap", 10, 38_710), ("Start", 21, 81_290),
        ]  # fmt: skip


def test_a_price_changed_by_the_operator_leaves_the_days_before() -> None:
    with with_plan():
        with clock.moved_to(datetime(2026, 10, 11, 12, tzinfo=UTC)):
            service.save(replace(CHEAP, first_till=240_000), "person:9")
            with pytest.raises(DomainError):
                service.save(CHEAP, "person:9", since=clock.now() - timedelta(days=1))
            with pytest.raises(DomainError):
                service.save(replace(CHEAP, currency="EUR"), "person:9")
        with later(1):
            service.close_due()
        made = queries.of_month(OCTOBER)
        assert made is not None
        assert [(e.price, e.quantity) for e in queries.lines(made.id)] == [
            (120_000, 10), (240_000, 21),
        ]  # fmt: skip


def test_a_till_counts_on_every_day_on_which_it_was_open() -> None:
    with with_plan(tills=1):
        for hour, number in ((9, 3), (11, 1)):
            with clock.moved_to(datetime(2026, 10, 5, hour, tzinfo=UTC)):
                service.count_tills(number)
        found = [day.tills for day in queries.month(OCTOBER)]
        assert found == [1] * 4 + [3] + [1] * 26


def test_an_integration_counts_once_a_day_and_our_own_channel_never() -> None:
    with with_plan() as scene:
        with clock.moved_to(datetime(2026, 10, 5, 9, tzinfo=UTC)):
            connection, _secret = tenants.connect(scene.shop_id, "woocommerce")
        with clock.moved_to(datetime(2026, 10, 8, 9, tzinfo=UTC)):
            tenants.disconnect(connection)
            tenants.connect(scene.shop_id, "woocommerce")
        found = [day.integrations for day in queries.month(OCTOBER)]
        assert found == [0] * 4 + [1] * 27


def test_a_plan_with_room_for_fewer_tills_or_of_another_currency_is_not_given() -> None:
    with with_plan():
        service.count_tills(11)
        service.save(replace(EXAMPLE, code="euro", currency="EUR"), "person:9")
        for code in ("start", "euro", "none"):
            with pytest.raises(DomainError):
                service.choose(code, "person:2")
        service.count_tills(1)
        service.withdraw("start", "person:9")
        with pytest.raises(DomainError):
            service.choose("start", "person:2")


def test_whoever_leaves_pays_for_the_days_until_then_and_is_stopped() -> None:
    with with_plan():
        with clock.moved_to(datetime(2026, 10, 11, 12, tzinfo=UTC)):
            service.leave("person:2")
            assert queries.merchant().plan is None
        with later(1):
            service.close_due()
        made = queries.of_month(OCTOBER)
        assert made is not None
        assert [(e.quantity, e.amount) for e in queries.lines(made.id)] == [(10, 38_710)]
