"""Codes made coupons of the shop and stopped there, and partners put into the customer group of the program."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from app import clock
from app.codes import service as codes
from app.codes.rules import Conditions
from app.coupons import service as coupons
from app.coupons.models import Coupon
from app.coupons.rules import Offer
from app.coupons.service import Whom
from app.extensions import db
from app.intake.models import ShopErrand
from app.intake.shops import errands
from app.members.models import Member
from app.partners import queries as partners
from app.partners import service as partner_service
from app.partners.models import Code
from app.partners.service import NewPartner
from app.tenants.models import Connection
from app.tenants.service import change_settings
from tests.shops.scene import OURS

if TYPE_CHECKING:
    from typing import Any

    from tests.shops.scene import Desk


def wish(desk: Desk) -> None:
    desk.connect()
    desk.do(lambda: db.session.execute(update(Connection).where(OURS).values(coupons=True)))
    desk.sweep()
    desk.settle()


def coupon(desk: Desk, code: str) -> dict[str, Any] | None:
    return next((c for c in desk.shop.coupons.values() if c["code"] == code.lower()), None)


def over(found: dict[str, Any] | None) -> bool:
    assert found is not None
    ends = found["date_expires_gmt"]
    return bool(ends) and str(ends) <= f"{clock.wall():%Y-%m-%dT%H:%M:%S}"


def code_of(desk: Desk, display: str) -> Code:
    return db.session.scalars(select(Code).where(Code.display == display)).one()


def test_no_coupons_of_partners_are_made_unless_it_is_wished(desk: Desk) -> None:
    desk.connect()
    desk.settle()
    assert desk.shop.coupons == {}
    wish(desk)
    assert sorted(c["code"] for c in desk.shop.coupons.values()) == ["anna10", "boris5"]
    desk.sweep()
    desk.settle()
    assert len(desk.shop.writes("coupons")) == 2


def test_a_code_is_worth_in_the_cart_what_it_gives(desk: Desk) -> None:
    wish(desk)

    def make() -> None:
        partner = partners.by_refcode("anna")
        assert partner is not None
        ends = clock.now() + timedelta(days=30)
        said = Conditions(limit=7, ends=ends)
        codes.create(partner, codes.NewCode(code="SUMMER", conditions=said, gives="12.5%"))
        codes.create(partner, codes.NewCode(code="FIVE", gives="5.00 USD"))

    desk.do(make)
    desk.settle()
    summer, five = coupon(desk, "SUMMER"), coupon(desk, "FIVE")
    assert summer is not None
    assert five is not None
    assert (summer["discount_type"], summer["amount"], summer["usage_limit"]) == (
        "percent",
        "12.50",
        7,
    )
    assert not over(summer)
    assert (five["discount_type"], five["amount"]) == ("fixed_cart", "5.00")


def test_a_code_that_is_switched_off_is_taken_no_more_and_switched_on_again(desk: Desk) -> None:
    wish(desk)
    desk.do(lambda: codes.switch(code_of(desk, "ANNA10"), off=True))
    desk.settle()
    assert over(coupon(desk, "ANNA10"))
    assert not over(coupon(desk, "BORIS5"))
    desk.do(lambda: codes.switch(code_of(desk, "ANNA10"), off=False))
    desk.settle()
    assert not over(coupon(desk, "ANNA10"))


def test_a_retired_code_is_found_by_the_sweep(desk: Desk) -> None:
    wish(desk)

    def retire() -> None:
        partner = partners.by_refcode("anna")
        assert partner is not None
        partner_service.retire_code(partner, "ANNA10")

    desk.do(retire)
    desk.sweep()
    desk.settle()
    assert over(coupon(desk, "ANNA10"))


def test_w6_a_coupon_of_the_shops_own_stays_as_it_is(desk: Desk) -> None:
    """It was there before, in small letters, and a second one of the code is refused."""
    own = {"id": 5, "code": "anna10", "amount": "10", "meta_data": [], "date_expires_gmt": None}
    ended = own | {"id": 6, "code": "boris5", "date_expires_gmt": "2026-01-01T00:00:00"}
    desk.shop.coupons |= {5: dict(own), 6: dict(ended)}
    wish(desk)
    assert desk.shop.coupons == {5: own, 6: ended}
    desk.do(lambda: codes.switch(code_of(desk, "ANNA10"), off=True))
    desk.settle()
    assert desk.shop.coupons == {5: own, 6: ended}
    with desk.app.app_context(), desk.lampa.scope():
        notes = set(
            db.session.scalars(select(ShopErrand.problem).where(ShopErrand.subject == "anna10"))
        )
        states = set(
            db.session.scalars(select(ShopErrand.state).where(ShopErrand.kind == "coupon"))
        )
    assert states == {"done"}
    assert notes <= {None, "coupon_of_the_shop"}


def test_w6_a_code_that_the_shop_has_without_showing_it_is_its_own(desk: Desk) -> None:
    """Say, in its trash: it is not found, and a second one of the code is answered 400."""
    desk.shop.coupons[5] = {"id": 5, "code": "anna10", "hidden": True, "meta_data": []}
    wish(desk)
    assert [c["code"] for c in desk.shop.coupons.values()] == ["anna10", "boris5"]
    with desk.app.app_context(), desk.lampa.scope():
        found = select(ShopErrand.state, ShopErrand.problem).where(ShopErrand.subject == "anna10")
        assert db.session.execute(found).all() == [("done", "coupon_of_the_shop")]


def test_a_first_order_coupon_is_in_the_shop_without_any_wish(desk: Desk) -> None:
    lamp = desk.shop.add_product("Lamp", "100.00")
    desk.connect()
    desk.shop.place_order(lamp)
    desk.settle()

    def give() -> str:
        coupons.set_offer(Offer(on=True, value="15%", source="pattern"))
        member = db.session.scalars(select(Member)).first()
        assert member is not None
        partner = partners.by_refcode("anna")
        assert partner is not None
        whom = Whom(member.id, desk.lampa.shop_id, partner.id, "new@example.org", None, "en")
        assert coupons.give(whom) is not None
        return db.session.scalars(select(Coupon.display).where(Coupon.origin == "made")).one()

    display = desk.do(give)
    desk.settle()
    found = coupon(desk, display)
    assert found is not None
    assert (found["amount"], found["usage_limit"]) == ("15.00", 1)
    assert found["email_restrictions"] == ["new@example.org"]


def test_a_partner_is_put_into_the_group_that_the_program_gives(desk: Desk) -> None:
    desk.shop.customers[77] = {"id": 77, "email": "vera@example.org", "meta_data": []}
    desk.connect()

    def join() -> None:
        change_settings({"customer_group": "Partners"})
        partner_service.create(NewPartner(name="Vera", email="vera@example.org"))
        partner_service.create(NewPartner(name="Nobody", email="nobody@example.org"))

    desk.do(join)
    desk.settle()
    assert desk.shop.customers[77]["meta_data"][0]["value"] == "Partners"
    assert len(desk.shop.writes("customers")) == 1


def test_in_a_shadow_month_the_shop_is_swept_and_nothing_is_written_into_it(desk: Desk) -> None:
    desk.connect()
    desk.settle()
    desk.do(lambda: db.session.execute(update(Connection).where(OURS).values(coupons=True)))
    desk.do(lambda: change_settings({"shadow": True}))
    desk.sweep()  # finds codes that the shop was not told of
    desk.do(lambda: errands.ask(desk.id, "coupon", ["boris5"]))  # asked for just before
    desk.settle()
    assert desk.shop.coupons == {}
    desk.do(lambda: change_settings({"shadow": False}))
    desk.sweep()
    desk.hurry()
    desk.settle()
    assert sorted(c["code"] for c in desk.shop.coupons.values()) == ["anna10", "boris5"]
