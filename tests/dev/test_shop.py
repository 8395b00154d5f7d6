"""The made-up shop: whose cabinet is shown is who is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.dev import shop
from app.extensions import db
from app.partners.service import NewPartner, create
from tests.checkout.shop import credit, member

if TYPE_CHECKING:
    from app.application import App
    from tests.world import Merchant

DEMO = {"cabinet": {"refcode": "marina"}}


def test_the_partner_is_signed_in_where_he_has_bonuses_and_else_who_has_most(
    app: App, lampa: Merchant
) -> None:
    with app.app_context(), lampa.scope():
        rich, own = member(lampa, "77"), member(lampa, "7001")
        credit(rich, 90_000)
        credit(own, 100)
        partner = create(NewPartner(name="Marina", refcode="marina"))
        db.session.flush()
        first = shop._customer(DEMO)
        assert first is not None
        assert first.id == "77"
        partner.member_id = own
        db.session.flush()
        second = shop._customer(DEMO)
        assert second is not None
        assert second.id == "7001"
        db.session.rollback()
