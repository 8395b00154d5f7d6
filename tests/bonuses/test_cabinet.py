"""The cabinet: a partner who is a customer sees his bonuses; who is none sees no word of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from app import clock
from app.bonuses import service
from app.bonuses.rules import Grant
from app.extensions import db
from app.members.models import Member
from app.orders.models import Order
from app.partners.models import Partner
from app.ranks import service as ranks
from app.tenants import service as tenants
from tests.bonuses.setting import credit
from tests.commissions.test_pages import Place, words

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

DAY = timedelta(days=1)


@pytest.fixture
def place(app: App, client: FlaskClient, lampa: Merchant) -> Place:
    return Place(app, client, lampa).open()


def linked(place: Place) -> int:
    """Link Boris with the customer of an order, and switch bonuses on."""
    place.order("A1", number="A-1")
    with place.app.app_context(), place.merchant.scope():
        tenants.change_settings({"loyalty": True})
        member = db.session.query(Member.id).scalar()
        db.session.execute(
            update(Partner).where(Partner.refcode == "boris").values(member_id=member)
        )
        db.session.commit()
    return int(member)


def test_the_account_says_what_there_is_until_when_and_why(place: Place) -> None:
    member = linked(place)
    with place.app.app_context(), place.merchant.scope():
        order = db.session.query(Order.id).scalar()
        earned = Grant(
            member_id=member,
            amount=12_000,
            reference="earned:1",
            kind="order",
            order_id=order,
            expires_at=clock.now() + 30 * DAY,
        )
        service.grant([earned])
        credit(member, 5_000, after=3 * DAY)
        service.spend(member, 2_000, "spent", order_id=order)
        service.hold(member, 1_000, "hold", clock.now() + DAY)
        db.session.commit()
    boris = place.partner("boris")
    page = words(boris.get(place.merchant.cabinet("bonuses/")).text)
    assert "Available ₽ 90.00 ₽90.00 lapse on" in page
    assert "Waiting ₽ 50.00" in page
    assert "In orders ₽ 10.00" in page
    assert "Spent — − ₽ 20.00 ₽ 150.00 — A-1" in page
    assert "Accrued For an order + ₽ 120.00 ₽ 120.00 — A-1" in page
    assert "By hand ₽ 50.00 From" in page
    assert "My bonuses" in boris.get(place.merchant.cabinet("account/")).text


def test_without_bonuses_or_a_purchase_there_is_no_entry_in_the_menu(place: Place) -> None:
    boris, anna = place.partner("boris"), place.partner("anna")
    there = place.merchant.cabinet("bonuses/")
    assert "My bonuses" not in boris.get(place.merchant.cabinet("account/")).text
    linked(place)
    assert "My bonuses" in boris.get(place.merchant.cabinet("account/")).text
    assert "Nothing has moved here yet" in boris.get(there).text
    assert "My bonuses" not in anna.get(place.merchant.cabinet("account/")).text
    assert "No bonus account yet" in anna.get(there).text
    with place.app.app_context(), place.merchant.scope():
        tenants.change_settings({"loyalty": False})
        db.session.commit()
    assert "My bonuses" not in boris.get(place.merchant.cabinet("account/")).text
    assert "The shop accrues no bonuses at the moment" in boris.get(there).text


def test_rank_and_awards_stand_on_the_account_once_there_are_any(place: Place) -> None:
    member = linked(place)
    boris, there = place.partner("boris"), place.merchant.cabinet("bonuses/")
    assert "Rank and awards" not in boris.get(there).text
    with place.app.app_context(), place.merchant.scope():
        gold, first = ranks.define_rank("Gold"), ranks.define_award("First review")
        ranks.give_by_hand(member, gold, pinned=False)
        ranks.honour(member, first, "rule:1", clock.now())
        db.session.commit()
    page = words(boris.get(there).text)
    assert "Rank and awards Gold Awards First review" in page
