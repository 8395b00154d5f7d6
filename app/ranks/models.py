"""Ranks and awards of customers with what gave them, achievements, and who holds the rights to goods."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import CURRENT, Tenanted, ref


class Rank(Tenanted, Model):
    """A rank of customers, the lowest `place` first. `code` is its name for rules: it never changes."""

    __tablename__ = "rank"

    public_id: Mapped[str]
    code: Mapped[str]
    name: Mapped[str]
    place: Mapped[int]
    symbol: Mapped[str | None]
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
    why: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))

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
    symbol: Mapped[str | None]
    picture: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)  # PNG, redrawn
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
    actor: Mapped[str | None]
    reason: Mapped[str | None]

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


class AchievementLook(Tenanted, Model):
    """How a level of a metric that rules wait for is called and drawn; the rules themselves give for it."""

    __tablename__ = "achievement_look"

    metric: Mapped[str]
    level: Mapped[int]
    name: Mapped[str]
    symbol: Mapped[str | None]
    picture: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)

    __table_args__ = (UniqueConstraint("tenant_id", "metric", "level"),)


class MetricBucket(Model):
    """What a customer did on a day of the merchant's: paid orders, and what of their goods is kept.

    Made from his orders as they stand, each on the day it was made: nothing is added up on the way.
    """

    __tablename__ = "metric_bucket"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    member_id: Mapped[int] = mapped_column(primary_key=True)
    metric: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    value: Mapped[int]

    __table_args__ = (
        CheckConstraint("metric in ('orders','sum')", name="metric"),
        CheckConstraint("value > 0", name="value"),
        ref("member", "member_id"),
    )


class RankHold(Model):
    """When a customer's rank by results is lost if nothing more comes, and when to look again."""

    __tablename__ = "rank_hold"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    member_id: Mapped[int] = mapped_column(primary_key=True)
    rank_id: Mapped[int | None]
    falls_on: Mapped[date | None]
    look_on: Mapped[date | None]
    told_at: Mapped[datetime | None]
    lacks: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))

    __table_args__ = (
        ref("member", "member_id"),
        Index("ix_rank_hold_look", "tenant_id", "look_on"),
    )


class RankCursor(Model):
    """How far customers were counted from the beginning, and events read for those who brought buyers."""

    __tablename__ = "rank_cursor"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    place: Mapped[int] = mapped_column(server_default=text("0"))
    counted: Mapped[bool] = mapped_column(server_default=text("false"))
    position: Mapped[int] = mapped_column(server_default=text("0"))


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
