"""Codes that a shop is to take as coupons: partners' promo codes where wished, and coupons made here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select

from app import clock
from app.carts import queries as carts
from app.codes import queries as codes
from app.coupons.models import Coupon, CouponGrant, CouponIssue
from app.coupons.rules import worth
from app.extensions import db
from app.intake.models import ShopErrand
from app.intake.service import tenant
from app.intake.shops import CouponWanted
from app.partners.models import Code, Partner

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.codes.rules import Conditions

KIND = "coupon"
MOST = 200  # codes that one look finds


@dataclass(frozen=True)
class Standing:
    """How a code stands here: as what the shop is to take it; None: not at all, until `again_at`."""

    code: str
    wanted: CouponWanted | None
    again_at: datetime | None = None
    drop: bool = False  # it was for one cart, and is over: nobody need find it in the shop


def standing(key: str, shop_id: int) -> Standing | None:
    """Return how a code stands for a shop now; None: there is no such code."""
    code = db.session.scalar(select(Code).where(Code.key == key, Code.kind == "promo"))
    if code is not None:
        return _promo(code, shop_id)
    coupon = db.session.scalar(select(Coupon).where(Coupon.key == key))
    if coupon is not None:
        return _coupon(coupon, shop_id)
    cart = carts.by_key(shop_id, key)
    over = cart is not None and cart.state not in {*carts.OPEN, "used"}
    return Standing(cart.code, None, drop=True) if cart is not None and over else None


def _promo(code: Code, shop_id: int) -> Standing:
    said, now = codes.conditions_of([code.id])[code.id], clock.now()
    status = db.session.scalar(select(Partner.status).where(Partner.id == code.partner_id))
    if code.retired_at is not None or status != "active" or _lapsed(said, shop_id, now):
        return Standing(code.display, None)
    if said.starts is not None and said.starts > now:
        return Standing(code.display, None, said.starts)
    percent, amount = _worth(code.gives or "")
    return Standing(
        code.display, CouponWanted(code.display, percent, amount, said.limit, said.ends)
    )


def _lapsed(said: Conditions, shop_id: int, now: datetime) -> bool:
    return said.lapse(max(now, said.starts or now), shop_id) is not None


def _coupon(coupon: Coupon, shop_id: int) -> Standing | None:
    if coupon.origin not in {"made", "personal"}:
        return None  # the shop made it itself
    elsewhere = coupon.shop_id is not None and coupon.shop_id != shop_id
    if coupon.withdrawn_at is not None or elsewhere:
        return Standing(coupon.display, None)
    grant = db.session.execute(
        select(CouponGrant.value, CouponGrant.email, CouponGrant.shop_id).where(
            CouponGrant.coupon_id == coupon.id
        )
    ).one_or_none()
    if grant is not None:
        percent, amount = _worth(grant.value)
        return Standing(
            coupon.display, CouponWanted(coupon.display, percent, amount, 1, None, grant.email)
        )
    issue = db.session.execute(
        select(CouponIssue.value, CouponIssue.expires_at).where(CouponIssue.coupon_id == coupon.id)
    ).one_or_none()
    if issue is None:
        return None
    percent, amount = _worth(issue.value)
    return Standing(
        coupon.display, CouponWanted(coupon.display, percent, amount, 1, issue.expires_at)
    )


def _worth(value: str) -> tuple[str | None, str | None]:
    """Return percents or a sum in the merchant's money; words are worth nothing to a cart."""
    said = worth(value)
    if said.percent is not None:
        return f"{said.percent.normalize():f}", None
    if said.amount is not None and said.currency == tenant().currency:
        return None, said.amount
    return None, None


def pending(connection_id: int) -> Sequence[str]:
    """Return the keys of promo codes that the shop was not told of as they now are."""
    told = and_(
        ShopErrand.tenant_id == Code.tenant_id,
        ShopErrand.connection_id == connection_id,
        ShopErrand.kind == KIND,
        ShopErrand.subject == Code.key,
    )
    query = (
        select(Code.key)
        .outerjoin(ShopErrand, told)
        .where(
            Code.kind == "promo",
            or_(
                and_(ShopErrand.id.is_(None), Code.retired_at.is_(None)),
                and_(ShopErrand.state == "done", ShopErrand.done_at < Code.retired_at),
            ),
        )
        .order_by(Code.id)
    )
    return db.session.scalars(query.limit(MOST)).all()
