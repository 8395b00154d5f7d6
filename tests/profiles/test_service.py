"""Rules are drafted, published from a moment, rest, and say what orders are due: on the real database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DatabaseError

from app import clock
from app.catalog.service import put_category, put_product
from app.errors import Conflict, DomainError
from app.events.models import Event
from app.extensions import db
from app.members.models import Member
from app.orders import service as orders
from app.orders.rules import Customer, Line, Refund
from app.profiles import queries, service
from app.profiles.models import ProfileRule, RuleVersion
from app.profiles.rules import PROFILES, Run, evaluate, rule_hash, settle
from app.profiles.rules.due import Earning
from app.tenants import queries as tenants
from tests.intake.scene import FOUNDED, NOON, Scene, at_lampa, order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.profiles.rules.due import Due

TWO = {"do": "earn.percent", "rate": "2%"}


@pytest.fixture
def scene(db_session: object) -> Iterator[Scene]:
    with at_lampa() as found:
        yield found


def body(*effects: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"schema": 1, "trigger": "order.paid", "effects": list(effects), **more}


def made(*effects: dict[str, Any], **more: Any) -> ProfileRule:
    with clock.moved_to(FOUNDED):
        rule = service.draft("A rule", body(*effects, **more))
        service.publish(rule)
    return rule


def due(scene: Scene, **program: Any) -> list[Due]:
    merchant = tenants.tenant(scene.tenant_id)
    assert merchant is not None
    members = set(db.session.scalars(select(Member.id)))
    own = orders.of_members(members)
    return list(service.due_of_orders(merchant, own, Earning(**program)))


def amounts(found: list[Due]) -> list[int]:
    return [each.amount for each in found]


def say(scene: Scene, number: str = "A1", status: str = "paid", **said: Any) -> None:
    at = said.get("created_at", NOON)
    with clock.moved_to(at + timedelta(minutes=5)):
        scene.say(number, order(status, **said))


def test_a_draft_is_kept_with_all_its_problems_told(scene: Scene) -> None:
    rule = service.draft("First", body())
    assert (rule.state, rule.profile) == ("draft", "order")
    with pytest.raises(DomainError) as caught:
        service.publish(rule)
    assert [each.field for each in caught.value.errors] == ["effects"]
    with pytest.raises(DomainError) as caught:
        service.draft("", {"schema": 1, "trigger": "order.paid", "effects": [{"do": "x"}], "y": 1})
    assert {each.field for each in caught.value.errors} == {"effects.0.do", "y"}


def test_a_published_version_never_changes(scene: Scene) -> None:
    rule = made(TWO)
    version = db.session.scalars(select(RuleVersion)).one()
    assert version.hash == rule_hash(version.body)
    for statement in (
        update(RuleVersion).values(hash="x"),
        delete(RuleVersion).where(RuleVersion.id == version.id),
    ):
        with pytest.raises(DatabaseError), db.session.begin_nested():
            db.session.execute(statement)
    assert service.publish(rule).number == 1, "the same draft is no new version"
    service.draft("A rule", body({**TWO, "rate": "3%"}), rule)
    assert service.publish(rule).number == 2


def test_orders_keep_the_rules_of_their_time(scene: Scene) -> None:
    rule = made(TWO)
    say(scene, "A1")
    with clock.moved_to(NOON + timedelta(days=1)):
        service.draft("A rule", body({**TWO, "rate": "4%"}), rule)
        service.publish(rule)
    say(scene, "A2", created_at=NOON + timedelta(days=2), updated_at=NOON + timedelta(days=2))
    with clock.moved_to(NOON + timedelta(days=3)):
        service.pause(rule)
    later = NOON + timedelta(days=4)
    say(scene, "A3", created_at=later, updated_at=later)
    assert amounts(due(scene)) == [3_800, 7_600]


def test_a_rule_published_from_a_later_moment_waits_for_it(scene: Scene) -> None:
    with clock.moved_to(FOUNDED):
        rule = service.draft("Later", body(TWO))
        service.publish(rule, NOON + timedelta(days=1))
    say(scene, "A1")
    at = NOON + timedelta(days=1, minutes=1)
    say(scene, "A2", created_at=at, updated_at=at)
    assert [each.amount for each in due(scene)] == [3_800]


def test_a_new_program_gives_two_percent_of_what_was_paid(scene: Scene) -> None:
    """The interface's own example: 1900.00, of it 200.00 in bonuses, earns 34.00, at once and for good."""
    with clock.moved_to(NOON):
        service.begin()
        service.begin()
    assert [rule.preset for rule in queries.all_rules()] == ["order"]
    earlier = NOON - timedelta(days=5)
    say(scene, "A1", bonus_spend=20_000, created_at=earlier, updated_at=NOON)
    [found] = due(scene)
    assert (found.amount, found.activates_at, found.expires_at) == (3_400, None, None)
    with clock.moved_to(NOON):
        service.switch("order", on=False)
        service.begin()
    assert [rule.state for rule in queries.all_rules()] == ["paused"], "off stays off"


