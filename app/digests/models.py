"""How far the telling of a month is."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import CURRENT


class Cursor(Model):
    """The month that is being told, and the last partner who was: each is told of it once."""

    __tablename__ = "digest_cursor"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    month: Mapped[date | None]
    place: Mapped[int] = mapped_column(server_default=text("0"))
    ended_at: Mapped[datetime | None]
