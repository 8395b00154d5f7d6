"""First-order coupons in the back office and by API."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest

from app.coupons import queries
from app.tenants.queries import setting
from tests.partners.calls import Shop

if TYPE_CHECKING:
    from app.application import App

OFFER = {"on": "y", "amount": "10%", "source": "pool", "pattern": "FIRST-*********", "low": "1"}


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    shop = Shop(app, "Lampa")
    shop.call("POST", "/partners", {"name": "Anna", "refcode": "anna", "codes": ["ANNA10"]})
    return shop


def page(lampa: Shop, path: str = "") -> str:
    return f"/{lampa.slug}/office/coupons/{path}"


def test_the_merchant_says_what_a_coupon_is_worth_and_fills_the_pool(lampa: Shop) -> None:
    boss = lampa.staff("manager")
    assert boss.post(page(lampa), data=OFFER).status_code == 303
    with lampa.scope():
        assert queries.offer().value == "10%"
        assert setting("first_coupons") is False, "the switch was not ticked"
    lines = "code;refcode\nSUMMER-1\nSUMMER-2;anna\n"
    file = (BytesIO("ЛЕТО-1\n".encode("cp1251")), "coupons.csv")
    data = {"lines": lines, "shop": "0", "file": file}
    sent = boss.post(page(lampa, "fill"), data=data, follow_redirects=True)
    assert "Added: 3." in sent.text
    for words in ("SUMMER-1", "ЛЕТО-1", "Free in the pool"):
        assert words in sent.text, words
    again = boss.post(page(lampa, "fill"), data={"lines": "SUMMER-1\nNEW;nobody", "shop": "0"})
    assert "SUMMER-1 is there already." in again.text
    assert "no partner has the refcode nobody" in again.text


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"amount": ""}, "Say what the coupon is worth."),
        ({"amount": "lots"}, "Type a sum in figures"),
        ({"source": "pattern", "pattern": "FIRST-##"}, "Too easy to guess"),
        ({"low": "-3"}, "between 0 and"),
    ],
)
def test_an_offer_that_cannot_stand_comes_back_with_its_complaint(
    lampa: Shop, form: dict[str, str], words: str
) -> None:
    answer = lampa.staff("manager").post(page(lampa), data=OFFER | form)
    assert answer.status_code == 422
    assert words in answer.text


def test_words_stand_in_place_of_a_figure_and_a_sum_is_in_the_merchants_currency(
    lampa: Shop,
) -> None:
    boss = lampa.staff("manager")
    boss.post(page(lampa), data=OFFER | {"amount": "1,500.50"})
    with lampa.scope():
        assert queries.offer().value == "1500.50 RUB"
    assert 'value="1500.50"' in boss.get(page(lampa)).text
    boss.post(page(lampa), data=OFFER | {"words": "free delivery"})
    with lampa.scope():
        assert queries.offer().value == "free delivery"


def test_a_coupon_is_withdrawn_and_put_back(lampa: Shop) -> None:
    boss = lampa.staff("manager")
    lampa.call("POST", "/coupons", {"codes": ["ONE"]})
    with lampa.scope():
        [row] = queries.newest(queries.listed(), 5)
        coupon_id = row.Coupon.id
    away = boss.post(page(lampa, f"{coupon_id}/withdraw"), follow_redirects=True).text
    assert "Out of the pool." in away
    assert "Withdrawn" in away
    boss.post(page(lampa, f"{coupon_id}/restore"))
    with lampa.scope():
        assert queries.pool().free == 1
    assert boss.post(page(lampa, "999999/withdraw")).status_code == 404


def test_a_customer_told_by_api_gets_his_coupon_in_the_answer(lampa: Shop) -> None:
    lampa.staff("manager").post(page(lampa), data=OFFER)
    filled = lampa.call("POST", "/coupons", {"codes": ["ONE", "TWO", "ANNA10"]})
    assert filled.status_code == 201
    assert filled.json == {"added": 2, "known": ["ANNA10"], "unreadable": [], "free": 2, "owed": 0}
    body = {"email": "gleb@example.org", "partner_code": "ANNA10"}
    given = lampa.call("PUT", "/members/77", body).json["coupon"]
    assert (given["code"], given["value"]) == ("ONE", "10%")
    assert lampa.call("GET", "/members/77").json["coupon"] == given
    assert lampa.call("PUT", "/members/78", {"email": "d@example.org"}).json["coupon"] is None
    listed = lampa.call("GET", "/coupons?limit=1").json
    assert [(c["code"], c["state"]) for c in listed["items"]] == [("TWO", "free")]
    following = lampa.call("GET", f"/coupons?cursor={listed['next']}").json["items"]
    assert [(c["code"], c["state"], c["partner"], c["customer"]) for c in following] == [
        ("ONE", "given", "anna", "77")
    ]
    known = lampa.call("GET", "/codes/one").json
    assert (known["valid"], known["discount"]) == (True, "10%")
    assert lampa.call("GET", "/codes/TWO").json["reason"] == "unknown", "a free one says nothing"
    refused: list[Any] = [{"codes": []}, {"codes": ["X"], "partner": "nobody"}, {"codes": [1]}, {}]
    for bad in refused:
        assert lampa.call("POST", "/coupons", bad).status_code == 422, bad


def test_support_sees_the_page_and_may_not_change_it(lampa: Shop) -> None:
    helper = lampa.staff("support")
    assert helper.get(page(lampa)).status_code == 200
    for path in (page(lampa), page(lampa, "fill")):
        assert helper.post(path).status_code == 403
