"""Partner money becomes bonuses, bonuses become money: nothing is made or lost on the way."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app.bonuses import queries as bonuses
from app.bonuses import service as wallet
from app.bonuses.models import Lot
from app.conversions import service
from app.errors import DomainError
from app.extensions import db
from app.ledger.queries import partner_balances
from app.partners.models import Partner
from app.payouts import service as payouts
from app.tenants import service as tenants
from tests.bonuses.setting import at_shop, credit, customer
from tests.payouts.setting import earn, partner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session, scoped_session


@pytest.fixture
def anna(db_session: scoped_session[Session]) -> Iterator[Partner]:
    """A partner who is also a customer of the shop, and has earned 1,000."""
    with at_shop() as shop_id:
        tenants.change_settings({"loyalty": True})
        found = db.session.scalars(select(Partner).where(Partner.id == partner("Anna"))).one()
        found.member_id = customer(shop_id)
        earn(found.id, 1_000)
        db.session.flush()
        yield found


def standing(anna: Partner) -> tuple[int, int]:
    assert anna.member_id is not None
    money = partner_balances([anna.id])[anna.id].available
    return money, bonuses.balance(anna.member_id).available


def test_money_becomes_bonuses_with_the_premium_once_by_key(anna: Partner) -> None:
    wallet.change_program({"partner_premium": "10"})
    service.convert(anna, 305, "a")
    service.convert(anna, 305, "a")
    assert standing(anna) == (695, 335), "rounded down"
    with pytest.raises(DomainError) as refused:
        service.convert(anna, 696, "b")
    assert refused.value.code == "above_available"
    assert standing(anna) == (695, 335)


def test_bonuses_become_money_where_the_program_says_so(anna: Partner) -> None:
    assert anna.member_id is not None
    credit(anna.member_id, 500)
    with pytest.raises(DomainError) as refused:
        service.withdraw(anna, 100, "a")
    assert refused.value.code == "mode"
    wallet.change_program({"withdrawable": True, "withdraw_minimum": 200})
    with pytest.raises(DomainError) as refused:
        service.withdraw(anna, 199, "b")
    assert refused.value.code == "below_minimum"
    service.withdraw(anna, 300, "c")
    service.withdraw(anna, 300, "c")
    assert standing(anna) == (1_300, 200)


@pytest.mark.parametrize("days", [None, 30])
def test_what_was_turned_lapses_as_other_bonuses_do(anna: Partner, days: int | None) -> None:
    wallet.change_program({"expires_days": days})
    made = service.convert(anna, 100, "a")
    lot = db.session.scalars(select(Lot).where(Lot.member_id == anna.member_id)).one()
    assert lot.expires_at == (made.at + timedelta(days=days) if days else None)


def test_money_never_grows_by_going_round(anna: Partner) -> None:
    wallet.change_program({"partner_premium": "10"})
    with pytest.raises(DomainError) as refused:
        wallet.change_program({"withdrawable": True})
    assert (refused.value.code, refused.value.errors[0].field) == (
        "grows_in_circles",
        "withdrawable",
    )
    wallet.change_program({"withdrawable": True, "partner_mode": "withdraw"})
    with pytest.raises(DomainError):
        wallet.change_program({"partner_mode": "both"})
    wallet.change_program({"partner_mode": "both", "partner_premium": "0"})


@pytest.mark.parametrize(("mode", "ways"), [("both", "bm"), ("spend", "b"), ("withdraw", "m")])
def test_the_mode_opens_ways(anna: Partner, mode: str, ways: str) -> None:
    assert anna.member_id is not None
    credit(anna.member_id, 500)
    wallet.change_program({"partner_mode": mode, "withdrawable": True})
    for letter, verb in (("b", service.convert), ("m", service.withdraw)):
        if letter in ways:
            verb(anna, 10, f"key {letter}")
            continue
        with pytest.raises(DomainError):
            verb(anna, 10, f"key {letter}")


def test_who_only_spends_is_not_paid_out(anna: Partner) -> None:
    wallet.change_program({"partner_mode": "spend"})
    with pytest.raises(DomainError) as refused:
        payouts.request(anna.id, 100, "bank", f"partner:{anna.id}")
    assert refused.value.code == "spend_only"


def test_always_turns_all_that_is_available(anna: Partner) -> None:
    assert service.convert_all() == 0
    wallet.change_program({"convert": "always"})
    assert service.convert_all() == 1
    assert standing(anna) == (0, 1_000)
    assert service.convert_all() == 0


def test_without_an_account_or_the_switch_nothing_is_turned(anna: Partner) -> None:
    anna.member_id = None
    with pytest.raises(DomainError) as refused:
        service.convert(anna, 10, "a")
    assert refused.value.code == "no_account"
    tenants.change_settings({"loyalty": False})
    with pytest.raises(DomainError) as refused:
        service.convert(anna, 10, "a")
    assert refused.value.code == "no_loyalty"