def test_refunds_cancelling_and_reviving(scene: Scene) -> None:
    made(TWO)
    say(scene, "A1")
    assert amounts(due(scene)) == [3_800]
    say(scene, "A1", minutes=1, refunds=(Refund(id="r1", amount=95_000),))
    assert [(each.full, each.amount) for each in due(scene)] == [(3_800, 1_900)]
    say(scene, "A1", "cancelled", minutes=2)
    assert due(scene) == []
    say(scene, "A1", "completed", minutes=3)
    assert amounts(due(scene)) == [3_800]


def test_an_order_nobody_brought_has_no_chain_and_one_brought_has_those_with_an_account(
    scene: Scene,
) -> None:
    made({"do": "chain.pay", "levels": ["2%", "1%", "0.5%"], "compress": True})
    say(scene, "A1", partner_code="VERA10")
    assert due(scene) == [], "partners who are no customers have no account of bonuses"
    boris = replace(order(), customer=Customer(id="boris", name="Boris"))
    with clock.moved_to(NOON + timedelta(minutes=5)):
        scene.say("B1", boris)
        member = db.session.scalars(select(Member).where(Member.key == "id:boris")).one()
        scene.boris.member_id = member.id
        db.session.flush()
    say(scene, "A2", partner_code="VERA10", created_at=NOON + timedelta(hours=2), minutes=130)
    found = [each for each in due(scene) if each.to.who == "referrer"]
    assert {each.to.id for each in found} == {member.id}
    assert {each.to.level for each in found} == {1}


def test_facts_of_goods_come_from_the_order_and_the_catalogue(scene: Scene) -> None:
    with clock.moved_to(FOUNDED):
        put_category(scene.shop_id, "light", name="Light")
        put_category(scene.shop_id, "lamps", name="Lamps", parent="light")
        put_product(scene.shop_id, "lamp-1", name="Lamp", category="lamps")
    light = {"fact": "line.category", "op": "any_in", "value": ["light"]}
    made({**TWO, "lines": light})
    line = Line(id="2", product="book-1", quantity=Decimal(1), price=50_000)
    say(scene, "A1", lines=(*order().lines, line))
    assert amounts(due(scene)) == [3_800]


def test_facts_of_the_customer_count_his_earlier_orders(scene: Scene) -> None:
    made(
        {"do": "earn.fixed", "points": 500},
        when={
            "all": [
                {"fact": "order.is_first", "op": "is", "value": False},
                {"fact": "member.orders_count", "days": 30, "op": "gte", "value": 1},
                {"fact": "time.weekday", "op": "in", "value": [6]},
            ]
        },
    )
    say(scene, "A1")  # Thursday, 1 October 2026
    saturday = NOON + timedelta(days=2)
    say(scene, "A2", created_at=saturday, updated_at=saturday)
    much_later = NOON + timedelta(days=51)  # a Saturday as well
    say(scene, "A3", created_at=much_later, updated_at=much_later)
    found = due(scene)
    assert len(found) == 1
    assert found[0].order_id == orders.find(scene.shop_id, "A2").id


def test_switching_profiles_on_and_off(scene: Scene) -> None:
    for key in PROFILES:
        [rule] = service.switch(key, on=True)
        assert (rule.profile, rule.state) == (key, "published")
        assert service.switch(key, on=True) == [], "it is on"
        assert service.switch(key, on=False) == [rule]
        assert service.switch(key, on=True) == [rule], "its own rule goes on, no second one"
    assert len(queries.all_rules()) == 12


def test_archived_rules_are_gone_for_good(scene: Scene) -> None:
    rule = made(TWO)
    service.archive(rule)
    assert queries.all_rules() == []
    for act in (
        lambda: service.publish(rule),
        lambda: service.archive(rule),
        lambda: service.draft("x", body(TWO), rule),
    ):
        with pytest.raises(Conflict):
            act()


def test_what_is_done_to_a_rule_is_told(scene: Scene) -> None:
    rule = made(TWO)
    service.pause(rule)
    service.archive(rule)
    told = db.session.scalars(
        select(Event.type).where(Event.type.startswith("bonus_rule.")).order_by(Event.id)
    ).all()
    assert told == [
        "bonus_rule.created",
        "bonus_rule.published",
        "bonus_rule.paused",
        "bonus_rule.archived",
    ]


def test_looks_are_kept_for_half_a_year(scene: Scene) -> None:
    rule = made(TWO)
    [[held]], _windows = queries.published_at([NOON])
    say(scene, "A1")
    merchant = tenants.tenant(scene.tenant_id)
    assert merchant is not None
    [seen] = queries.seen_of(merchant, [orders.find(scene.shop_id, "A1")])
    run = Run(rule.id, held.rule, evaluate(held.rule, seen.facts))
    with clock.moved_to(NOON):
        for _ in range(2):
            service.keep("order:1", [held], [run], settle([run]), order_id=seen.order_id)
    [kept] = queries.evaluations(rule.id)
    assert (kept.matched, kept.version_id) == (True, rule.version_id)
    assert kept.effects[0]["amount"] == 3_800
    with clock.moved_to(NOON + timedelta(days=180)):
        service.forget()
        assert len(queries.evaluations(rule.id)) == 1
    with clock.moved_to(NOON + timedelta(days=181)):
        service.forget()
        assert queries.evaluations(rule.id) == []
