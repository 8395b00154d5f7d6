"""Rules of bonuses as the merchant makes them, their published versions, and what they did.

Dated fact "live" of owner "rule:N": the id of the version that holds, None while none does.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref


class ProfileRule(Tenanted, Model):
    """A rule of one of the twelve profiles; `draft` is what the constructor shows."""

    __tablename__ = "profile_rule"

    public_id: Mapped[str]
    profile: Mapped[str]
    name: Mapped[str]
    state: Mapped[str]
    draft: Mapped[dict[str, Any]]
    version_id: Mapped[int | None]  # the newest published
    preset: Mapped[str | None]  # made by switching the profile on
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("state in ('draft','published','paused','archived')", name="state"),
        UniqueConstraint("tenant_id", "public_id"),
        Index("ix_profile_rule_profile", "tenant_id", "profile", "id"),
    )


class RuleVersion(Tenanted, Model):
    """What a rule said when it was published; never changed. `hash` is of its one written form."""

    __tablename__ = "rule_version"

    rule_id: Mapped[int]
    number: Mapped[int]
    body: Mapped[dict[str, Any]]
    hash: Mapped[str]
    valid_from: Mapped[datetime]
    published_at: Mapped[datetime]
    actor: Mapped[str]

    __table_args__ = (
        UniqueConstraint("tenant_id", "rule_id", "number"),
        ref("profile_rule", "rule_id"),
    )


class RuleEvaluation(Tenanted, Model):
    """One look of a version at an event, with every answer; kept 180 days."""

    __tablename__ = "rule_evaluation"

    rule_id: Mapped[int]
    version_id: Mapped[int]
    event_key: Mapped[str]
    member_id: Mapped[int | None]
    order_id: Mapped[int | None]
    matched: Mapped[bool]
    trace: Mapped[list[Any]]
    effects: Mapped[list[Any]]
    at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "event_key", "rule_id"),
        ref("profile_rule", "rule_id"),
        ref("rule_version", "version_id"),
        ref("member", "member_id"),
        ref("orders", "order_id"),
        Index("ix_rule_evaluation_order", "tenant_id", "order_id"),
        Index("ix_rule_evaluation_at", "tenant_id", "at"),
    )


class EffectApplication(Tenanted, Model):
    """What an effect did once for an event; by rule and not by version, so publishing anew pays no second time."""

    __tablename__ = "effect_application"

    event_key: Mapped[str]
    rule_id: Mapped[int]
    version_id: Mapped[int]
    effect: Mapped[int]
    do: Mapped[str]
    recipient: Mapped[str]  # member:7, referrer:8, owner:9
    level: Mapped[int] = mapped_column(server_default=text("0"))
    amount: Mapped[int]
    at: Mapped[datetime]
    undone_at: Mapped[datetime | None]  # its event is no more: taken back
    times_undone: Mapped[int] = mapped_column(server_default=text("0"))

    __table_args__ = (
        UniqueConstraint("tenant_id", "event_key", "rule_id", "effect", "recipient", "level"),
        ref("profile_rule", "rule_id"),
        ref("rule_version", "version_id"),
        Index("ix_effect_application_rule", "tenant_id", "rule_id", "recipient", "at"),
    )
