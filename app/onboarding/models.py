"""Accounts that were asked for, and the codes by which plugins of shops get their keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref


class SignUp(Tenanted, Model):
    """An account that somebody asked for, a row of the platform's. Nothing else is made before it is opened."""

    __tablename__ = "sign_up"

    public_id: Mapped[str]
    email: Mapped[str]  # normalised
    facts: Mapped[dict[str, Any]]  # what create_merchant wants to know
    state: Mapped[str] = mapped_column(server_default=text("'asked'"))
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    reason: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("state in ('asked','confirmed','opened','refused')", name="state"),
        UniqueConstraint("tenant_id", "public_id"),
        Index("ix_sign_up_state", "tenant_id", "state", "id"),
    )


class InstallCode(Tenanted, Model):
    """A code that a plugin turns into keys of one shop, once; shown once, kept as a hash."""

    __tablename__ = "install_code"

    shop_id: Mapped[int]
    shown: Mapped[str]  # its beginning
    code_hash: Mapped[str]
    drawn_by: Mapped[str | None]  # the actor: maker of the keys that come of it
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_by: Mapped[str | None]  # what the plugin says of itself
    withdrawn_at: Mapped[datetime | None]

    __table_args__ = (ref("shop", "shop_id"),)
