"""Ranks and awards in the office: made, ordered, renamed, removed when unused, given by hand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from app.extensions import db
from app.members import queries as members
from app.profiles import service as profiles
from app.ranks import queries
from tests.commissions.test_pages import words
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant


@pytest.fixture
def staff(app: App, client: FlaskClient, lampa: Merchant) -> FlaskClient:
    client.patch("/api/v1/merchant", json={"loyalty": True}, headers=lampa.bearer)
    client.put("/api/v1/members/77", json={"name": "Gleb"}, headers=lampa.bearer)
    return sign_in(app.test_client(), lampa.staff["manager"])


def addresses(text: str, what: str) -> list[str]:
    return re.findall(rf'href="([^"]*/ranks/{what}/\w+)"', text)


def test_the_ladder_is_made_ordered_renamed_and_cleared(
    staff: FlaskClient, lampa: Merchant
) -> None:
    there = lampa.office("ranks/")
    assert "No ranks yet" in staff.get(there).text
    for name, status in (
        ("Silver", 303),
        ("Gold 50% off", 303),
        (" gold 50% OFF ", 422),
        (",", 422),
        ("", 422),
    ):
        answer = staff.post(lampa.office("ranks/new/ranks"), data={"name": name})
        assert answer.status_code == status, name
    gold, silver = addresses(staff.get(there).text, "ranks")
    assert staff.post(f"{silver}/up").status_code == 303
    assert addresses(staff.get(there).text, "ranks") == [silver, gold], "the highest first"
    staff.post(f"{silver}/up")
    assert staff.post(gold, data={"name": "Silver"}).status_code == 422
    assert staff.post(gold, data={"name": "Золото"}).status_code == 303
    assert "Золото" in staff.get(there).text
    assert "gold-50%-off" in words(staff.get(gold).text), "rules go on calling it so"
    assert staff.post(f"{gold}/remove").status_code == 303
    assert addresses(staff.get(there).text, "ranks") == [silver]


def test_what_customers_have_or_rules_name_is_not_removed(
    app: App, staff: FlaskClient, lampa: Merchant
) -> None:
    for name in ("Silver", "Gold"):
        staff.post(lampa.office("ranks/new/ranks"), data={"name": name})
    gold, silver = addresses(staff.get(lampa.office("ranks/")).text, "ranks")
    with app.app_context(), lampa.scope():
        when = {"fact": "member.rank", "op": "in", "value": ["GOLD"]}
        body: dict[str, Any] = {"schema": 1, "trigger": "order.paid", "when": {"all": [when]}}
        profiles.draft("For gold", body | {"effects": [{"do": "earn.fixed", "points": 1}]})
        member = members.by_external(lampa.shop_id, "77")
        assert member is not None
        number = member.id
        db.session.commit()
    address = lampa.office(f"ranks/customers/{number}")
    assert staff.post(address, data={"rank": silver.rpartition("/")[2]}).status_code == 303
    assert staff.post(address, data={"rank": "rk_nothing"}).status_code == 422
    assert staff.post(lampa.office("ranks/customers/999999"), data={"rank": ""}).status_code == 404
    staff.post(f"{gold}/remove")
    assert staff.post(f"{silver}/remove").status_code == 409
    assert addresses(staff.get(lampa.office("ranks/")).text, "ranks") == [gold, silver]
    page = words(staff.get(lampa.office(f"customers/{number}")).text)
    assert "Rank Silver" in page
    assert staff.post(address, data={"rank": ""}).status_code == 303
    with app.app_context(), lampa.scope():
        assert queries.rank_of(number) is None
        assert len(queries.marks([number])[number]) == 2


def test_the_constructor_offers_the_ranks_and_awards_that_there_are(
    staff: FlaskClient, lampa: Merchant
) -> None:
    staff.post(lampa.office("ranks/new/ranks"), data={"name": "Silver 5%"})
    there = lampa.office("bonus-rules/new")
    said = {
        "name": "Ranked", "profile": "order", "trigger": "order.paid",
        "c.kind": "group", "c.mode": "all", "c.0.kind": "row", "c.0.fact": "member.rank", "c.0.op": "in",
        "c.0.value": "silver-5%",
        "e.0.do": "rank.set", "e.0.rank": "silver-5%", "e.1.do": "award.grant",
    }  # fmt: skip
    page = staff.post(there, data=said | {"act": "look"}).text
    assert re.search(r'<input[^>]*name="c\.0\.value" value="silver-5%" checked', page)
    assert re.search(r'<option value="silver-5%" selected>Silver 5%', page)
    assert "There is none yet: define it under Bonuses first." in page
