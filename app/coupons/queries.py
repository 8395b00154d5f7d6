"""Read first-order coupons: the offer, the pool, and who was given one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select, text

from app.coupons.models import Coupon, CouponGrant, CouponIssue, CouponKind
from app.coupons.rules import Offer, offer_from_json
from app.extensions import db
from app.facts import service as facts
from app.members.models import Member
from app.partners.models import Partner
from app.partners.rules import Status, fold_code

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Select

FACT = "first_coupon"


def offer() -> Offer:
    """Return the merchant's word on first-order coupons, as it holds now."""
    return offer_from_json(facts.current(["merchant"], [FACT]).get("merchant", {}).get(FACT))


@dataclass(frozen=True)
class Pool:
    """How many coupons are free, and to how many customers one is owed."""

    free: int
    owed: int


def pool() -> Pool:
    """Return how the pool stands."""
    free = select(func.count()).select_from(Coupon).where(_free())
    owed = select(func.count()).select_from(CouponGrant).where(CouponGrant.coupon_id.is_(None))
    return Pool(db.session.scalar(free) or 0, db.session.scalar(owed) or 0)


def listed() -> Any:
    """Return the statement of all coupons: whose, and to whom given."""
    same = Coupon.tenant_id
    return (
        select(Coupon, Partner.name.label("partner"), CouponGrant, Member)
        .outerjoin(Partner, and_(Partner.tenant_id == same, Partner.id == Coupon.partner_id))
        .outerjoin(
            CouponGrant, and_(CouponGrant.tenant_id == same, CouponGrant.coupon_id == Coupon.id)
        )
        .outerjoin(Member, and_(Member.tenant_id == same, Member.id == CouponGrant.member_id))
    )


def newest(statement: Any, most: int) -> list[Any]:
    """Return the newest rows of a statement like `listed`."""
    return list(db.session.execute(statement.order_by(Coupon.id.desc()).limit(most)))


def state_of(coupon: Coupon) -> str:
    """Return how a coupon stands: free, given, assigned, withdrawn."""
    if coupon.origin == "assigned":
        return "assigned"
    if coupon.taken_at is not None and coupon.withdrawn_at is None:
        return "given"
    return "free" if coupon.withdrawn_at is None else "withdrawn"


def by_id(coupon_id: int) -> Coupon | None:
    """Return a coupon of the scope."""
    return db.session.scalar(select(Coupon).where(Coupon.id == coupon_id))


@dataclass(frozen=True)
class Given:
    """A coupon as its owner sees it."""

    code: str
    value: str
    given_at: datetime | None


def given_to(member_id: int) -> Given | None:
    """Return the coupon that a customer was given, himself or as the guest of his e-mail."""
    own = db.session.scalar(select(Member).where(Member.id == member_id))
    if own is None:
        return None
    himself = Member.id == member_id
    if own.email is not None:
        himself |= and_(Member.shop_id == own.shop_id, Member.key == f"email:{own.email}")
    members = select(Member.id).where(himself)
    return _given(select(CouponGrant.id).where(CouponGrant.member_id.in_(members)))


def given_by_id(public_id: str) -> Given | None:
    """Return the coupon of a grant by its outside id."""
    return _given(select(CouponGrant.id).where(CouponGrant.public_id == public_id))


def grant_by_id(public_id: str) -> CouponGrant | None:
    """Return a grant by its outside id."""
    return db.session.scalar(select(CouponGrant).where(CouponGrant.public_id == public_id))


def grants_of(email: str | None, phone: str | None) -> list[str]:
    """Return the outside ids of what customers with this e-mail or phone were given."""
    known = [
        column == value
        for column, value in ((CouponGrant.email, email), (CouponGrant.phone, phone))
        if value is not None
    ]
    query = select(CouponGrant.public_id).where(or_(*known)).order_by(CouponGrant.id)
    return list(db.session.scalars(query)) if known else []


