"""Documents as they were issued, the last number of each kind and year, and the merchant's words."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.documents.rules import label
from app.extensions import Model
from app.tenancy import CURRENT, Tenanted, ref


class Document(Tenanted, Model):
    """An act, statement or reconciliation of one partner and period. The database refuses its change."""

    __tablename__ = "document"

    public_id: Mapped[str]
    kind: Mapped[str]
    year: Mapped[int]
    number: Mapped[int]
    partner_id: Mapped[int]
    period_from: Mapped[date]
    period_to: Mapped[date]
    amount: Mapped[int]
    currency: Mapped[str]
    content: Mapped[dict[str, Any]]  # all that it says: rules.Content
    replaces_id: Mapped[int | None]
    issued_at: Mapped[datetime]
    issued_by: Mapped[str]
    signed_at: Mapped[datetime | None]
    signed_by: Mapped[str | None]
    voided_at: Mapped[datetime | None]
    voided_by: Mapped[str | None]
    void_reason: Mapped[str | None]

    @property
    def label(self) -> str:
        """The number as people read it."""
        return label(self.kind, self.year, self.number)

    @property
    def state(self) -> str:
        """void, signed or issued."""
        if self.voided_at is not None:
            return "void"
        return "signed" if self.signed_at is not None else "issued"

    __table_args__ = (
        CheckConstraint("kind in ('act','statement','reconciliation')", name="kind"),
        CheckConstraint("period_to >= period_from", name="period"),
        UniqueConstraint("tenant_id", "public_id"),
        UniqueConstraint("tenant_id", "kind", "year", "number"),
        ref("partner", "partner_id"),
        ref("document", "replaces_id"),
        Index(
            "uq_document_standing",
            "tenant_id",
            "kind",
            "partner_id",
            "period_from",
            "period_to",
            unique=True,
            postgresql_where=text("voided_at is null"),
        ),
        Index("ix_document_period", "tenant_id", "period_from", "id"),
    )


class DocumentNumber(Model):
    """The last number that a kind of document got in a year. Its lock makes numbers without gaps."""

    __tablename__ = "document_number"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    kind: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]


class DocumentText(Model):
    """The merchant's own words of a kind of document in a language."""

    __tablename__ = "document_text"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    kind: Mapped[str] = mapped_column(primary_key=True)
    locale: Mapped[str] = mapped_column(primary_key=True)
    words: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime]
