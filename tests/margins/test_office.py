"""The margin guard: red orders with the why, the worst stacks, and a warning before anything is published."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from app import jobs
from app.extensions import db
from app.margins import service
from app.programs import queries as programs
from app.programs.queries import conditions
from app.tenants import service as tenants
from tests.commissions.test_pages import words
from tests.orders.test_api import lampa, put, said
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

__all__ = ["lampa"]


class Guard:
    """Lampa's owner at the margin guard; a lamp is bought for 900.00 and sold for 1,000.00."""

    def __init__(self, app: App, client: FlaskClient, merchant: Merchant) -> None:
        self.app, self.client, self.merchant = app, client, merchant
        key = merchant.bearer
        body = {"name": "Desk lamp", "price": "1000.00", "cost": "900.00"}
        answer = client.put("/api/v1/products/lamp-1", json=body, headers=key)
        assert answer.status_code == 200, answer.text
        assert (answer.json["cost"], answer.json["margin"]) == ("900.00", None)
        sign_in(client, merchant.staff["owner"])

    def get(self, path: str = "margin/") -> str:
        answer = self.client.get(self.merchant.office(path))
        assert answer.status_code == 200
        return words(answer.text)

    def terms(self, level: str, **more: str) -> tuple[int, str]:
        """Ask for another rate of the base terms."""
        with self.app.app_context(), self.merchant.scope():
            [base] = programs.all_terms()
            address = self.merchant.office(f"terms/{base.public_id}")
        page = self.client.get(address).text
        version = re.search(r'name="version"[^>]*value="(\d+)"', page)
        body = {"name": "Base terms", "levels-0": level, "tax": "1", **more}
        if version:
            body["version"] = version[1]
        answer = self.client.post(address, data=body)
        return answer.status_code, words(answer.text)

    def rate(self) -> str:
        with self.app.app_context(), self.merchant.scope():
            [base] = programs.all_terms()
            return str(conditions([base.id])[base.id].levels[0])


@pytest.fixture
def guard(app: App, client: FlaskClient, lampa: Merchant) -> Guard:
    return Guard(app, client, lampa)


def test_red_orders_are_shown_with_what_was_given_away(guard: Guard) -> None:
    put(guard.client, guard.merchant, said())  # 2 × 1,000.00 less 100.00, 10% of 1,900.00 to Anna
    assert guard.client.post(guard.merchant.office("margin/look")).status_code == 303
    with guard.app.app_context():
        jobs.sweep_runs()
    page = guard.get()
    assert "A-1001" in page
    assert re.search(r"−\W*90\.00 Why", page), "200.00 of margin, 100.00 off, 190.00 to the partner"
    assert "145%" in page
    assert "Share of the margin given away" in page


def test_an_order_of_which_nothing_is_known_is_counted_apart(guard: Guard) -> None:
    body = said()
    body["lines"][0]["product"] = "unheard-of"
    put(guard.client, guard.merchant, body)
    guard.client.post(guard.merchant.office("margin/look"))
    with guard.app.app_context():
        jobs.sweep_runs()
    assert "Of 1 order the margin is not known" in guard.get()
    answer = guard.client.post(
        guard.merchant.office("margin/"), data={"margin": "50", "margin_stop": ""}
    )
    assert answer.status_code == 303
    guard.client.post(guard.merchant.office("margin/look"))
    with guard.app.app_context():
        jobs.sweep_runs()
    assert "No order gave away more than its margin" in guard.get()


def test_terms_that_eat_up_a_margin_are_named_before_they_hold(guard: Guard) -> None:
    assert "Desk lamp" in guard.get()
    status, page = guard.terms("12%")
    assert status == 422
    assert "Sales could cost more than they leave" in page
    assert re.search(r"−\W*20\.00", page)
    assert guard.rate() == "10%"
    status, _page = guard.terms("12%", margin_seen="1")
    assert status == 303
    assert guard.rate() == "12%"
    assert guard.terms("11%")[0] == 303, "red already, and less so than before: nothing to warn of"


def test_who_wants_a_stop_gets_one(guard: Guard) -> None:
    with guard.app.app_context(), guard.merchant.scope():
        tenants.change_settings({"margin_stop": True})
        db.session.commit()
    status, page = guard.terms("12%", margin_seen="1")
    assert status == 422
    assert "You let nothing be published that eats up a margin" in page
    assert guard.rate() == "10%"


def test_a_campaign_and_own_rates_of_partners_count_at_their_worst(guard: Guard) -> None:
    body = {"name": "Week", "levels-0": "15%"}
    answer = guard.client.post(guard.merchant.office("campaigns/new"), data=body)
    assert answer.status_code == 422
    assert "Sales could cost more than they leave" in words(answer.text)
    answer = guard.client.post(
        guard.merchant.office("campaigns/new"), data=body | {"margin_seen": "1"}
    )
    assert answer.status_code == 303
    with guard.app.app_context(), guard.merchant.scope():
        [stack] = service.stacks()
        assert stack.weighed.given.commission == 150_00
        assert stack.left == -50_00


def test_a_margin_that_is_none_is_refused_with_what_was_typed(guard: Guard) -> None:
    answer = guard.client.post(guard.merchant.office("margin/"), data={"margin": "lots"})
    assert answer.status_code == 422
    assert "Write a percent between 0 and 100" in answer.text
    assert 'value="lots"' in answer.text
    key = guard.merchant.bearer
    for name, value in (("margin", "140%"), ("cost", "-1.00")):
        answer = guard.client.put("/api/v1/products/lamp-1", json={name: value}, headers=key)
        assert answer.status_code == 422
        assert answer.json["errors"][0]["field"] == name


def test_no_two_things_of_the_page_bear_one_name(guard: Guard) -> None:
    page = guard.client.get(guard.merchant.office("margin/")).text
    named = Counter(re.findall(r'\bid="([^"]+)"', page))
    assert [name for name, times in named.items() if times > 1] == []
    assert named["margin"] == 1, "the label leads to the field"


def test_another_merchants_margins_are_not_there(guard: Guard, kniga: Merchant) -> None:
    sign_in(guard.client, kniga.staff["owner"])
    assert "Desk lamp" not in words(guard.client.get(kniga.office("margin/")).text)


def test_orders_of_before_the_first_word_on_margins_are_judged_by_it(guard: Guard) -> None:
    body = said()
    body["lines"][0]["product"] = "unheard-of"
    body["created_at"] = body["updated_at"] = "2026-11-23T10:00:00+03:00"
    put(guard.client, guard.merchant, body)
    guard.client.post(guard.merchant.office("margin/"), data={"margin": "5"})
    guard.client.post(guard.merchant.office("margin/look"))
    with guard.app.app_context():
        jobs.sweep_runs()
    page = guard.get()
    assert "the margin is not known" not in page
    assert re.search(r"Red orders 1 ", page)
