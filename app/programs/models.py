"""Sets of partner terms and partner groups. Dated facts hold their levels, hold, window and base."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted


class Terms(Tenanted, Model):
    """A set of terms (партнёрские условия); exactly one is the base on which all are unless said."""

    __tablename__ = "terms"

    public_id: Mapped[str]
    name: Mapped[str]
    text: Mapped[str]
    version: Mapped[int] = mapped_column(server_default=sql("1"))
    is_base: Mapped[bool] = mapped_column(server_default=sql("false"))
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "public_id"),
        UniqueConstraint("tenant_id", "name"),
        Index("uq_terms_base", "tenant_id", unique=True, postgresql_where=sql("is_base")),
    )


class Group(Tenanted, Model):
    """A partner group; its levels are dated facts of owner "group:N"."""

    __tablename__ = "partner_group"

    public_id: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("tenant_id", "name"),)
