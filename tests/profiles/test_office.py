"""The office's pages of rules: switches, the constructor by plain forms, versions, the trial."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.profiles.models import ProfileRule, RuleVersion
from app.profiles.rules import parse
from app.profiles.rules.document import EXAMPLE
from app.profiles.service import begin, draft, publish
from app.ranks.service import define_rank
from tests.world import Merchant, World, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App

BASE = {"trigger": "order.paid", "name": "Mine"}


@pytest.fixture
def owner(client: FlaskClient, lampa: Merchant) -> FlaskClient:
    return sign_in(client, lampa.staff["owner"])


def page(lampa: Merchant, path: str = "") -> str:
    return lampa.office(f"bonus-rules/{path}")


def only(app: App, lampa: Merchant, model: type[Any]) -> Any:
    with app.app_context(), lampa.scope():
        return db.session.scalars(select(model)).one()


def kept(app: App, lampa: Merchant, body: dict[str, Any] = EXAMPLE) -> str:
    with app.app_context():
        with lampa.scope():
            for name in ("Silver", "Gold"):
                define_rank(name)
            rule = draft("Weekend", body).public_id
        db.session.commit()
    return rule


def fields(html: str) -> dict[str, list[str]]:
    """Read a form as a browser would send it back."""
    found: dict[str, list[str]] = {}
    form = html[
        html.index('id="constructor"') : html.index("</form>", html.index('id="constructor"'))
    ]
    for tag in re.findall(r"<input[^>]*>", form):
        name = re.search(r'name="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name and ("checkbox" not in tag or "checked" in tag):
            found.setdefault(name[1], []).append(value[1] if value else "on")
    for name, options in re.findall(
        r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL
    ):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(
            r'value="([^"]*)"', options
        )
        found[name] = [chosen[1] if chosen else ""]
    for name, text in re.findall(
        r'<textarea[^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', form, re.DOTALL
    ):
        found[name] = [text]
    return found


def test_a_profile_works_as_soon_as_it_is_switched_on(
    app: App, owner: FlaskClient, lampa: Merchant
) -> None:
    first = owner.get(page(lampa)).text
    assert "Bonuses are switched off" in first
    assert first.count("No rule yet") == 12
    assert owner.post(page(lampa, "switch"), data={"profile": "birthday"}).status_code == 303
    rule = only(app, lampa, ProfileRule)
    assert (rule.profile, rule.state) == ("birthday", "published")
    assert "Give 300.00 bonuses on a birthday" in owner.get(page(lampa)).text
    owner.post(page(lampa, "switch"), data={"profile": "birthday"})
    assert only(app, lampa, ProfileRule).state == "paused"
    assert owner.post(page(lampa, "switch"), data={"profile": "none"}).status_code == 404


def test_a_russian_owner_reads_what_is_on_in_russian(owner: FlaskClient, lampa: Merchant) -> None:
    owner.post("/preferences/language", data={"locale": "ru"})
    here, said = page(lampa, "switch"), {"profile": "achievement"}
    on = owner.post(here, data=said, follow_redirects=True).text
    assert "Достижение клиента: включено." in on
    assert "достижение: число заказов и достигнутое число не меньше 10" in on
    listed = owner.get(page(lampa, "all")).text
    assert "Опубликовано" in listed
    assert "Published" not in listed
    off = owner.post(here, data=said, follow_redirects=True).text
    assert "Достижение клиента: выключено, правила не действуют." in off
    assert "Приостановлено" in owner.get(page(lampa, "all")).text


def test_rows_come_and_go_by_post_and_nothing_is_kept_before_save(
    app: App, owner: FlaskClient, lampa: Merchant
) -> None:
    here = page(lampa, "new?profile=order")
    said = {**BASE, "c.kind": "group", "c.mode": "all", "c.new": "order.total", "act": "row:c"}
    answer = owner.post(here, data=said)
    assert answer.status_code == 200
    assert 'name="c.0.value"' in answer.text
    again = {
        **fields(answer.text),
        "c.0.value": ["3000"],
        "act": ["effect"],
        "new_effect": ["earn.fixed"],
    }
    answer = owner.post(here, data=again)
    assert 'name="e.0.points"' in answer.text
    assert 'value="3000"' in answer.text
    with app.app_context(), lampa.scope():
        assert db.session.scalar(select(ProfileRule.id)) is None
    refused = owner.post(here, data={**fields(answer.text), "act": ["save"]})
    assert refused.status_code == 422
    assert "bonuses" in refused.text or "missing" in refused.text
    whole = {**fields(refused.text), "e.0.points": ["50"], "act": ["publish"]}
    assert owner.post(here, data=whole).status_code == 303
    version = only(app, lampa, RuleVersion)
    assert version.body["when"] == {"all": [{"fact": "order.total", "op": "gte", "value": 300000}]}
    assert version.body["effects"] == [{"do": "earn.fixed", "points": 5000}]
    dropped = owner.post(here, data={**whole, "act": ["drop:c.0"]})
    assert 'name="c.0.value"' not in dropped.text


def test_the_example_opened_and_saved_stays_the_same(
    app: App, owner: FlaskClient, lampa: Merchant
) -> None:
    rule = kept(app, lampa)
    html = owner.get(page(lampa, f"rule/{rule}/edit")).text
    answer = owner.post(page(lampa, f"rule/{rule}/edit"), data={**fields(html), "act": ["save"]})
    assert answer.status_code == 303, answer.text
    assert parse(only(app, lampa, ProfileRule).draft) == parse(EXAMPLE)


def test_what_can_never_be_so_is_told_at_its_place(
    app: App, owner: FlaskClient, lampa: Merchant
) -> None:
    total = {
        "c.0.kind": "row",
        "c.0.fact": "order.total",
        "c.0.op": "between",
        "c.0.value": "200 – 100",
    }
    effect = {"e.0.do": "earn.fixed", "e.0.points": "5"}
    said = {**BASE, "c.kind": "group", "c.mode": "all", **total, **effect, "act": "publish"}
    answer = owner.post(page(lampa, "new?profile=order"), data=said)
    assert answer.status_code == 422
    assert "exclude one another" in answer.text
    assert (
        owner.post(page(lampa, "new?profile=order"), data={**said, "act": "save"}).status_code
        == 303
    )


def test_a_rule_is_published_rests_and_is_put_away(
    app: App, owner: FlaskClient, lampa: Merchant
) -> None:
    rule = kept(app, lampa)
    assert owner.post(page(lampa, f"rule/{rule}/pause")).status_code == 409
    assert owner.post(page(lampa, f"rule/{rule}/publish"), data={"since": ""}).status_code == 303
    assert "Fingerprint" in owner.get(page(lampa, f"rule/{rule}")).text
    assert (
        owner.post(page(lampa, f"rule/{rule}/publish"), data={"since": "soon"}).status_code == 422
    )
    for act, state in (("pause", "paused"), ("archive", "archived")):
        assert owner.post(page(lampa, f"rule/{rule}/{act}")).status_code == 303
        assert only(app, lampa, ProfileRule).state == state


def test_a_rule_is_tried_on_an_event_made_by_hand(
    app: App, owner: FlaskClient, lampa: Merchant
) -> None:
    here = page(lampa, f"rule/{kept(app, lampa)}/try")
    said = {
        "try": "1",
        "g0.line.amount": "4000",
        "g0.line.has_promo_price": "no",
        "f.member.rank": "gold",
        "f.order.is_first": "yes",
        "f.order.has_coupon": "no",
        "levels": "2",
    }
    answer = owner.get(here, query_string=said)
    assert answer.status_code == 200
    assert "50.00" in answer.text
    assert "cut by a limit" in answer.text
    assert "Referrer, level 2" in answer.text
    unknown = owner.get(here, query_string={**said, "f.order.has_coupon": ""})
    assert "The rule is not met" in unknown.text
    assert "no data" in unknown.text
    assert owner.get(here, query_string={**said, "g0.line.amount": "much"}).status_code == 422
    assert owner.get(here, query_string={"order": "none"}).status_code == 422


def test_levels_of_a_chain_are_rows_with_conditions_of_their_own(
    app: App, owner: FlaskClient, lampa: Merchant
) -> None:
    here = page(lampa, "new?profile=order")
    chain = {"c.kind": "group", "c.mode": "all", "act": "effect", "new_effect": "chain.pay"}
    html = owner.post(here, data={**BASE, **chain}).text
    assert fields(html)["e.0.levels.0.value"] == [""], "the first level stands there"
    for act in ("level:e.0", "level:e.0"):
        html = owner.post(here, data={**fields(html), "act": [act]}).text
    more = {"e.0.levels.1.when.new": ["upline.orders_count"], "act": ["row:e.0.levels.1.when"]}
    html = owner.post(here, data={**fields(html), **more}).text
    said = {
        **fields(html),
        "e.0.levels.0.value": ["2"],
        "e.0.levels.1.value": ["50"],
        "e.0.levels.1.of": ["points"],
        "e.0.levels.1.when.0.value": ["3"],
        "e.0.levels.2.value": ["much"],
    }
    refused = owner.post(here, data={**said, "act": ["save"]})
    assert refused.status_code == 422
    assert 'id="e.0.levels.2-error"' in refused.text
    gone = owner.post(here, data={**said, "act": ["drop:e.0.levels.2"]}).text
    assert "e.0.levels.2.value" not in gone
    answer = owner.post(here, data={**fields(gone), "act": ["publish"]})
    assert answer.status_code == 303, answer.text
    when = {"fact": "upline.orders_count", "op": "gte", "value": 3}
    [effect] = only(app, lampa, RuleVersion).body["effects"]
    assert effect["levels"] == ["2%", {"points": 5000, "when": {"all": [when]}}] or effect[
        "levels"
    ] == ["2%", {"points": 5000, "when": when}]
    rule = only(app, lampa, ProfileRule).public_id
    shown = fields(owner.get(page(lampa, f"rule/{rule}/edit")).text)
    assert shown["e.0.levels.1.value"] == ["50.00"]
    assert shown["e.0.levels.1.when.0.value"] == ["3"]
    owner.post(page(lampa, f"rule/{rule}/edit"), data={**shown, "act": ["save"]})
    assert parse(only(app, lampa, ProfileRule).draft) == parse(only(app, lampa, RuleVersion).body)


def test_what_a_rule_names_must_be_there_before_it_is_published(
    app: App, owner: FlaskClient, lampa: Merchant
) -> None:
    said = {
        **BASE,
        "c.kind": "group",
        "c.mode": "all",
        "e.0.do": "earn.percent",
        "e.0.rate": "5",
        "e.0.lines.kind": "group",
        "e.0.lines.mode": "all",
        "e.0.lines.0.kind": "row",
        "e.0.lines.0.op": "in",
        "e.0.lines.0.fact": "line.product",
        "e.0.lines.0.value": "lamp-1, LAMP-2",
    }
    here = page(lampa, "new?profile=order")
    refused = owner.post(here, data={**said, "act": "publish"})
    assert refused.status_code == 422
    assert 'id="e.0.lines.0-error"' in refused.text
    assert "no product with the id lamp-1" in refused.text
    kept = owner.post(here, data={**said, "act": "save"})
    assert kept.status_code == 303, "a draft may name what is yet to come"
    assert "no product with the id LAMP-2" in owner.get(kept.location).text
    assert owner.post(f"{kept.location}/publish").status_code == 422
    for number in ("lamp-1", "lamp-2"):
        body = {"name": "A lamp", "price": "100.00"}
        answer = owner.put(f"/api/v1/products/{number}", json=body, headers=lampa.bearer)
        assert answer.status_code in {200, 201}, answer.text
    assert owner.post(f"{kept.location}/publish").status_code == 303


def test_what_it_costs_at_most_stands_beside_the_button(
    app: App, owner: FlaskClient, lampa: Merchant
) -> None:
    html = owner.get(page(lampa, f"rule/{kept(app, lampa)}")).text
    worst = html[html.index('id="worst"') : html.index("</dl>", html.index('id="worst"'))]
    assert "9% of the order" in worst, "5% for the customer, and 2% + 1% + 1% up the chain"
    assert worst.count("unbounded") == 2


def test_another_merchants_rule_is_nobodys(app: App, client: FlaskClient, world: World) -> None:
    rule = kept(app, world.kniga)
    sign_in(client, world.lampa.staff["owner"])
    for path in ("", "/edit", "/try"):
        assert client.get(page(world.lampa, f"rule/{rule}{path}")).status_code == 404
    for act in ("edit", "publish", "pause", "archive"):
        assert client.post(page(world.lampa, f"rule/{rule}/{act}")).status_code == 404


def test_who_only_reads_changes_nothing(client: FlaskClient, app: App, lampa: Merchant) -> None:
    rule = kept(app, lampa)
    sign_in(client, lampa.staff["support"])
    assert client.get(page(lampa, f"rule/{rule}")).status_code == 200
    assert client.post(page(lampa, f"rule/{rule}/publish")).status_code == 403
    assert client.get(page(lampa, "new?profile=order")).status_code == 403


ORDER = {
    "number": "A-1001",
    "status": "paid",
    "currency": "RUB",
    "created_at": "2026-11-22T09:58:00+03:00",
    "customer": {"id": "77", "email": "gleb@example.org"},
    "lines": [
        {"id": "1", "product": "lamp-1", "quantity": "2", "price": "1000.00", "discount": "100.00"}
    ],
}


def test_why_an_order_earned_and_why_nothing(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    silver = {"fact": "member.rank", "op": "in", "value": ["silver"]}
    with app.app_context():
        with lampa.scope():
            begin()
            define_rank("Silver")
            rule = draft("Silver", {"schema": 1, "trigger": "order.paid", "when": silver,
                                    "effects": [{"do": "earn.fixed", "points": 100}]})  # fmt: skip
            publish(rule)
        db.session.commit()
    now = clock.now().isoformat()
    for number, changes in (("A1", {}), ("A2", {"number": "A-1002", "created_at": now})):
        body = {**ORDER, **changes}
        answer = client.put(f"/api/v1/orders/{number}", json=body, headers=lampa.bearer)
        assert answer.status_code == 200, answer.text
    sign_in(client, lampa.staff["support"])
    first = client.get(page(lampa, "why"), query_string={"order": "A-1001"}).text
    assert "2% of an order" in first
    assert "38.00" in first
    assert "1,900.00" in first, "what it was counted from"
    assert "Silver" not in first, "it was published later"
    second = client.get(page(lampa, "why"), query_string={"order": "A-1002"}).text
    assert "customer&#39;s rank is Silver · it is: none" in second
    assert client.get(page(lampa, "why"), query_string={"order": "no"}).status_code == 422


def test_more_rules_than_fit_are_listed_page_by_page(
    app: App, owner: FlaskClient, lampa: Merchant
) -> None:
    gift = {"schema": 1, "trigger": "order.paid", "effects": [{"do": "earn.fixed", "points": 100}]}
    with app.app_context(), lampa.scope():
        for number in range(230):
            made = draft(f"Rule {number:03}", gift)
        publish(made)
        db.session.commit()
    first = owner.get(page(lampa)).text
    assert first.count("Give 1.00 bonuses") == 5, "the page of profiles shows some of each"
    assert "Rule 229" in first, "what holds before what is drafted"
    assert "225 more rules" in first
    listed = owner.get(page(lampa, "all?profile=order&size=100")).text
    assert "Rule 229" in listed
    assert "230 lines" in listed
    assert "Rule 229" in owner.get(page(lampa, "all?state=published")).text
    assert "Rule 229" not in owner.get(page(lampa, "all?state=archived")).text
    owner.post(page(lampa, "switch"), data={"profile": "order"})
    with app.app_context(), lampa.scope():
        states = db.session.scalars(select(ProfileRule.state).distinct().order_by("state")).all()
    assert states == ["draft", "paused"], "switching off reaches the last of them"
