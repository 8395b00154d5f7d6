"""Views of lists that people keep, and the parts of exports."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import CURRENT, Tenanted


class SavedView(Tenanted, Model):
    """A list's filter, order and columns under a name: one person's, or (person None) everybody's."""

    __tablename__ = "saved_view"

    list: Mapped[str]
    name: Mapped[str]
    query: Mapped[str]  # as in the address
    person_id: Mapped[int | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("name <> ''", name="name"),
        UniqueConstraint(
            "tenant_id", "list", "person_id", "name", postgresql_nulls_not_distinct=True
        ),
    )


class ExportPart(Model):
    """Some rows of an export, as they stood when they were read; forgotten after some days."""

    __tablename__ = "export_part"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    run_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rows: Mapped[list[Any]]
    created_at: Mapped[datetime]

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "run_id"], ["run.tenant_id", "run.id"], ondelete="CASCADE"
        ),
        Index("ix_export_part_created", "tenant_id", "created_at"),
    )
