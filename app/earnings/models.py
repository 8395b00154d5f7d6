"""What a shop or an outside service reported of its customers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref


class MemberEvent(Tenanted, Model):
    """One report, once by the id that its sender gave it. Append-only."""

    __tablename__ = "member_event"

    shop_id: Mapped[int]
    external_id: Mapped[str]
    member_id: Mapped[int]
    type: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    body_hash: Mapped[str]
    happened_at: Mapped[datetime]
    received_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "shop_id", "external_id"),
        ref("shop", "shop_id"),
        ref("member", "member_id"),
        Index("ix_member_event_member", "tenant_id", "member_id", "id"),
    )
