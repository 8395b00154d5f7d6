"""Partners' own keys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref


class PartnerKey(Tenanted, Model):
    """A key of one partner; shown once, kept as a hash, found through the directory."""

    __tablename__ = "partner_key"

    partner_id: Mapped[int]
    name: Mapped[str]
    prefix: Mapped[str]
    key_hash: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (
        ref("partner", "partner_id"),
        Index("ix_partner_key_partner", "tenant_id", "partner_id"),
    )
