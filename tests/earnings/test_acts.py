"""What rules do besides giving bonuses is done once, and taken back with its event, in any order."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import jobs
from app.errors import DomainError
from app.events.models import Event
from app.extensions import db
from app.members import queries as members
from app.members.rules import worn
from app.partners.models import Partner
from app.profiles import queries as rules
from app.profiles import service as profiles
from app.ranks import queries as ranks
from app.ranks import service as ladder
from app.webhooks import queries as webhooks
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
    return f"2099-01-10T{hour}:00+03:00"


NEW = {"created_at": at("10:00"), "updated_at": at("10:00")}


def earned(client: FlaskClient, shop: Merchant) -> str:
    told = client.get("/api/v1/members/77/bonuses", headers=shop.bearer).get_json()
    return str(told["available"])


def define(app: App, shop: Merchant, *names: str) -> None:
    with app.app_context(), shop.scope():
        for name in names:
            ladder.define_rank(name)
            ladder.define_award(name)
        db.session.commit()


def held(app: App, shop: Merchant) -> tuple[str | None, list[str]]:
    """Return the customer's rank and awards."""
    with app.app_context(), shop.scope():
        member = members.by_external(shop.shop_id, "77")
        assert member is not None
        rank = ranks.rank_of(member.id)
        return rank.name if rank else None, [each.name for each in ranks.borne(member.id)]


def pin(app: App, shop: Merchant, name: str, *, pinned: bool) -> None:
    with app.app_context(), shop.scope():
        member = members.by_external(shop.shop_id, "77")
        assert member is not None
        ladder.give_by_hand(member.id, ranks.rank_coded(name), pinned=pinned)
        db.session.commit()


