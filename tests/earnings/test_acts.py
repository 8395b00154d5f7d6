"""What rules do besides giving bonuses is done once, and taken back with its event, in any order."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest

from app.extensions import db
from app.members import queries as members
from app.members.rules import worn
from app.profiles import queries as rules
from app.profiles import service as profiles
from tests.earnings.test_orders import ORDER

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

CARD = {"name": "Gleb", "registered_at": "2026-01-01T00:00:00Z"}


@pytest.fixture
def shop(app: App, client: FlaskClient, lampa: Merchant) -> Merchant:
    """Lampa with bonuses on and no rule yet; the customer 77."""
    client.patch("/api/v1/merchant", json={"loyalty": True}, headers=lampa.bearer)
    with app.app_context(), lampa.scope():
        for each in rules.all_rules():
            profiles.switch(each.profile, on=False)
        db.session.commit()
    client.put("/api/v1/members/77", json=CARD, headers=lampa.bearer)
    return lampa


def rule(
    app: App, shop: Merchant, trigger: str, *effects: dict[str, Any], when: Any = None
) -> None:
    """Publish a rule that held ever since."""
    body: dict[str, Any] = {"schema": 1, "trigger": trigger, "effects": list(effects)}
    with app.app_context(), shop.scope():
        made = profiles.draft("Acts", body | ({"when": when} if when else {}))
        profiles.publish(made)
        db.session.commit()


def put(client: FlaskClient, shop: Merchant, number: str = "A1", **said: Any) -> Any:
    body = ORDER | {"bonus": None} | said
    answer = client.put(f"/api/v1/orders/{number}", json=body, headers=shop.bearer)
    assert answer.status_code == 200, answer.text
    return answer.get_json()["bonus"]


def tags(app: App, shop: Merchant, number: str = "77") -> list[str]:
    with app.app_context(), shop.scope():
        member = members.by_external(shop.shop_id, number)
        assert member is not None
        return [each.tag for each in worn(members.tags([member.id])[member.id])]


def test_an_event_puts_a_tag_on_once_and_takes_it_off_when_it_is_no_more(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    rule(app, shop, "review.published", {"do": "tag.add", "tag": "critic"})
    said = {"id": "v", "type": "review.published", "data": {"review": "9"}}
    for name in ("v", "v", "again"):
        client.post("/api/v1/members/77/events", json=said | {"id": name}, headers=shop.bearer)
    assert tags(app, shop) == ["critic"]
    gone = {"id": "w", "type": "review.removed", "data": {"review": "9"}}
    for name in ("w", "w2"):
        client.post("/api/v1/members/77/events", json=gone | {"id": name}, headers=shop.bearer)
    assert tags(app, shop) == []


def test_a_cancelled_order_takes_its_tag_back_and_gives_it_again(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    rule(app, shop, "order.paid", {"do": "tag.add", "tag": "buyer"})
    put(client, shop, status="new", version=1, **NEW)
    assert tags(app, shop) == []
    for _time in range(2):
        put(client, shop, version=2, **NEW)
        assert tags(app, shop) == ["buyer"]
    for _time in range(2):
        put(client, shop, status="cancelled", version=3, **NEW)
        assert tags(app, shop) == []
    put(client, shop, version=4, **NEW)
    assert tags(app, shop) == ["buyer"]


def test_messages_of_an_order_end_the_same_in_any_order(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    rule(app, shop, "order.paid", {"do": "tag.add", "tag": "buyer"})
    story = [("new", 1), ("paid", 2), ("cancelled", 3)]
    for number, told in enumerate(permutations(story)):
        for status, version in (*told, *told):
            put(client, shop, f"P{number}", status=status, version=version, **NEW)
        assert tags(app, shop) == [], told


def test_the_latest_word_about_a_tag_holds_and_later_orders_know_of_it(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    first = {"fact": "order.is_first", "op": "is", "value": True}
    new = {"fact": "member.tag", "op": "any_in", "value": ["NEW"]}
    rule(app, shop, "order.paid", {"do": "tag.add", "tag": "new"}, when={"all": [first]})
    rule(
        app, shop, "order.paid", {"do": "tag.remove", "tag": "New"}, {"do": "earn.fixed", "points": 500},
        when={"all": [new]},
    )  # fmt: skip
    later = {"created_at": at("11:00"), "updated_at": at("11:00"), "paid_at": at("11:00")}
    assert put(client, shop, "B", **later)["earn"] == "0.00", "it is the first that is known"
    assert tags(app, shop) == ["new"]
    put(client, shop, "A", **NEW)
    assert tags(app, shop) == [], "B came after A, and took off what A had put on"
    assert earned(client, shop) == "5.00"
    put(client, shop, "A", status="cancelled", version=9, **NEW)
    assert tags(app, shop) == ["new"], "now B is the first"
    assert earned(client, shop) == "0.00"


def test_while_loyalty_is_off_tags_are_taken_back_and_none_is_put_on(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    rule(app, shop, "order.paid", {"do": "tag.add", "tag": "buyer"})
    put(client, shop, "A", **NEW)
    client.patch("/api/v1/merchant", json={"loyalty": False}, headers=shop.bearer)
    put(client, shop, "A", status="cancelled", version=4, **NEW)
    assert tags(app, shop) == []
    put(client, shop, "A", version=5, **NEW)
    put(client, shop, "B", **NEW)
    assert tags(app, shop) == []


def at(hour: str) -> str:
    """Return an hour of tomorrow, when the rules already hold."""
    return f"2027-01-10T{hour}:00+03:00"


NEW = {"created_at": at("10:00"), "updated_at": at("10:00")}


def earned(client: FlaskClient, shop: Merchant) -> str:
    told = client.get("/api/v1/members/77/bonuses", headers=shop.bearer).get_json()
    return str(told["available"])
