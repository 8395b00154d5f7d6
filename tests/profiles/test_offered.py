"""Every fact that the constructor offers is told by something: none can be forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import clock
from app.earnings import queries as earnings
from app.extensions import db
from app.intake import service as intake
from app.members import queries as members
from app.orders import service as orders
from app.partners.models import Partner
from app.profiles import queries
from app.profiles.rules import FACTS, TRIGGERS, parse
from app.profiles.rules.due import Published
from app.profiles.rules.facts import Fact, Kind, of_family, offered_at
from app.ranks import service as ladder
from tests.earnings.test_orders import ORDER

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from app.profiles.rules import Facts, Rule
    from tests.world import Merchant

OFFERED = list(TRIGGERS.values())
SAID_BY_OTHERS = frozenset({"withdrawal", "external"})  # families that come with the event itself
VALUES: dict[Kind, tuple[str, Any]] = {
    Kind.NUMBER: ("gte", 1),
    Kind.MONEY: ("gte", 1),
    Kind.CHOICE: ("in", ["x"]),
    Kind.SET: ("any_in", ["x"]),
    Kind.TEXT: ("eq", "x"),
    Kind.DATE: ("after", "2020-01-01"),
    Kind.BOOL: ("is", True),
}


def asking(fact: Fact, days: int | None) -> dict[str, Any]:
    op, value = VALUES[fact.kind]
    wanted = [fact.options[0][0]] if fact.options and op == "in" else value
    return {"fact": fact.key, "op": op, "value": wanted} | ({"days": days} if days else {})


def rule_of(trigger: str, facts: list[Fact]) -> Rule:
    """A rule that asks for facts, over all time and over 30 days."""
    leaves = [asking(each, None) for each in facts if each.family not in {"line", "upline"}]
    leaves += [asking(e, 30) for e in facts if e.windowed and e.family != "upline"]
    up = [asking(each, days) for each in of_family("upline") for days in (None, 30)
          if days is None or each.windowed]  # fmt: skip
    effect = {"do": "chain.pay", "levels": ["1%"], "when": {"all": up}}
    body = {"schema": 1, "trigger": trigger, "when": {"all": leaves}, "effects": [effect]}
    return parse(body)


@pytest.fixture
def shop(client: FlaskClient, lampa: Merchant, app: App) -> Merchant:
    """A customer with a rank, brought by a partner who is a customer; he has bought."""
    client.patch("/api/v1/merchant", json={"loyalty": True}, headers=lampa.bearer)
    client.put("/api/v1/members/anna", json={"name": "Anna", "group": "vip"}, headers=lampa.bearer)
    client.post("/api/v1/partners", json={"refcode": "anna", "name": "A"}, headers=lampa.bearer)
    with app.app_context(), lampa.scope():
        anna = members.by_external(lampa.shop_id, "anna")
        assert anna is not None
        partner = db.session.scalars(select(Partner).where(Partner.refcode == "anna")).one()
        partner.member_id = anna.id
        ladder.give_by_hand(anna.id, ladder.define_rank("Gold"), pinned=False)
        db.session.commit()
    card = {"name": "Gleb", "ref": "anna", "birthday": "1990-05-17"}
    client.put("/api/v1/members/77", json=card, headers=lampa.bearer)
    for number in ("A", "B"):
        at = clock.now().isoformat()
        said = {"bonus": None, "created_at": at, "updated_at": at}
        body = ORDER | said | {"customer": {"id": "77"}}
        assert (
            client.put(f"/api/v1/orders/{number}", json=body, headers=lampa.bearer).status_code
            == 200
        )
    return lampa


def facts_at(shop: Merchant, trigger: str, rule: Rule) -> Facts:
    member = members.by_external(shop.shop_id, "77")
    assert member is not None
    if TRIGGERS[trigger].of_order:
        seen = queries.seen_of(intake.tenant(), orders.of_members([member.id]), also=[rule])
        return seen[-1].facts
    return earnings.facts(member.id, trigger, clock.now(), {}, [published(rule)])


def published(rule: Rule) -> Any:
    return Published(1, 1, rule)


@pytest.mark.parametrize("trigger", OFFERED, ids=lambda each: each.key)
def test_whatever_is_offered_is_known(app: App, shop: Merchant, trigger: Any) -> None:
    asked = [f for f in offered_at(trigger) if f.family not in SAID_BY_OTHERS]
    with app.app_context(), shop.scope():
        facts = facts_at(shop, trigger.key, rule_of(trigger.key, asked))
    wanted = [each.key for each in asked] + [f"{e.key}@30" for e in asked if e.windowed]
    assert [key for key in wanted if key not in facts.said] == []
    assert facts.said["referral.referrer_rank"] == "gold"
    [above] = facts.chain
    told = {"upline.level", "upline.active"}  # the walk up the chain knows them
    up = {each.key for each in of_family("upline")} - told
    assert up <= above.said.keys()
    assert (above.said["upline.rank"], above.said["upline.group"]) == ("gold", "vip")
    for goods in facts.goods:
        assert {each.key for each in of_family("line")} <= goods.said.keys()


def test_what_nobody_tells_is_not_offered_and_nothing_else_is_left_out() -> None:
    offered = {each.key for trigger in TRIGGERS.values() for each in offered_at(trigger)}
    offered |= {each.key for family in ("line", "upline") for each in of_family(family)}
    assert FACTS.keys() - offered == {
        "order.payment_method", "order.delivery_method", "order.region", "line.tag",
        "time.event", "member.email_confirmed", "member.phone_confirmed", "member.consents",
    }  # fmt: skip


def test_friends_and_referrers_are_counted_up_to_the_moment(app: App, shop: Merchant) -> None:
    with app.app_context(), shop.scope():
        anna = members.by_external(shop.shop_id, "anna")
        assert anna is not None
        trigger = TRIGGERS["referral.metric_crossed"]
        rule = rule_of(trigger.key, [f for f in offered_at(trigger) if f.family == "referral"])
        facts = earnings.facts(anna.id, trigger.key, clock.now(), {}, [published(rule)]).said
    assert facts["referral.active_referrals"] == facts["referral.active_referrals@30"] == 1
    assert facts["referral.referrals_sum"] == 2 * 220_000
    assert facts["referral.has_referrer"] is False
