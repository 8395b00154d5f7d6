"""Why an order earned what it earned, and what rules let be paid of it: one page, and the way to it."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

from app.extensions import db
from app.profiles.service import draft, publish
from tests.checkout.shop import open_account, put, said
from tests.checkout.test_orders import SOON
from tests.commissions.test_pages import words
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant


def rule(app: App, shop: Merchant, name: str, trigger: str, **said: Any) -> None:
    effects = [{key: said.pop(key) for key in ("do", "percent", "points", "rate") if key in said}]
    with app.app_context(), shop.scope():
        publish(draft(name, {"schema": 1, "trigger": trigger, "effects": effects, **said}))
        db.session.commit()


def test_the_order_leads_to_every_rule_that_gave_or_limited_and_to_the_first_no(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    open_account(app, lampa)
    rich = {"all": [{"fact": "order.total", "op": "gte", "value": 10_000_000}]}
    rule(app, lampa, "Ten for all", "order.paid", do="earn.fixed", points=10)
    rule(app, lampa, "For rights", "order.paid", do="owner.pay", rate="1%")
    rule(app, lampa, "A tenth", "quote.requested", do="spend.limit", percent=10)
    rule(app, lampa, "Half", "quote.requested", do="spend.limit", percent=50, when=rich)
    answer = put(client, lampa, said("100.00", created_at=SOON, number="A-1"))
    assert answer.status_code in {200, 201}, answer.text
    staff = sign_in(app.test_client(), lampa.staff["owner"])
    there = lampa.office("bonus-rules/why?order=A-1")
    found = re.search(r'href="([^"]*/orders/dl_\w+/)"', staff.get(lampa.office("orders/")).text)
    assert found is not None
    assert f'href="{there}"' in staff.get(found[1]).text
    assert "The customer got for it ₽ 0.10" in words(staff.get(found[1]).text)
    page = words(staff.get(there).text)
    assert "What it gives" in page, "what was earned"
    met = "What it lets be paid of this order in bonuses:"
    assert f"{met} A tenth: at most 10% of the goods that take part." in page
    assert page.count(met) == 1
    assert "The rule is not met: " in page.partition("Half")[2], "and the first no of the other"
    assert "Nobody holds the rights to these goods." in page.partition("For rights")[2]
    over = {**said("100.00", created_at=SOON, number="A-1"), "status": "cancelled", "version": 9}
    assert put(client, lampa, over).status_code in {200, 201}
    assert "what the rule gave is taken back" in words(staff.get(there).text)


def test_a_line_of_the_statement_leads_to_the_rule_that_gave_it_also_without_an_order(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    open_account(app, lampa)
    long = {"fact": "review.length", "op": "gte", "value": 50}
    for name, least in (("Any review", 1), ("A saga", 5_000)):
        when = {"all": [{**long, "value": least}]}
        rule(app, lampa, name, "review.published", do="earn.fixed", points=1_000, when=when)
    told = {"review": "1", "length": 60, "has_purchase": True}
    said = {"id": "r1", "type": "review.published", "data": told}
    answer = client.post("/api/v1/members/77/events", json=said, headers=lampa.bearer)
    assert answer.status_code == 201, answer.text
    staff = sign_in(app.test_client(), lampa.staff["owner"])
    listed = staff.get(lampa.office("bonuses/transactions")).text
    assert "For a published review" in words(listed)
    found = re.search(r'href="([^"]*/why/event\?of=[^"]+)"', listed)
    assert found is not None
    page = words(staff.get(unescape(found[1])).text)
    assert "A review is published" in page
    assert "Any review Give 10.00 bonuses for a published review" in page
    assert "length of the review is at least 1 · it is: 60" in page
    assert "The rule is not met" in page.partition("A saga")[2]
    for of in ("x", "profile:order:1:1:0:member:1:0", "order:1"):
        assert (
            staff.get(lampa.office("bonus-rules/why/event"), query_string={"of": of}).status_code
            == 404
        )
    strange = staff.get(lampa.office("bonus-rules/why/event?of=profile:a:1:0:member:1:0")).text
    assert "Nothing is kept of it" in strange
