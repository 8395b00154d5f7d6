"""Bonuses come, are spent, come back and lapse: each stated in the ledger and in lots."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app import clock
from app.bonuses import queries, service
from app.bonuses.queries import Balance
from app.bonuses.service import NotEnough, TakeBack
from app.errors import Conflict, DomainError, NotFound
from tests.bonuses.setting import at_shop, credit, customer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session, scoped_session

DAY = timedelta(days=1)


@pytest.fixture
def gleb(db_session: scoped_session[Session]) -> Iterator[int]:
    """A customer of a shop whose clock stands still."""
    with at_shop() as shop_id, clock.moved_to(clock.now()):
        yield customer(shop_id)


def available(member_id: int) -> int:
    return queries.balance(member_id).available


def test_what_lapses_first_is_spent_first_and_comes_back_where_it_was(gleb: int) -> None:
    credit(gleb, 100)
    credit(gleb, 50, lasts=10 * DAY)
    until = clock.now() + 10 * DAY
    service.spend(gleb, 70, "order")
    assert queries.balance(gleb) == Balance(available=80)
    service.give_back("order", 30, "part")
    assert queries.balance(gleb) == Balance(available=110, next_expiry=(until, 10))
    service.give_back("order", 40, "rest")
    assert queries.balance(gleb) == Balance(available=150, next_expiry=(until, 50))
    with pytest.raises(ValueError, match="spent"):
        service.give_back("order", 1, "too much")
    with pytest.raises(NotFound):
        service.give_back("another", 1, "of nothing")


def test_bonuses_wait_for_their_day_and_are_gone_after_it(gleb: int) -> None:
    credit(gleb, 40, after=DAY, lasts=3 * DAY)
    assert queries.balance(gleb) == Balance(pending=40)
    with pytest.raises(NotEnough) as refused:
        service.spend(gleb, 1, "too early")
    assert refused.value.available == 0
    start = clock.now()
    with clock.moved_to(start + DAY):
        service.bring_up([gleb])
        service.spend(gleb, 10, "in time")
        assert available(gleb) == 30
    with clock.moved_to(start + 3 * DAY):
        assert available(gleb) == 0, "the job that lapses may be late"
        service.bring_up([gleb])
        with pytest.raises(NotEnough):
            service.spend(gleb, 1, "too late")
        service.give_back("in time", 10, "returned")
        assert available(gleb) == 0, "what comes back too late lapses at once"


def test_what_comes_back_too_late_may_live_for_a_while(gleb: int) -> None:
    service.change_program({"grace_days": 5})
    credit(gleb, 10, lasts=DAY)
    service.spend(gleb, 10, "order")
    later = clock.now() + 20 * DAY
    with clock.moved_to(later):
        service.give_back("order", 10, "back")
        assert queries.balance(gleb).next_expiry == (later + 5 * DAY, 10)


def test_a_hold_is_spent_or_let_go_and_never_both(gleb: int) -> None:
    credit(gleb, 100)
    until = clock.now() + DAY
    service.hold(gleb, 60, "cart", until)
    assert service.hold(gleb, 60, "cart", until).amount == 60
    assert queries.balance(gleb) == Balance(available=40, held=60)
    service.capture("cart", "order")
    assert queries.balance(gleb) == Balance(available=40)
    with pytest.raises(Conflict):
        service.void("cart")
    service.hold(gleb, 40, "another", until)
    service.void("another")
    with pytest.raises(Conflict):
        service.capture("another", "order 2")
    service.give_back("order", 60, "cancelled")
    assert queries.balance(gleb) == Balance(available=100)


def test_what_is_held_does_not_lapse_until_it_is_let_go(gleb: int) -> None:
    credit(gleb, 10, lasts=DAY)
    service.hold(gleb, 6, "cart", clock.now() + 3 * DAY)
    with clock.moved_to(clock.now() + 2 * DAY):
        service.bring_up([gleb])
        assert queries.balance(gleb) == Balance(held=6)
        service.void("cart")
        assert queries.balance(gleb) == Balance()


def test_taking_back_meets_the_lot_then_others_then_makes_a_debt_that_credit_pays(
    gleb: int,
) -> None:
    lot = credit(gleb, 100)
    credit(gleb, 20)
    service.spend(gleb, 90, "order")
    service.take_back([TakeBack(reference="cancel", lot_reference=lot, amount=100)])
    service.take_back([TakeBack(reference="cancel", lot_reference=lot, amount=100)])
    assert queries.balance(gleb) == Balance(debt=70)
    credit(gleb, 50)
    assert queries.balance(gleb) == Balance(debt=20)
    service.give_back("order", 90, "the order that was paid with them")
    assert queries.balance(gleb) == Balance(available=70)
    with pytest.raises(ValueError, match="brought"):
        service.take_back([TakeBack(reference="more", lot_reference=lot, amount=1)])
    with pytest.raises(LookupError):
        service.take_back([TakeBack(reference="x", lot_reference="nothing", amount=1)])


def test_the_merchant_may_bear_what_is_not_there_any_more(gleb: int) -> None:
    service.change_program({"debt": "clamp"})
    lot = credit(gleb, 100)
    service.spend(gleb, 90, "order")
    service.take_back([TakeBack(reference="cancel", lot_reference=lot, amount=100)])
    assert queries.balance(gleb) == Balance()


def test_what_has_lapsed_is_not_taken_twice(gleb: int) -> None:
    lot = credit(gleb, 100, lasts=DAY)
    credit(gleb, 30)
    with clock.moved_to(clock.now() + 2 * DAY):
        service.take_back([TakeBack(reference="cancel", lot_reference=lot, amount=100)])
        assert queries.balance(gleb) == Balance(available=30)


def test_the_batch_lapses_what_the_single_act_would(gleb: int) -> None:
    credit(gleb, 10, lasts=DAY)
    credit(gleb, 7, lasts=2 * DAY)
    service.spend(gleb, 3, "order")
    with clock.moved_to(clock.now() + DAY):
        ids = [lot for _t, lot, _o in queries.due("lapse", 1_000_000)]
        assert service.lapse(ids) == 1
        assert service.lapse(ids) == 0
        assert available(gleb) == 7
    kinds = [(row.act, row.amount) for row in queries.entries(gleb, 10)]
    assert kinds == [("lapse", -7), ("spend", -3), ("grant", 7), ("grant", 10)]


@pytest.mark.parametrize(
    "said",
    [
        {"spend_percent": "101"},
        {"spend_percent": "NaN"},
        {"spend_percent": "1e3"},
        {"spend_percent": "0.001"},
        {"step": 0},
        {"step": True},
        {"debt": "never"},
        {"promo_spendable": 1},
        {"category_percents": {"gifts": "-1"}},
        {"category_percents": []},
        {"expires_days": 0},
        {"hold_minutes": None},
        {"what": 1},
    ],
)
def test_a_program_says_nothing_senseless(gleb: int, said: dict[str, object]) -> None:
    before = queries.program()
    with pytest.raises(DomainError):
        service.change_program(said)
    assert queries.program() == before


def test_a_program_changes_from_now_on(gleb: int) -> None:
    then = clock.now()
    with clock.moved_to(then + DAY):
        service.change_program({"spend_percent": "30", "category_percents": {"gifts": "0"}})
    assert queries.program().spend_percent == 100
    assert queries.program(then + DAY).spend_percent == 30
    assert queries.program(then + DAY).category_percents == {"gifts": 0}
