"""Rules give customers coupons of their own: once for an event, off with a cancelled order while unused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import clock
from app.coupons import queries
from app.coupons.models import Coupon, CouponIssue
from app.coupons.service import make_kind
from app.errors import DomainError
from app.events.models import Event
from app.extensions import db
from app.profiles import service as profiles
from tests.earnings.test_orders import ORDER
from tests.wordings.test_messages import meet, sent
from tests.world import sign_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from app.application import App
    from tests.harness.mailbox import Mailbox
    from tests.world import Merchant

PLAIN = {name: said for name, said in ORDER.items() if name != "bonus"}
WORDS = {"name": "Thanks", "amount": "10%", "words": "", "pattern": "GIFT-*********", "days": "30"}


def do(app: App, shop: Merchant, act: Callable[[], Any]) -> Any:
    with app.app_context(), shop.scope():
        found = act()
        db.session.commit()
    return found


@pytest.fixture
def shop(app: App, client: FlaskClient, lampa: Merchant) -> Merchant:
    """Lampa with bonuses, and a rule that thanks for a paid order with a coupon and a letter."""
    client.patch("/api/v1/merchant", json={"loyalty": True}, headers=lampa.bearer)
    meet(client, lampa)

    def publish() -> None:
        profiles.switch("order", on=False)
        kind = make_kind("Thanks", "10%", "GIFT-*********", 30).public_id
        effects = [
            {"do": "coupon.issue", "coupon": kind},
            {"do": "notify", "channel": "email", "message": "coupon"},
        ]
        body = {"schema": 1, "profile": "order", "trigger": "order.paid", "effects": effects}
        profiles.publish(profiles.draft("Thanks", body))

    do(app, lampa, publish)
    return lampa


def put(client: FlaskClient, shop: Merchant, number: str = "C1", **said: Any) -> None:
    body = {**PLAIN, "created_at": clock.now().isoformat(), **said}
    answer = client.put(f"/api/v1/orders/{number}", json=body, headers=shop.bearer)
    assert answer.status_code == 200, answer.text


def coupons(app: App, shop: Merchant) -> list[tuple[str, bool]]:
    """Return (code, whether it is off) of what was given."""
    query = (
        select(Coupon.display, CouponIssue.off_at)
        .join(CouponIssue, CouponIssue.coupon_id == Coupon.id)
        .order_by(CouponIssue.id)
    )
    return [
        (code, off is not None)
        for code, off in do(app, shop, lambda: db.session.execute(query).all())
    ]


def happened(app: App, shop: Merchant, kind: str) -> list[str]:
    query = select(Event.facts).where(Event.type == kind).order_by(Event.id)
    return [facts["code"] for facts in do(app, shop, lambda: db.session.scalars(query).all())]


def test_a_paid_order_gives_one_coupon_and_the_letter_names_it(
    app: App, client: FlaskClient, shop: Merchant, mailbox: Mailbox
) -> None:
    put(client, shop)
    put(client, shop)
    [(code, off)] = coupons(app, shop)
    assert code.startswith("GIFT-")
    assert not off
    assert happened(app, shop, "coupon.issued") == [code]
    assert [each.state for each in sent(app, shop)] == ["sent"]
    [letter] = mailbox.to("gleb@example.org")
    plain = letter.get_body(("plain",)).get_content()
    assert f"A coupon for you: {code}." in plain


def test_a_cancelled_order_switches_its_coupon_off_and_gives_no_second_one_when_it_returns(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    put(client, shop)
    put(client, shop, status="cancelled", version=4)
    [(code, off)] = coupons(app, shop)
    assert off
    assert happened(app, shop, "coupon.switched_off") == [code]
    put(client, shop, version=5)
    assert coupons(app, shop) == [(code, True)]


def test_a_coupon_that_was_used_stays(app: App, client: FlaskClient, shop: Merchant) -> None:
    put(client, shop)
    [(code, _off)] = coupons(app, shop)
    put(client, shop, "C2", coupons=[code.lower()], status="new")
    put(client, shop, status="cancelled", version=4)
    assert (code, False) in coupons(app, shop)
    assert happened(app, shop, "coupon.switched_off") == []


def test_a_coupon_that_is_not_there_cannot_be_given(app: App, shop: Merchant) -> None:
    body = {"schema": 1, "profile": "order", "trigger": "order.paid"}
    effects = [{"do": "coupon.issue", "coupon": "ck_nothing"}]

    def publish() -> None:
        profiles.publish(profiles.draft("None", {**body, "effects": effects}))

    with pytest.raises(DomainError) as refused:
        do(app, shop, publish)
    assert [each.field for each in refused.value.errors] == ["effects.0.coupon"]


def test_the_office_defines_coupons_that_the_constructor_offers(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    sign_in(client, lampa.staff["owner"])
    page = lampa.office("coupons/kinds")
    for wrong in ({"name": ""}, {"amount": ""}, {"pattern": "SAME"}, {"days": "0"}):
        assert client.post(page, data=WORDS | wrong).status_code == 422, wrong
    assert client.post(page, data=WORDS).status_code == 303
    [kind] = do(app, lampa, lambda: [each.public_id for each in queries.kinds()])
    shown = client.get(page).text
    assert "Thanks" in shown
    assert "10% off" in shown
    card = {"trigger": "order.paid", "act": "effect", "new_effect": "coupon.issue"}
    offered = client.post(lampa.office("bonus-rules/new?profile=order"), data=card).text
    assert f'<option value="{kind}">Thanks</option>' in offered
    assert client.post(f"{page}/{kind}/archive").status_code == 303
    assert do(app, lampa, queries.kinds) == []
    assert client.post(f"{page}/ck_nothing/archive").status_code == 404


def test_a_rule_keeps_its_coupon_from_being_put_away(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    sign_in(client, shop.staff["owner"])
    [kind] = do(app, shop, lambda: [each.public_id for each in queries.kinds()])
    client.post(shop.office(f"coupons/kinds/{kind}/archive"))
    assert len(do(app, shop, queries.kinds)) == 1
