"""Clicks, claims (evidence that a partner brought a sale, won or lost, with why) and bindings."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import CURRENT, Tenanted, ref


class Click(Model):
    """A visit through a partner's link; partitioned by month of `at`, written in group commits."""

    __tablename__ = "click"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    nonce: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # the token's 64 bits
    link_id: Mapped[int]
    partner_id: Mapped[int]
    kind: Mapped[str]  # redirect, short, scan, script, site, server
    ip: Mapped[str | None]  # shortened: /24 or /48
    user_agent: Mapped[str | None]
    referrer: Mapped[str | None]
    page: Mapped[str | None]
    params: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    flag: Mapped[str | None]  # bot, prefetch, frame: counted apart, never evidence

    __table_args__ = (
        Index("ix_click_partner", "tenant_id", "partner_id", "at"),
        Index("ix_click_link", "tenant_id", "link_id", "at"),
        {"postgresql_partition_by": "RANGE (at)"},
    )


class LateClick(Tenanted, Model):
    """A shop's server told of a click after its day had been counted; the roll-up counts that day again."""

    __tablename__ = "late_click"

    day: Mapped[date]


class Claim(Tenanted, Model):
    """One piece of evidence on an order; outcome and why are what the last reconcile decided."""

    __tablename__ = "claim"

    order_id: Mapped[int]
    kind: Mapped[str]  # staff, partner_code, coupon, binding, click, ref, site, entry
    evidence: Mapped[str]  # the code, token or address itself
    position: Mapped[int]  # place in the shop's list, for coupons
    partner_id: Mapped[int | None]  # None: nobody known by it
    touch_at: Mapped[datetime | None]
    won: Mapped[bool]
    why: Mapped[str]

    __table_args__ = (
        UniqueConstraint("tenant_id", "order_id", "kind", "evidence"),
        ref("orders", "order_id"),
        ref("partner", "partner_id"),
        Index("ix_claim_partner", "tenant_id", "partner_id", "id"),
    )


class Enrolment(Tenanted, Model):
    """Evidence that came when a contact registered or subscribed; its outcome is the last reconcile's."""

    __tablename__ = "enrolment"

    member_id: Mapped[int]  # whose it is now
    told_id: Mapped[int]  # as whom it was told: a guest's goes to the owner of his e-mail
    kind: Mapped[str]  # click, ref, partner_code
    evidence: Mapped[str]
    since: Mapped[datetime]
    how: Mapped[str]  # registered, subscribed, typed, confirmed, imported
    refused: Mapped[str | None]  # why it did not count from the first: a code that was used up
    partner_id: Mapped[int | None]
    touch_at: Mapped[datetime | None]
    won: Mapped[bool] = mapped_column(server_default=text("false"))
    why: Mapped[str] = mapped_column(server_default=text("''"))

    __table_args__ = (
        UniqueConstraint("tenant_id", "told_id", "kind", "evidence", "how"),
        CheckConstraint("kind in ('click','ref','partner_code')", name="kind"),
        CheckConstraint(
            "how in ('registered','subscribed','typed','confirmed','imported')", name="how"
        ),
        ref("member", "member_id"),
        ref("member", "told_id"),
        ref("partner", "partner_id"),
        Index("ix_enrolment_member", "tenant_id", "member_id"),
        Index("ix_enrolment_partner", "tenant_id", "partner_id", "id"),
        Index("ix_enrolment_evidence", "tenant_id", "evidence"),
    )


class Binding(Tenanted, Model):
    """The customer is fixed to one partner: since which order, or by registration or subscription."""

    __tablename__ = "binding"

    member_id: Mapped[int]
    partner_id: Mapped[int]
    since: Mapped[datetime]
    order_id: Mapped[int | None]  # None: bound before any order
    how: Mapped[str]  # kind of the winning claim, or how the contact enrolled

    __table_args__ = (
        UniqueConstraint("tenant_id", "member_id"),
        CheckConstraint("how <> ''", name="how"),
        ref("member", "member_id"),
        ref("partner", "partner_id"),
        ref("orders", "order_id"),
        Index("ix_binding_partner", "tenant_id", "partner_id"),
    )
