"""First-order coupons: given once a customer, from a pattern or a pool, and what an order with one is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from app import clock
from app.attribution.queries import bound_to
from app.attribution.rules import Kind
from app.commissions.queries import DealView
from app.coupons import queries, service
from app.coupons.models import Coupon, CouponGrant
from app.coupons.rules import Entry, Offer
from app.errors import Conflict, DomainError
from app.events.models import Event
from app.extensions import db
from app.intake import service as intake
from app.members.service import Contact
from app.orders.rules import Customer
from app.orders.service import find
from app.tenants.service import change_settings
from tests.intake.scene import FOUNDED, NOON, Scene, at_lampa, order


@pytest.fixture
def scene(db_session: Any) -> Iterator[Scene]:
    with at_lampa() as found, clock.moved_to(NOON):
        yield found


def offer(**said: Any) -> None:
    fields: dict[str, Any] = {"on": True, "value": "10%"} | said
    service.set_offer(Offer(**fields))


def register(
    scene: Scene, email: str, code: str | None = "VERA10", customer_id: str | None = None
) -> int:
    contact = Contact(scene.shop_id, customer_id, email, None, None, None, clock.now())
    evidence = [(Kind.PARTNER_CODE, code)] if code else []
    return intake.introduce(contact, evidence, "registered")


def coupon_of(member_id: int) -> str | None:
    given = queries.given_to(member_id)
    return given.code if given else None


def told(kind: str) -> list[dict[str, Any]]:
    db.session.flush()
    rows = db.session.scalars(select(Event).where(Event.type == kind).order_by(Event.id))
    return [event.facts for event in rows]


def bought(scene: Scene, name: str, email: str, *coupons: str, **more: Any) -> DealView:
    said = order(customer=Customer(email=email), coupons=coupons, **more)
    return scene.say(name, said)


def test_a_new_customer_of_a_partner_gets_one_and_never_another(scene: Scene) -> None:
    offer()
    gleb = register(scene, "gleb@example.org")
    first = coupon_of(gleb)
    assert first is not None
    assert first.startswith("FIRST-")
    register(scene, "gleb@example.org", "ANNA10")
    same = register(scene, "gleb@example.org", customer_id="77")
    assert coupon_of(same) == first, "the guest who got it is he"
    assert len(db.session.scalars(select(CouponGrant)).all()) == 1
    [event] = told("coupon.given")
    assert (event["code"], event["value"], event["to_be_made"]) == (first, "10%", True)
    assert event["customer"] == "email:gleb@example.org"


@pytest.mark.parametrize("why", ["no offer", "no partner", "ordered before", "own code"])
def test_nobody_gets_one_who_is_no_new_customer_of_a_partner(scene: Scene, why: str) -> None:
    offer(on=why != "no offer")
    email = "anna@" if why == "own code" else "gleb@example.org"
    if why == "own code":
        email = scene.anna.email or ""
    if why == "ordered before":
        bought(scene, "A0", email, created_at=FOUNDED)
    code = {"no partner": None, "own code": "ANNA10"}.get(why, "VERA10")
    assert coupon_of(register(scene, email, code)) is None
    assert not told("coupon.given")


def test_an_order_with_the_coupon_is_the_partners_and_binds(scene: Scene) -> None:
    offer()
    code = coupon_of(register(scene, "gleb@example.org"))
    assert code is not None
    other = bought(scene, "A1", "dina@example.org", code.lower())
    assert other.partner is not None
    assert (other.partner.refcode, other.deal.how, other.deal.promo_code) == (
        "vera",
        "coupon",
        code,
    )
    bound = bound_to(find(scene.shop_id, "A1").member_id or 0)
    assert bound is not None
    assert (bound.refcode, bound.how) == ("vera", "coupon")


def test_coupons_of_cart_rules_are_a_partners_own_and_bind_whoever_uses_them(scene: Scene) -> None:
    done = service.fill([Entry(1, "10% SPRING!", "anna"), Entry(2, "FREE", None)], scene.shop_id)
    assert (done.added, done.assigned) == (2, 1)
    view = bought(scene, "A1", "dina@example.org", "SOMETHING", "10% spring!")
    assert view.partner is not None
    assert view.partner.refcode == "anna"
    later = scene.say("A2", order(customer=Customer(email="dina@example.org")))
    assert later.deal.how == "binding"
    free = bought(scene, "A3", "zoya@example.org", "FREE")
    assert free.partner is None, "a free one is nobody's yet"


def test_it_does_no_harm_where_foreign_coupons_earn_nothing_unless_so_set(scene: Scene) -> None:
    with clock.moved_to(FOUNDED):
        change_settings({"foreign_coupons": False})
    offer()
    code = coupon_of(register(scene, "gleb@example.org"))
    assert code is not None
    # Another partner wins by the code typed at the order; Gleb's own coupon is not foreign.
    won = bought(scene, "A1", "gleb@example.org", code, partner_code="ANNA10")
    assert (won.deal.reason, won.deal.commission) == (None, 19000)
    foreign = bought(scene, "A2", "dina@example.org", "SPRING", partner_code="ANNA10")
    assert foreign.deal.reason == "foreign_coupon"
    with clock.moved_to(FOUNDED):
        change_settings({"first_coupons": False})
    barred = bought(scene, "A3", "gleb@example.org", code, partner_code="ANNA10")
    assert barred.deal.reason == "foreign_coupon"


def test_the_pool_is_given_in_turn_and_staff_are_told_when_few_are_left(scene: Scene) -> None:
    offer(source="pool", low=1)
    service.fill([Entry(n, f"POOL-{n}") for n in (1, 2)], None)
    given = [coupon_of(register(scene, f"c{n}@example.org")) for n in range(3)]
    assert given == ["POOL-1", "POOL-2", None]
    assert [event["left"] for event in told("coupon.pool_low")] == [1, 0]
    assert queries.pool() == queries.Pool(free=0, owed=1)
    service.fill([Entry(1, "POOL-2"), Entry(2, "POOL-3"), Entry(3, "POOL-4")], None)
    last = db.session.scalars(select(CouponGrant).order_by(CouponGrant.id.desc())).first()
    assert last is not None
    assert coupon_of(last.member_id) == "POOL-3", "who waited gets his at once"
    assert queries.pool() == queries.Pool(free=1, owed=0)


def test_lines_that_cannot_be_taken_are_named_and_the_others_stay(scene: Scene) -> None:
    lines = [("GOOD",), ("good",), ("VERA10",), ("x" * 129,), ("OWN", "nobody")]
    entries = [Entry(n, *each) for n, each in enumerate(lines, start=1)]
    done = service.fill(entries, None)
    assert done.added == 1
    assert [e.number for e in done.known] == [2, 3]
    assert [e.number for e in done.unreadable] == [4]
    assert [e.number for e in done.strangers] == [5]
    again = service.fill(entries[:1], None)
    assert (again.added, len(again.known)) == (0, 1)
    with pytest.raises(DomainError, match="At most"):
        service.fill([Entry(n, f"X{n}") for n in range(10_001)], None)


def test_a_free_coupon_is_withdrawn_and_put_back_and_a_given_one_stays(scene: Scene) -> None:
    offer(source="pool")
    service.fill([Entry(1, "ONLY")], None)
    coupon = db.session.scalars(select(Coupon)).one()
    service.withdraw(coupon)
    gleb = register(scene, "gleb@example.org")
    assert coupon_of(gleb) is None
    service.withdraw(coupon, back=True)
    assert coupon_of(gleb) == "ONLY"
    with pytest.raises(Conflict):
        service.withdraw(coupon)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"value": " "}, "value"),
        ({"value": "x" * 201}, "value"),
        ({"pattern": "FIRST-##"}, "pattern"),
        ({"pattern": "ПЕРВЫЙ"}, "pattern"),
        ({"low": -1}, "low"),
    ],
)
def test_an_offer_that_cannot_stand_is_refused(
    scene: Scene, said: dict[str, Any], field: str
) -> None:
    with pytest.raises(DomainError) as refused:
        offer(**said)
    assert [error.field for error in refused.value.errors] == [field]
