"""Coupons for a customer's first order: those that the shop made, those made here, and who was given one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from app.extensions import Model
from app.tenancy import Tenanted, ref


class Coupon(Tenanted, Model):
    """A coupon as the shop takes it. Once it is somebody's it speaks for that partner, for good."""

    __tablename__ = "coupon"

    key: Mapped[str]  # folded
    display: Mapped[str]
    shop_id: Mapped[int | None]  # None: every shop takes it
    # pool: made in the shop; made: by our pattern; assigned: a partner's own; personal: a rule's gift
    origin: Mapped[str]
    partner_id: Mapped[int | None]
    created_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "key"),
        CheckConstraint("origin in ('pool','made','assigned','personal')", name="origin"),
        CheckConstraint(
            "(taken_at is not null) = (partner_id is not null or origin = 'personal')", name="taken"
        ),
        ref("shop", "shop_id"),
        ref("partner", "partner_id"),
        Index(
            "ix_coupon_free",
            "tenant_id",
            "id",
            postgresql_where=text("taken_at is null and withdrawn_at is null"),
        ),
        Index("ix_coupon_partner", "tenant_id", "partner_id"),
    )


class CouponGrant(Tenanted, Model):
    """A customer's right to one coupon, once and for all; without a coupon the pool was empty, and it is owed."""

    __tablename__ = "coupon_grant"

    public_id: Mapped[str]
    member_id: Mapped[int]
    shop_id: Mapped[int]
    partner_id: Mapped[int]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    locale: Mapped[str]
    value: Mapped[str]  # "10%", "500.00 RUB", or the merchant's words
    coupon_id: Mapped[int | None]
    created_at: Mapped[datetime]
    given_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "public_id"),
        UniqueConstraint("tenant_id", "member_id"),
        UniqueConstraint("tenant_id", "coupon_id"),
        CheckConstraint("(coupon_id is not null) = (given_at is not null)", name="given"),
        ref("member", "member_id"),
        ref("shop", "shop_id"),
        ref("partner", "partner_id"),
        ref("coupon", "coupon_id"),
        Index("ix_coupon_grant_email", "tenant_id", "email"),
        Index("ix_coupon_grant_phone", "tenant_id", "phone"),
        Index(
            "ix_coupon_grant_owed", "tenant_id", "id", postgresql_where=text("coupon_id is null")
        ),
    )


class CouponKind(Tenanted, Model):
    """A coupon that rules of bonuses may give: what it is worth, by which pattern codes are made, how long it holds."""

    __tablename__ = "coupon_kind"

    public_id: Mapped[str]
    name: Mapped[str]
    value: Mapped[str]  # as of CouponGrant
    pattern: Mapped[str]
    days: Mapped[int | None]  # None: without end
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "public_id"),
        CheckConstraint("days > 0", name="days"),
    )


class CouponIssue(Tenanted, Model):
    """One coupon that a rule gave to a customer, once by its source; switched off while nobody has used it."""

    __tablename__ = "coupon_issue"

    kind_id: Mapped[int]
    coupon_id: Mapped[int]
    member_id: Mapped[int]
    event_key: Mapped[str]
    source: Mapped[str]
    value: Mapped[str]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    off_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "source"),
        UniqueConstraint("tenant_id", "coupon_id"),
        ref("coupon_kind", "kind_id"),
        ref("coupon", "coupon_id"),
        ref("member", "member_id"),
        Index("ix_coupon_issue_member", "tenant_id", "member_id", "id"),
    )
