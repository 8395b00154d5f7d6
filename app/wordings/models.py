"""What the merchant changed of our messages to customers, and messages of his own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped

from app.extensions import Model
from app.tenancy import Tenanted


class Wording(Tenanted, Model):
    """One message as the merchant has it: {language: {subject, body, sms}}; languages of ours may lack."""

    __tablename__ = "wording"

    code: Mapped[str]  # one of rules.CODES, or "tx_…": a message of the merchant's own
    title: Mapped[str | None]  # of his own
    texts: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]

    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        CheckConstraint("(title is not null) = (code like 'tx\\_%')", name="title"),
    )
