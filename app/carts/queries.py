"""Reads: how bonuses become coupons, which are open, whose a code is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text, tuple_

from app import clock
from app.bonuses.models import Hold
from app.carts.models import CartCheck, CartCode, CartCoupon, CartSetting
from app.carts.rules import key_of
from app.extensions import db
from app.members.models import Member
from app.tenancy import role

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select

OPEN = ("making", "made")
PATIENCE = timedelta(minutes=2)  # with a shop that is being asked for a coupon


@dataclass(frozen=True, slots=True)
class Settings:
    """Whether bonuses become coupons, for how long, beside no others, for the whole cart alone."""

    on: bool = False
    minutes: int = 20
    alone: bool = True
    whole: bool = True


def settings() -> Settings:
    """Return how the merchant wants it."""
    row = db.session.scalar(select(CartSetting))
    return Settings(row.on, row.minutes, row.alone, row.whole) if row else Settings()


def open_of(shop_id: int, member_id: int) -> CartCoupon | None:
    """Return the coupon that a customer has now."""
    query = select(CartCoupon).where(
        CartCoupon.shop_id == shop_id,
        CartCoupon.member_id == member_id,
        CartCoupon.state.in_(OPEN),
    )
    return db.session.scalar(query.execution_options(populate_existing=True))


def made_since(member_id: int, since: datetime) -> int:
    """Return how many coupons a customer had since an instant."""
    query = select(func.count()).where(
        CartCoupon.member_id == member_id, CartCoupon.made_at >= since
    )
    return db.session.scalars(query).one()


def coupon(shop_id: int, member_id: int, public_id: str) -> CartCoupon | None:
    """Return a customer's coupon by its outside id."""
    query = select(CartCoupon).where(
        CartCoupon.shop_id == shop_id,
        CartCoupon.member_id == member_id,
        CartCoupon.public_id == public_id,
    )
    return db.session.scalar(query.execution_options(populate_existing=True))


def by_id(coupon_id: int) -> CartCoupon | None:
    """Return a coupon as it now stands."""
    query = select(CartCoupon).where(CartCoupon.id == coupon_id)
    return db.session.scalar(query.execution_options(populate_existing=True))


def by_key(shop_id: int, key: str) -> CartCoupon | None:
    """Return the newest coupon of a code in a shop."""
    query = select(CartCoupon).where(CartCoupon.shop_id == shop_id, CartCoupon.key == key)
    return db.session.scalar(query.order_by(CartCoupon.id.desc()).limit(1))


@dataclass(frozen=True, slots=True)
class Owned:
    """A coupon with its owner's id in the shop and e-mail."""

    row: CartCoupon
    customer: str
    email: str | None


def named(names: Collection[tuple[int, str]]) -> Mapping[tuple[int, str], Sequence[Owned]]:
    """Return the coupons behind codes of shops, by shop and code as it is compared, the newest first."""
    asked = {(shop_id, key_of(code)) for shop_id, code in names}
    if not asked:
        return {}
    query = select(CartCoupon, Member.key, Member.email).join(
        Member, (Member.tenant_id == CartCoupon.tenant_id) & (Member.id == CartCoupon.member_id)
    )
    query = query.where(tuple_(CartCoupon.shop_id, CartCoupon.key).in_(asked))
    found: dict[tuple[int, str], list[Owned]] = {}
    for row, key, email in db.session.execute(query.order_by(CartCoupon.id.desc())):
        own = found.setdefault((row.shop_id, row.key), [])
        own.append(Owned(row, key.removeprefix("id:"), email))
    return found


def shown(most: int = 20) -> Sequence[tuple[CartCoupon, str, str | None]]:
    """Return the newest coupons, whose they are, and what became of the hold."""
    query = select(CartCoupon, func.coalesce(Member.name, Member.email, Member.key), Hold.state)
    query = query.join(
        Member, (Member.tenant_id == CartCoupon.tenant_id) & (Member.id == CartCoupon.member_id)
    ).outerjoin(
        Hold, (Hold.tenant_id == CartCoupon.tenant_id) & (Hold.reference == CartCoupon.reference)
    )
    rows = db.session.execute(query.order_by(CartCoupon.id.desc()).limit(most))
    return [(row[0], row[1], row[2]) for row in rows]


def _free(shop_id: int, member_id: int, most: int) -> list[ColumnElement[bool]]:
    return [
        CartCode.shop_id == shop_id,
        CartCode.used_at.is_(None),
        CartCode.amount <= most,
        CartCode.member_id.is_(None) | (CartCode.member_id == member_id),
    ]


def dearest(shop_id: int, member_id: int, most: int) -> int:
    """Return the sum of the dearest code that a customer may be shown; 0: there is none."""
    query = select(func.max(CartCode.amount)).where(*_free(shop_id, member_id, most))
    return db.session.scalar(query) or 0


def free_codes(shop_id: int, member_id: int, most: int) -> Select[CartCode]:
    """Return the statement of the code that a customer is shown: the dearest, of one sum his own first."""
    mine = (CartCode.member_id == member_id).is_(True)
    return (
        select(CartCode)
        .where(*_free(shop_id, member_id, most))
        .order_by(CartCode.amount.desc(), mine.desc(), CartCode.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


@dataclass(frozen=True, slots=True)
class Stock:
    """How many codes of a sum a shop has left, and had."""

    shop_id: int
    amount: int
    left: int
    all: int


def stocks() -> list[Stock]:
    """Return the codes that shops made beforehand, by shop and sum."""
    left = func.count().filter(CartCode.used_at.is_(None), CartCode.member_id.is_(None))
    query = select(CartCode.shop_id, CartCode.amount, left, func.count())
    grouped = query.group_by(CartCode.shop_id, CartCode.amount)
    rows = db.session.execute(grouped.order_by(CartCode.shop_id, CartCode.amount))
    return [Stock(*row) for row in rows]


def has_codes(shop_id: int) -> bool:
    """Tell whether a shop brought codes of its own of which some are left."""
    query = (
        select(CartCode.id).where(CartCode.shop_id == shop_id, CartCode.used_at.is_(None)).limit(1)
    )
    return db.session.scalar(query) is not None


def checks() -> Mapping[int, CartCheck]:
    """Return what was found of each connection when it was last looked at."""
    return {row.connection_id: row for row in db.session.scalars(select(CartCheck))}


_DUE = text(
    """
    SELECT c.tenant_id, c.id FROM cart_coupon c JOIN tenant t ON t.id = c.tenant_id
    WHERE c.state = 'made' AND c.ends_at <= :now + t.clock_offset
       OR c.state = 'making' AND c.made_at <= :now + t.clock_offset - :patience
    ORDER BY c.ends_at LIMIT :most
    """
)


def due(most: int = 1000) -> list[tuple[int, int]]:
    """Return (tenant, coupon) of all merchants' coupons that are over, or were never made."""
    with role("partnerka_drain"):
        said = {"now": clock.now(), "patience": PATIENCE, "most": most}
        rows = db.session.execute(_DUE, said).all()
    return [(row.tenant_id, row.id) for row in rows]