def _given(grants: Select[Any]) -> Given | None:
    query = (
        select(Coupon.display, CouponGrant.value, CouponGrant.given_at)
        .join(
            CouponGrant,
            and_(CouponGrant.tenant_id == Coupon.tenant_id, CouponGrant.coupon_id == Coupon.id),
        )
        .where(CouponGrant.id.in_(grants))
        .order_by(CouponGrant.id)
        .limit(1)
    )
    row = db.session.execute(query).one_or_none()
    return Given(*row) if row else None


def has_one(members: Collection[int], email: str | None, phone: str | None) -> bool:
    """Whether a customer has his right to a coupon already, by whatever he is known."""
    known: list[Any] = [CouponGrant.member_id.in_(members)]
    if email is not None:
        known.append(CouponGrant.email == email)
    if phone is not None:
        known.append(CouponGrant.phone == phone)
    return bool(db.session.scalar(select(CouponGrant.id).where(or_(*known)).limit(1)))


@dataclass(frozen=True)
class Standing:
    """What a coupon is worth to whoever types it now."""

    display: str
    partner: Partner
    reason: str | None
    gives: str | None


def standing(said: str) -> Standing | None:
    """Say whose a coupon is, and whether it holds; None: no coupon that is somebody's."""
    query = (
        select(Coupon, Partner, CouponGrant.value)
        .join(Partner, and_(Partner.tenant_id == Coupon.tenant_id, Partner.id == Coupon.partner_id))
        .outerjoin(
            CouponGrant,
            and_(CouponGrant.tenant_id == Coupon.tenant_id, CouponGrant.coupon_id == Coupon.id),
        )
        .where(Coupon.key == fold_code(said))
    )
    row = db.session.execute(query).one_or_none()
    if row is None:
        return None
    coupon, partner, value = row
    reason = None if partner.status == Status.ACTIVE else f"partner_{partner.status}"
    return Standing(coupon.display, partner, reason, value)


def kinds() -> list[CouponKind]:
    """Return the coupons that rules may give, by name."""
    query = select(CouponKind).where(CouponKind.archived_at.is_(None))
    return list(db.session.scalars(query.order_by(CouponKind.name, CouponKind.id)))


def kind(public_id: str) -> CouponKind | None:
    """Return a kind by its outside id, archived ones too."""
    return db.session.scalar(select(CouponKind).where(CouponKind.public_id == public_id))


def issued(kind_ids: Collection[int]) -> dict[int, int]:
    """Return how many coupons of each kind were given and hold."""
    query = select(CouponIssue.kind_id, func.count()).where(
        CouponIssue.kind_id.in_(kind_ids), CouponIssue.off_at.is_(None)
    )
    return dict(db.session.execute(query.group_by(CouponIssue.kind_id)).tuples().all())


_USED = text(
    """
    SELECT 1 FROM orders
    WHERE (member_id = :member OR guest_id = :member) AND state <> 'cancelled'
      AND EXISTS (SELECT FROM jsonb_array_elements_text(
          coalesce(folded->'snapshot'->'coupons', '[]')) c WHERE lower(c) = lower(:code))
    LIMIT 1
    """
)


def is_used(coupon: Coupon, member_id: int) -> bool:
    """Whether an order of the customer that counts was made with a coupon."""
    said = {"member": member_id, "code": coupon.display}
    return db.session.execute(_USED, said).one_or_none() is not None


def issued_for(member_id: int, event_key: str) -> str | None:
    """Return the code that a customer was given for an event, the newest that holds."""
    query = (
        select(Coupon.display)
        .join(
            CouponIssue,
            and_(CouponIssue.tenant_id == Coupon.tenant_id, CouponIssue.coupon_id == Coupon.id),
        )
        .where(
            CouponIssue.member_id == member_id,
            CouponIssue.event_key == event_key,
            CouponIssue.off_at.is_(None),
        )
    )
    return db.session.scalar(query.order_by(CouponIssue.id.desc()).limit(1))


def _free() -> Any:
    return and_(Coupon.taken_at.is_(None), Coupon.withdrawn_at.is_(None), Coupon.origin == "pool")
