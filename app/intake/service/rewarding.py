"""A customer whom a partner brought gets a coupon for the first order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.attribution import queries as attribution
from app.coupons import service as coupons
from app.coupons.service import Whom
from app.orders import service as orders

if TYPE_CHECKING:
    from app.coupons.models import CouponGrant
    from app.members.service import Contact, Resolution


def reward(whose: Resolution, contact: Contact, locale: str) -> CouponGrant | None:
    """Give a held customer the first-order coupon if he came through a partner and has not ordered.

    None where nothing was given: no offer, no partner, orders before, or one was given already.
    """
    if whose.member_id is None:
        return None
    partner_id = attribution.enrolled_with(whose.member_id)
    if partner_id is None or orders.of_members([whose.member_id]):
        return None
    others = {each for each in (whose.guest_id, whose.owned_guest_id) if each is not None}
    return coupons.give(
        Whom(
            member_id=whose.member_id,
            shop_id=contact.shop_id,
            partner_id=partner_id,
            email=contact.email,
            phone=contact.phone,
            locale=locale,
            others=others,
        )
    )
