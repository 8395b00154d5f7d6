"""Ranks and awards in the office: made, ordered, renamed, removed when unused, given by hand."""

from __future__ import annotations

import re
from decimal import Decimal
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from app import clock
from app.earnings import service as earnings
from app.extensions import db
from app.intake import service as intake
from app.members import queries as members
from app.profiles import service as profiles
from app.ranks import queries
from tests.commissions.test_pages import words
from tests.earnings.test_orders import ORDER
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


RUNG = {"span": "days", "days": "30", "every": "all", "sum": "1000.00"}
PLAN = {"on": "y", "review": "nightly", "policy": "to_matching", "grace": "0", "warning": "7"}


def test_what_a_rank_asks_is_looked_at_before_it_is_saved(
    app: App, staff: FlaskClient, client: FlaskClient, lampa: Merchant
) -> None:
    staff.post(lampa.office("ranks/new/ranks"), data={"name": "Silver", "symbol": "trophy"})
    [silver] = addresses(staff.get(lampa.office("ranks/")).text, "ranks")
    order = ORDER | {"bonus": None, "created_at": now(), "updated_at": now()}
    assert client.put("/api/v1/orders/A", json=order, headers=lampa.bearer).status_code == 200
    looked = words(staff.post(f"{silver}/preview", data=RUNG).text)
    assert "Silver 1 0 None of these 0 —" in looked
    assert "Nothing is saved yet" in looked
    assert "nothing: rules or you give it" in words(staff.get(lampa.office("ranks/")).text)
    for wrong in ({"days": ""}, {"days": "9999"}, {"sum": "x"}, {"sum": "0"}, {"span": "week"}):
        answer = staff.post(f"{silver}/asks", data=RUNG | wrong)
        assert answer.status_code == 422, wrong
        assert "to correct" in answer.text
    assert staff.post(f"{silver}/asks", data={**RUNG, "sum": ""}).status_code == 422, "asks nothing"
    assert staff.post(f"{silver}/asks", data=RUNG).status_code == 303
    page = words(staff.get(lampa.office("ranks/")).text)
    assert "goods for ₽1,000.00 in the last 30 days" in page
    assert staff.post(lampa.office("ranks/plan"), data=PLAN | {"warning": "900"}).status_code == 422
    owner = sign_in(app.test_client(), lampa.staff["owner"])
    assert owner.post(lampa.office("ranks/plan"), data=PLAN).status_code == 303
    assert "Everybody is being looked at" in staff.get(lampa.office("ranks/")).text
    with app.app_context(), lampa.scope():
        while earnings.step(intake.tenant()):
            db.session.commit()
        db.session.commit()
    assert "Silver goods for ₽1,000.00 in the last 30 days 1" in words(
        staff.get(lampa.office("ranks/")).text
    )
    assert staff.post(f"{silver}/asks/off").status_code == 303


def test_a_rank_gives_more_bonuses_and_pays_more_with_them_by_rules(
    app: App, client: FlaskClient, staff: FlaskClient, lampa: Merchant
) -> None:
    staff.post(lampa.office("ranks/new/ranks"), data={"name": "Silver"})
    [silver] = addresses(staff.get(lampa.office("ranks/")).text, "ranks")
    owner = sign_in(app.test_client(), lampa.staff["owner"])
    for wrong in ({}, {"multiply": "90"}, {"spend": "150"}, {"multiply": "x"}):
        assert owner.post(f"{silver}/gives", data=wrong).status_code == 422, wrong
    assert owner.post(f"{silver}/gives", data={"multiply": "150", "spend": "70"}).status_code == 303
    page = words(owner.get(silver).text)
    assert "Silver: more bonuses" in page
    assert "Silver: paying with bonuses" in page
    order = ORDER | {"bonus": None}

    def earns(number: str, at: str) -> str:
        said = order | {"created_at": at, "updated_at": at, "paid_at": at}
        answer = client.put(f"/api/v1/orders/{number}", json=said, headers=lampa.bearer)
        return str(answer.get_json()["bonus"]["earn"])

    usual = earns("A", "2099-01-10T10:00:00+03:00")
    with app.app_context(), lampa.scope():
        member = members.by_external(lampa.shop_id, "77")
        assert member is not None
        number = member.id
    staff.post(lampa.office(f"ranks/customers/{number}"), data={"rank": silver.rpartition("/")[2]})
    more = earns("B", "2099-01-10T11:00:00+03:00")
    assert Decimal(more) == Decimal(usual) * 3 / 2


