"""Loyalty cards, codes that were asked for by phone, and customers who are signed in by one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref

_LIVE = text("ended_at is null")


class Card(Tenanted, Model):
    """A card's number bound to a customer of a shop, until `ended_at`: one at a time, of one customer."""

    __tablename__ = "loyalty_card"

    shop_id: Mapped[int]
    member_id: Mapped[int]
    number: Mapped[str]
    made_at: Mapped[datetime]
    actor: Mapped[str]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        ref("member", "member_id"),
        Index(
            "uq_loyalty_card_number",
            "tenant_id",
            "shop_id",
            "number",
            unique=True,
            postgresql_where=_LIVE,
        ),
        Index(
            "uq_loyalty_card_member", "tenant_id", "member_id", unique=True, postgresql_where=_LIVE
        ),
    )


class PhoneCode(Tenanted, Model):
    """A code asked for by a phone on one browser (`token_hash`). The code itself is never kept.

    It is reckoned from `nonce` and the installation's key as the SMS is written, and when it is tried.
    `known`: whether the phone is a customer's; who asks is told the same.
    """

    __tablename__ = "phone_code"

    token_hash: Mapped[str]
    nonce: Mapped[str]
    phone: Mapped[str]  # E.164
    known: Mapped[bool]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    asked_at: Mapped[datetime]
    until: Mapped[datetime]
    used_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "token_hash"),
        Index("ix_phone_code_phone", "tenant_id", "phone", "asked_at"),
    )


class CardSession(Tenanted, Model):
    """A browser that a customer signed in on by phone. Only the hash of its token is kept."""

    __tablename__ = "card_session"

    token_hash: Mapped[str]
    phone: Mapped[str]
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("tenant_id", "token_hash"),)
