"""Ranks and awards of customers with what gave them, achievements, and who holds the rights to goods."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref


class Rank(Tenanted, Model):
    """A rank of customers, the lowest `place` first. `code` is its name for rules: it never changes."""

    __tablename__ = "rank"

    public_id: Mapped[str]
    code: Mapped[str]
    name: Mapped[str]
    place: Mapped[int]
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "public_id"),
        UniqueConstraint("tenant_id", "code"),
    )


class RankAssignment(Tenanted, Model):
    """Somebody or something gave a customer a rank, or none; `source` as of MemberTag."""

    __tablename__ = "rank_assignment"

    member_id: Mapped[int]
    rank_id: Mapped[int | None]
    pinned: Mapped[bool]
    source: Mapped[str]
    actor: Mapped[str | None]
    at: Mapped[datetime]
    undone_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "member_id", "source"),
        ref("member", "member_id"),
        ref("rank", "rank_id"),
        Index("ix_rank_assignment_rank", "tenant_id", "rank_id"),
    )


class Award(Tenanted, Model):
    """What a customer may be given to be proud of. `code` is its name for rules: it never changes."""

    __tablename__ = "award"

    public_id: Mapped[str]
    code: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "public_id"),
        UniqueConstraint("tenant_id", "code"),
    )


class AwardGrant(Tenanted, Model):
    """One reason for which a customer bears an award; he bears it once, while any reason stands."""

    __tablename__ = "award_grant"

    member_id: Mapped[int]
    award_id: Mapped[int]
    source: Mapped[str]
    at: Mapped[datetime]
    undone_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "member_id", "source"),
        ref("member", "member_id"),
        ref("award", "award_id"),
        Index("ix_award_grant_award", "tenant_id", "award_id"),
    )


class Achievement(Tenanted, Model):
    """A level of a metric that a customer has reached; lost while cancelled orders bring him below.

    `asked`: the rules that were asked what they give for it.
    """

    __tablename__ = "achievement"

    member_id: Mapped[int]
    metric: Mapped[str]
    level: Mapped[int]
    asked: Mapped[list[int]] = mapped_column(JSONB)
    reached_at: Mapped[datetime]
    lost_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "member_id", "metric", "level"),
        ref("member", "member_id"),
    )


class SupplierOwner(Tenanted, Model):
    """Who holds the rights to goods of a supplier, a brand or one product, with which share, since when.

    A customer, or a partner who is one: `word` is the shop's own name of what he holds, `share` percents.
    """

    __tablename__ = "supplier_owner"

    public_id: Mapped[str]
    member_id: Mapped[int | None]
    partner_id: Mapped[int | None]
    of: Mapped[str]
    word: Mapped[str]
    share: Mapped[Decimal]
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    actor: Mapped[str]

    __table_args__ = (
        CheckConstraint("of in ('supplier','brand','product')", name="of"),
        CheckConstraint("share > 0 and share <= 100", name="share"),
        CheckConstraint("(member_id is null) <> (partner_id is null)", name="who"),
        UniqueConstraint("tenant_id", "public_id"),
        ref("member", "member_id"),
        ref("partner", "partner_id"),
    )