def test_an_award_is_given_by_hand_to_many_and_taken_back(
    app: App, client: FlaskClient, staff: FlaskClient, lampa: Merchant
) -> None:
    client.put("/api/v1/members/78", json={"name": "Vera"}, headers=lampa.bearer)
    said = {"name": "Best review", "symbol": "star-filled"}
    assert staff.post(lampa.office("ranks/new/awards"), data=said).status_code == 303
    [award] = set(addresses(staff.get(lampa.office("ranks/")).text, "awards"))
    assert "Nobody bears it yet" in staff.get(award).text
    many = {"customers": "77, 78\n77", "reason": "The review of the month"}
    for wrong in ({"reason": ""}, {"customers": ""}, {"customers": "77, nobody"}):
        answer = staff.post(f"{award}/give", data=many | wrong)
        assert answer.status_code == 422, wrong
    assert "78" in staff.post(f"{award}/give", data=many | {"reason": ""}).text, (
        "what was typed stays"
    )
    assert staff.post(f"{award}/give", data=many).status_code == 303
    assert staff.post(f"{award}/give", data=many).status_code == 303, "who bears it keeps it"
    page = staff.get(award).text
    assert words(page).count("The review of the month") == 2
    undo = re.findall(r'action="([^"]*/undo)"', page)
    assert len(undo) == 2
    assert staff.post(undo[0]).status_code == 303
    assert staff.post(undo[0]).status_code == 409, "once"
    assert words(staff.get(award).text).count("The review of the month") == 1
    assert staff.post(f"{award}/remove").status_code == 409
    with app.app_context(), lampa.scope():
        names = {each.name for n in ("77", "78") for each in borne(lampa, n)}
        assert names == {"Best review"}
        assert [bool(borne(lampa, n)) for n in ("77", "78")].count(True) == 1


def borne(shop: Merchant, number: str) -> list[Any]:
    member = members.by_external(shop.shop_id, number)
    assert member is not None
    return list(queries.borne(member.id))


def test_a_picture_of_an_award_is_drawn_anew_and_what_is_none_is_refused(
    app: App, staff: FlaskClient, lampa: Merchant
) -> None:
    drawn = BytesIO()
    Image.new("RGB", (400, 300), "#c79a3b").save(drawn, "JPEG", comment=b"where it was taken")
    sent = {"name": "Cup", "picture": (BytesIO(drawn.getvalue()), "cup.jpg")}
    assert staff.post(lampa.office("ranks/new/awards"), data=sent).status_code == 303
    [award] = set(addresses(staff.get(lampa.office("ranks/")).text, "awards"))
    assert 'src="data:image/png;base64,' in staff.get(award).text
    for body in (b"<svg/>", b"", drawn.getvalue()[:200], b"x" * 2_000_001):
        wrong = {"name": "Cup", "picture": (BytesIO(body), "cup.png")}
        answer = staff.post(award, data=wrong)
        assert answer.status_code == 422, body[:10]
    with app.app_context(), lampa.scope():
        kept = queries.awards()[0].picture
        assert kept is not None
        assert b"where" not in kept
        assert Image.open(BytesIO(kept)).size == (160, 160)
    assert staff.post(award, data={"name": "Cup", "without": "y"}).status_code == 303
    assert "data:image/png" not in staff.get(award).text


def now() -> str:
    return clock.now().isoformat()