def test_an_order_gives_a_rank_and_an_award_and_takes_both_back(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    define(app, shop, "Silver")
    rule(
        app, shop, "order.paid", {"do": "rank.set", "rank": "SILVER"},
        {"do": "award.grant", "award": "silver"},
    )  # fmt: skip
    with pytest.raises(DomainError):
        rule(app, shop, "order.paid", {"do": "rank.set", "rank": "unknown"})
    for _time in range(2):
        put(client, shop, "A", **NEW)
        put(client, shop, "B", **NEW)
        assert held(app, shop) == ("Silver", ["Silver"]), "one award, whatever the reasons"
    put(client, shop, "A", status="cancelled", version=4, **NEW)
    assert held(app, shop) == ("Silver", ["Silver"])
    put(client, shop, "B", status="cancelled", version=4, **NEW)
    assert held(app, shop) == (None, [])
    put(client, shop, "B", version=5, **NEW)
    assert held(app, shop) == ("Silver", ["Silver"])


def test_a_rank_changed_gives_once_a_rank_and_what_it_gave_goes_with_it(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    define(app, shop, "Silver", "Gold")
    silver = {"fact": "member.rank", "op": "in", "value": ["silver"]}
    rule(app, shop, "order.paid", {"do": "rank.set", "rank": "silver"})
    rule(
        app, shop, "rank.changed", {"do": "earn.fixed", "points": 700},
        {"do": "rank.set", "rank": "gold"}, when={"all": [silver]},
    )  # fmt: skip
    for _time in range(2):
        put(client, shop, "A", **NEW)
        assert earned(client, shop) == "7.00"
    assert held(app, shop)[0] is not None
    for _time in range(2):
        put(client, shop, "A", status="cancelled", version=4, **NEW)
        assert earned(client, shop) == "0.00"
        assert held(app, shop)[0] is None
    put(client, shop, "A", version=5, **NEW)
    assert earned(client, shop) == "7.00"


def test_a_pinned_rank_stays_whatever_rules_say(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    define(app, shop, "Silver", "Gold")
    rule(app, shop, "order.paid", {"do": "rank.set", "rank": "gold"})
    pin(app, shop, "silver", pinned=True)
    put(client, shop, "A", **NEW)
    assert held(app, shop)[0] == "Silver"
    gold = {"fact": "member.rank", "op": "in", "value": ["gold"]}
    rule(app, shop, "order.paid", {"do": "earn.fixed", "points": 900}, when={"all": [gold]})
    late = {"created_at": at("12:00"), "updated_at": at("12:00")}
    assert put(client, shop, "B", **late)["earn"] == "0.00"


def test_achievements_are_lost_with_the_order_and_reached_again(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    third = [
        {"fact": "metric.name", "op": "in", "value": ["orders"]},
        {"fact": "metric.value", "op": "gte", "value": 3},
    ]
    rule(
        app, shop, "metric.crossed", {"do": "earn.fixed", "points": 1_000},
        {"do": "tag.add", "tag": "third"}, when={"all": third},
    )  # fmt: skip
    for number in range(3):
        assert earned(client, shop) == "0.00"
        put(client, shop, f"T{number}", **NEW)
    for _time in range(2):
        put(client, shop, "T3", **NEW)
        assert earned(client, shop) == "10.00", "a level is reached once, though no limit says so"
        assert tags(app, shop) == ["third"]
    put(client, shop, "T3", status="cancelled", version=4, **NEW)
    assert earned(client, shop) == "10.00", "three are left"
    for times in range(3):
        for _time in range(2):
            put(client, shop, "T0", status="cancelled", version=10 + 2 * times, **NEW)
            assert (earned(client, shop), tags(app, shop)) == ("0.00", [])
        for _time in range(2):
            put(client, shop, "T0", version=11 + 2 * times, **NEW)
            assert (earned(client, shop), tags(app, shop)) == ("10.00", ["third"])
    client.patch("/api/v1/merchant", json={"loyalty": False}, headers=shop.bearer)
    put(client, shop, "T0", status="cancelled", version=30, **NEW)
    assert earned(client, shop) == "0.00", "taken back while loyalty is off"


def test_a_rule_of_today_finds_who_had_reached_its_level_with_the_next_order(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    for number in range(3):
        put(client, shop, f"T{number}", **NEW)
    second = {"fact": "metric.level", "op": "eq", "value": 2}
    for points in (100, 200):
        rule(
            app, shop, "metric.crossed", {"do": "earn.fixed", "points": points},
            when={"all": [second, {"fact": "metric.name", "op": "in", "value": ["orders"]}]},
        )  # fmt: skip
        put(client, shop, f"T{points}", **NEW)
        put(client, shop, f"U{points}", **NEW)
    assert earned(client, shop) == "3.00"


def test_a_referrer_loses_what_a_friends_cancelled_order_had_brought(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    client.post("/api/v1/partners", json={"refcode": "gleb", "name": "Gleb"}, headers=shop.bearer)
    with app.app_context(), shop.scope():
        member = members.by_external(shop.shop_id, "77")
        assert member is not None
        partner = db.session.scalars(select(Partner).where(Partner.refcode == "gleb")).one()
        partner.member_id = member.id
        db.session.commit()
    for name, op, level in (("active_referrals", "eq", 2), ("referrals_sum", "gt", 500_000)):
        named = {"fact": "metric.name", "op": "in", "value": [name]}
        what = "metric.sum" if name == "referrals_sum" else "metric.value"
        more = {"fact": what, "op": op, "value": level}
        gift = {"do": "earn.fixed", "points": 500}
        rule(app, shop, "referral.metric_crossed", gift, when={"all": [named, more]})
    found = []
    for n in range(3):
        card = CARD | {"ref": "gleb"}
        client.put(f"/api/v1/members/f{n}", json=card, headers=shop.bearer)
        put(client, shop, f"F{n}", customer={"id": f"f{n}"}, **NEW)
        found.append(earned(client, shop))
    assert found == ["0.00", "5.00", "10.00"], "two friends; more than 5,000"
    put(client, shop, "F2", customer={"id": "f2"}, status="cancelled", version=4, **NEW)
    assert earned(client, shop) == "5.00"
    put(client, shop, "F1", customer={"id": "f1"}, status="cancelled", version=4, **NEW)
    assert earned(client, shop) == "0.00"
    put(client, shop, "F1", customer={"id": "f1"}, version=5, **NEW)
    assert earned(client, shop) == "5.00"


def test_a_rule_tells_the_shops_server_once_an_order(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    rule(app, shop, "order.paid", {"do": "webhook", "event": "gift wrap"})
    for _time in range(2):
        put(client, shop, "A", **NEW)

    def told_of() -> list[dict[str, Any]]:
        fired = select(Event).where(Event.type == "bonus_rule.fired").order_by(Event.id)
        return webhooks.told(db.session.scalars(fired).all())

    with app.app_context():
        (one,) = jobs.in_transaction(told_of, shop.id)
    assert one["data"]["event"] == "gift wrap"
    assert one["data"]["order"]["id"] == "A"
    assert one["data"]["customer"]["id"] == ORDER["customer"]["id"]
    assert one["data"]["rule"].startswith("ru_")
