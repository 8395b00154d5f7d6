"""What customers do besides ordering: each profile gives once, whoever reports it how often."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import clock
from app.earnings import service
from app.extensions import db
from app.intake import service as intake
from app.members import queries as members
from app.partners.models import Partner
from app.profiles import queries as rules
from app.profiles import service as profiles
from tests.earnings.test_orders import ORDER

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.application import App
    from tests.world import Merchant


@pytest.fixture
def shop(app: App, client: FlaskClient, lampa: Merchant) -> Merchant:
    """Lampa with bonuses, the presets of all profiles but the order's switched on."""
    client.patch("/api/v1/merchant", json={"loyalty": True}, headers=lampa.bearer)
    with app.app_context(), lampa.scope():
        for profile in (
            *("registration", "birthday", "profile_filled", "subscription", "review"),
            *("achievement", "referrer_achievement"),
        ):
            profiles.switch(profile, on=True)
        profiles.switch("order", on=False)
        db.session.commit()
    return lampa


def meet(client: FlaskClient, shop: Merchant, number: str = "77", **said: Any) -> None:
    body = {"name": "Gleb", **said}
    answer = client.put(f"/api/v1/members/{number}", json=body, headers=shop.bearer)
    assert answer.status_code == 200, answer.text


def report(client: FlaskClient, shop: Merchant, name: str, kind: str, **data: Any) -> TestResponse:
    body = {"id": name, "type": kind, "data": data}
    return client.post("/api/v1/members/77/events", json=body, headers=shop.bearer)


def available(client: FlaskClient, shop: Merchant, number: str = "77") -> str:
    told = client.get(f"/api/v1/members/{number}/bonuses", headers=shop.bearer).get_json()
    return str(told["available"])


def test_a_new_customer_is_welcomed_once(client: FlaskClient, shop: Merchant) -> None:
    meet(client, shop)
    meet(client, shop)
    report(client, shop, "r1", "registered")
    assert available(client, shop) == "100.00"


def test_reports_give_once_each_and_a_removed_review_gives_nothing(
    client: FlaskClient, shop: Merchant
) -> None:
    meet(client, shop)
    for _time in range(2):
        assert report(client, shop, "p", "profile_updated", percent=100).status_code == 201
    assert available(client, shop) == "150.00"
    report(client, shop, "s", "subscribed", list="news", double_opt_in=True)
    report(client, shop, "s2", "subscribed", list="news", double_opt_in=True)
    assert available(client, shop) == "200.00"
    report(client, shop, "v", "review.published", review="9", has_purchase=True, length=80)
    assert available(client, shop) == "250.00"
    report(client, shop, "v0", "review.published", review="8", has_purchase=True, length=10)
    assert available(client, shop) == "250.00", "too short"
    report(client, shop, "w", "review.removed", review="9")
    report(client, shop, "w2", "review.removed", review="9")
    assert available(client, shop) == "200.00"


