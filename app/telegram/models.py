"""The merchant's bot, codes that link a chat once, and the chats that are linked."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted


class Bot(Tenanted, Model):
    """The merchant's own bot; its token is sealed. `position`: updates up to it are done."""

    __tablename__ = "telegram_bot"

    token: Mapped[bytes]
    username: Mapped[str]
    mode: Mapped[str]
    position: Mapped[int] = mapped_column(server_default=text("0"))
    problem: Mapped[str | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id"),
        CheckConstraint("mode in ('webhook','poll')", name="mode"),
    )


class Code(Tenanted, Model):
    """A code that links one chat to somebody, once; only its hash is kept."""

    __tablename__ = "telegram_code"

    recipient: Mapped[str]  # "partner:7", "person:3"
    code_hash: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "code_hash"),
        Index("ix_telegram_code_recipient", "tenant_id", "recipient"),
    )


class Chat(Tenanted, Model):
    """Where somebody reads: one chat a recipient."""

    __tablename__ = "telegram_chat"

    recipient: Mapped[str]
    chat_id: Mapped[int]
    name: Mapped[str]
    linked_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "recipient"),
        Index("ix_telegram_chat_chat", "tenant_id", "chat_id"),
    )
