"""Achievements: made in the office as rules with a look, reached by orders, months and friends, shown with the way."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.earnings import queries as earnings
from app.extensions import db
from app.members import queries as members
from app.members.models import Member
from app.orders.rules import State
from app.orders.service import Standing
from app.partners.models import Partner
from app.profiles import queries as rules
from app.profiles import service as profiles
from app.ranks import queries
from tests.commissions.test_pages import Place, words
from tests.earnings.test_orders import ORDER
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

NEW = {"name": "Regular", "symbol": "trophy", "points": "50"}


@pytest.fixture
def shop(app: App, client: FlaskClient, lampa: Merchant) -> Merchant:
    """Lampa with bonuses on and no rules; the customers 77 and 78."""
    client.patch("/api/v1/merchant", json={"loyalty": True}, headers=lampa.bearer)
    with app.app_context(), lampa.scope():
        for each in rules.all_rules():
            profiles.switch(each.profile, on=False)
        db.session.commit()
    for number in ("77", "78", "79"):
        client.put(f"/api/v1/members/{number}", json={"name": number}, headers=lampa.bearer)
    return lampa


@pytest.fixture
def owner(app: App, shop: Merchant) -> FlaskClient:
    return sign_in(app.test_client(), shop.staff["owner"])


def make(owner: FlaskClient, shop: Merchant, **said: Any) -> int:
    there = shop.office("ranks/achievements/")
    return owner.post(there, data=NEW | said).status_code


def buy(
    client: FlaskClient, shop: Merchant, number: str, at: str, who: str = "77", **said: Any
) -> None:
    day = f"{at}T10:00:00+03:00"
    body = ORDER | {"bonus": None, "created_at": day, "updated_at": day, "paid_at": day}
    body |= {"customer": {"id": who}}
    answer = client.put(f"/api/v1/orders/{number}", json=body | said, headers=shop.bearer)
    assert answer.status_code == 200, answer.text


def available(client: FlaskClient, shop: Merchant, number: str = "77") -> str:
    told = client.get(f"/api/v1/members/{number}/bonuses", headers=shop.bearer).get_json()
    return str(told["available"])


def test_an_achievement_is_made_in_the_office_reached_lost_and_reached_again(
    app: App, client: FlaskClient, owner: FlaskClient, shop: Merchant
) -> None:
    there = shop.office("ranks/achievements/")
    assert "No achievements yet" in owner.get(there).text
    for wrong in (
        {"metric": "orders", "number": ""},
        {"metric": "orders", "number": "0"},
        {"metric": "sum", "number": "3"},
        {"metric": "sum", "amount": "-5"},
        {"metric": "planets", "number": "3"},
        {"metric": "orders", "number": "3", "points": "0"},
        {"metric": "orders", "number": "3", "name": ""},
    ):
        assert make(owner, shop, **wrong) == 422, wrong
    assert make(owner, shop, metric="orders", number="2") == 303
    page = words(owner.get(there).text)
    assert "Regular 2 paid orders Regular 0" in page
    buy(client, shop, "A", "2099-01-10")
    assert available(client, shop) == "0.00"
    buy(client, shop, "B", "2099-01-11")
    assert available(client, shop) == "50.00"
    assert "Regular 2 paid orders Regular 1" in words(owner.get(there).text)
    buy(client, shop, "B", "2099-01-11", status="cancelled", version=9)
    assert available(client, shop) == "0.00"
    assert "Regular 2 paid orders Regular 0" in words(owner.get(there).text)
    card = there + "orders:2"
    assert owner.post(card, data={"name": "Friend", "symbol": "sun"}).status_code == 303
    assert "Friend 2 paid orders" in words(owner.get(there).text)
    assert owner.post(card, data={"name": ""}).status_code == 422
    assert owner.get(there + "orders:3").status_code == 404


def test_months_in_a_row_count_by_the_merchants_calendar(
    client: FlaskClient, owner: FlaskClient, shop: Merchant
) -> None:
    assert make(owner, shop, metric="streak", number="3") == 303
    for number, day in (("A", "2099-01-31"), ("B", "2099-02-01"), ("C", "2099-04-01")):
        buy(client, shop, number, day)
    assert available(client, shop) == "0.00"
    buy(client, shop, "D", "2099-03-15")
    assert available(client, shop) == "50.00"


@given(st.sets(st.integers(0, 40)))
def test_the_longest_run_of_months(months: set[int]) -> None:
    longest = max(
        (n for start in months for n in range(1, 42) if {*range(start, start + n)} <= months),
        default=0,
    )
    made = [_order(2026 + each // 12, each % 12 + 1) for each in months]
    assert earnings.metrics_of(made, "Europe/Moscow")["streak"] == longest


def _order(year: int, month: int) -> Standing:
    said = SimpleNamespace(
        created_at=datetime(year, month, 15, tzinfo=UTC), lines=(), refunds=(), shipping=0, fees=0
    )
    folded = SimpleNamespace(state=State.COMPLETED, snapshot=said)
    return cast("Standing", SimpleNamespace(folded=folded))


def test_friends_of_friends_count_by_level(
    app: App, client: FlaskClient, owner: FlaskClient, shop: Merchant
) -> None:
    for refcode, sponsor in (("anna", None), ("boris", "anna")):
        said = {"refcode": refcode, "name": refcode, "sponsor": sponsor}
        client.post("/api/v1/partners", json=said, headers=shop.bearer)
    with app.app_context(), shop.scope():
        anna = db.session.scalars(select(Partner).where(Partner.refcode == "anna")).one()
        member = members.by_external(shop.shop_id, "77")
        assert member is not None
        anna.member_id = member.id
        db.session.commit()
    for number, ref in (("78", "anna"), ("79", "boris")):
        client.put(f"/api/v1/members/{number}", json={"ref": ref}, headers=shop.bearer)
    assert make(owner, shop, metric="active_referrals_2", number="1") == 303
    buy(client, shop, "A", "2099-01-10", who="78")
    assert available(client, shop) == "0.00", "that is a friend, not a friend's friend"
    buy(client, shop, "B", "2099-01-10", who="79")
    assert available(client, shop) == "50.00"
    buy(client, shop, "B", "2099-01-10", who="79", status="cancelled", version=9)
    assert available(client, shop) == "0.00"


def test_the_customer_sees_what_is_reached_and_what_comes_next(
    app: App, client: FlaskClient, owner: FlaskClient, shop: Merchant
) -> None:
    place = Place(app, client, shop).open()
    for number, name in ((1, "First"), (3, "Third"), (9, "Ninth")):
        assert make(owner, shop, metric="orders", number=str(number), name=name) == 303
    assert make(owner, shop, metric="active_referrals", number="2", name="Two friends") == 303
    with app.app_context(), shop.scope():
        boris = db.session.scalars(select(Partner).where(Partner.refcode == "boris")).one()
        boris.member_id = db.session.scalars(select(Member.id).where(Member.key == "id:77")).one()
        db.session.commit()
    buy(client, shop, "A", "2099-01-10")
    page = words(place.partner("boris").get(shop.cabinet("bonuses/")).text)
    assert "First reached on" in page
    assert "Third : 1 of 3" in page
    assert "Ninth" not in page, "one step after the other"
    assert "Two friends : 0 of 2" in page
    with app.app_context(), shop.scope():
        assert queries.reached_by_many() == {("orders", 1): 1}