def test_a_review_told_twice_under_another_rule_gives_back_what_it_gave(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    meet(client, shop)
    said = {"review": "9", "has_purchase": True, "length": 80}
    report(client, shop, "v", "review.published", **said)
    with app.app_context(), shop.scope():
        [rule] = rules.of_profile("review")
        body = rule.draft | {"effects": [{"do": "earn.fixed", "points": 9_000}]}
        profiles.publish(profiles.draft(rule.name, body, rule))
        db.session.commit()
    report(client, shop, "v again", "review.published", **said)
    assert available(client, shop) == "150.00"
    assert report(client, shop, "w", "review.removed", review="9").status_code == 201
    assert available(client, shop) == "100.00"


def test_what_is_not_known_does_not_pay(client: FlaskClient, shop: Merchant) -> None:
    meet(client, shop)
    report(client, shop, "v", "review.published", length=80)
    assert available(client, shop) == "100.00"


def test_another_report_under_the_same_id_is_refused(client: FlaskClient, shop: Merchant) -> None:
    meet(client, shop)
    assert report(client, shop, "x", "profile_updated", percent=10).status_code == 201
    assert report(client, shop, "x", "profile_updated", percent=100).status_code == 409
    assert available(client, shop) == "100.00"


@pytest.mark.parametrize(
    "body",
    [
        {"id": "", "type": "registered"},
        {"id": "a\x00b", "type": "registered"},
        {"id": "a", "type": "Registered!"},
        {"id": "a", "type": "x", "at": "2099-01-01T00:00:00Z"},
        {"id": "a", "type": "x", "data": {"deep": {"er": 1}}},
        {"id": "a", "type": "x", "data": {"f": 1.5}},
        {"id": "a", "type": "x", "data": {"f": 2**60}},
        {"id": "a", "type": "x", "data": {"f": "a\x00"}},
        {"id": "a", "type": "x", "data": []},
    ],
)
def test_odd_reports_are_refused(client: FlaskClient, shop: Merchant, body: Any) -> None:
    meet(client, shop)
    answer = client.post("/api/v1/members/77/events", json=body, headers=shop.bearer)
    assert answer.status_code == 422, answer.text
    other = client.post("/api/v1/members/nobody/events", json=body, headers=shop.bearer)
    assert other.status_code in {404, 422}


def test_an_outside_service_gives_by_its_own_fields(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    with app.app_context(), shop.scope():
        body = {
            "schema": 1,
            "profile": "external",
            "trigger": "external.event",
            "when": {"all": [{"fact": "external.payload.score", "op": "gte", "value": 5}]},
            "effects": [{"do": "earn.fixed", "points": 700}],
        }
        profiles.publish(profiles.draft("Game", body))
        db.session.commit()
    meet(client, shop)
    report(client, shop, "g1", "game.won", score=4)
    report(client, shop, "g2", "game.won", score=5)
    report(client, shop, "g2", "game.won", score=5)
    assert available(client, shop) == "107.00"


def test_a_birthday_comes_once_a_year_in_the_merchants_zone(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    meet(client, shop, birthday="1990-02-28", registered_at="2020-01-01T00:00:00Z")
    meet(client, shop, "78", birthday="1992-02-29", registered_at="2020-01-01T00:00:00Z")
    meet(client, shop, "79", birthday="1992-03-01", registered_at="2020-01-01T00:00:00Z")
    days = {
        datetime(2027, 2, 27, 20, 59, tzinfo=UTC): 0,
        datetime(2027, 2, 27, 21, 1, tzinfo=UTC): 2,  # midnight in Moscow; no 29 February
        datetime(2027, 2, 28, 5, 0, tzinfo=UTC): 2,
    }
    for moment, many in days.items():
        with app.app_context(), shop.scope(), clock.moved_to(moment):
            assert service.birthdays(intake.tenant()) == many
            db.session.commit()
    with app.app_context(), shop.scope(), clock.moved_to(datetime(2027, 3, 1, tzinfo=UTC)):
        held = {number: members.by_external(shop.shop_id, number) for number in ("77", "78", "79")}
        assert all(held.values())
        db.session.rollback()
    assert available(client, shop) == "400.00", "a welcome and one present"
    assert available(client, shop, "78") == "400.00"
    assert available(client, shop, "79") == "100.00"


def test_the_tenth_order_is_reached_once(client: FlaskClient, shop: Merchant) -> None:
    meet(client, shop)
    for number in range(12):
        now = clock.now().isoformat()
        body = ORDER | {"bonus": None, "created_at": now, "updated_at": None}
        client.put(f"/api/v1/orders/T{number}", json=body, headers=shop.bearer)
    assert available(client, shop) == "600.00"


def test_the_fifth_friend_who_buys_is_worth_a_present(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    meet(client, shop, "anna")
    client.post("/api/v1/partners", json={"refcode": "anna", "name": "Anna"}, headers=shop.bearer)
    with app.app_context(), shop.scope():
        member = members.by_external(shop.shop_id, "anna")
        assert member is not None
        partner = db.session.scalars(select(Partner).where(Partner.refcode == "anna")).one()
        partner.member_id = member.id
        db.session.commit()
    for n in range(6):
        meet(client, shop, f"f{n}", ref="anna")
        at = clock.now().isoformat()
        said = {"bonus": None, "created_at": at, "updated_at": at, "customer": {"id": f"f{n}"}}
        for number in (f"F{n}", f"F{n}b"):
            client.put(f"/api/v1/orders/{number}", json=ORDER | said, headers=shop.bearer)
        expected = "600.00" if n >= 4 else "100.00"
        assert available(client, shop, "anna") == expected, n


def test_the_chain_is_paid_as_deep_as_it_goes(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    """LOYALTY's example: 5 % of what is not on promotion, then 2 %, 1 %, and halves up the chain."""
    with app.app_context(), shop.scope():
        body = {
            "schema": 1,
            "profile": "order",
            "trigger": "order.paid",
            "when": {"all": [{"fact": "order.total", "op": "gte", "value": 100_000}]},
            "effects": [
                {"do": "earn.percent", "rate": "5/100"},
                {
                    "do": "chain.pay",
                    "levels": ["2/100", "1/100"],
                    "tail": {"ratio": "1/2", "min_points": 100},
                },
            ],
        }
        profiles.publish(profiles.draft("Weekend", body))
        db.session.commit()
    above = None
    for n in range(6):
        meet(client, shop, f"p{n}")
        card = {"refcode": f"chain{n}", "name": f"P{n}"} | ({"sponsor": above} if above else {})
        made = client.post("/api/v1/partners", json=card, headers=shop.bearer)
        assert made.status_code == 201, made.text
        above = f"chain{n}"
        with app.app_context(), shop.scope():
            member = members.by_external(shop.shop_id, f"p{n}")
            assert member is not None
            partner = db.session.scalars(select(Partner).where(Partner.refcode == above)).one()
            partner.member_id = member.id
            db.session.commit()
    meet(client, shop, "77", ref="chain5")
    said = ORDER | {"bonus": None, "created_at": clock.now().isoformat(), "updated_at": None}
    order = {"lines": [{"id": "1", "quantity": "1", "price": "1000.00"}]}
    answer = client.put("/api/v1/orders/C1", json=said | order, headers=shop.bearer)
    assert answer.get_json()["bonus"]["earn"] == "50.00"
    assert available(client, shop) == "150.00", "the welcome, and 5 %"
    found = [available(client, shop, f"p{n}") for n in range(5, -1, -1)]
    assert found == ["120.00", "110.00", "105.00", "102.50", "101.25", "100.00"]
    client.put(
        "/api/v1/orders/C1", json=said | order | {"status": "cancelled", "version": 9},
        headers=shop.bearer,
    )  # fmt: skip
    assert available(client, shop) == "100.00"
    assert {available(client, shop, f"p{n}") for n in range(6)} == {"100.00"}
