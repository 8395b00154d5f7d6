"""Dated facts: everything that decides what a sale pays, as it was at any moment."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted


class Fact(Tenanted, Model):
    """`owner` (e.g. "partner:7") has `name` (e.g. "levels") = `value` from `valid_from` until the next row."""

    __tablename__ = "fact"

    owner: Mapped[str]
    name: Mapped[str]
    value: Mapped[Any] = mapped_column(JSONB)
    valid_from: Mapped[datetime]
    actor: Mapped[str | None]

    __table_args__ = (UniqueConstraint("tenant_id", "owner", "name", "valid_from"),)
