"""The secrets by which shops say who is signed in, and how the widget looks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from app.extensions import Model
from app.tenancy import Tenanted, ref


class WidgetKey(Tenanted, Model):
    """A secret of one shop, sealed: it must be read to check what was signed with it."""

    __tablename__ = "widget_key"

    shop_id: Mapped[int]
    public_id: Mapped[str]
    secret: Mapped[bytes]
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]  # when a page last came with a token of it; to the hour
    seen_on: Mapped[str | None]  # that page's origin
    withdrawn_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("tenant_id", "public_id"), ref("shop", "shop_id"))


class WidgetLook(Tenanted, Model):
    """How the merchant wants the widget to look; one row, none: as we made it."""

    __tablename__ = "widget_look"

    facts: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("tenant_id"),)
