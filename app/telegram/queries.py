"""Read the merchant's bot and who reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from app.extensions import db
from app.telegram.models import Bot, Chat

if TYPE_CHECKING:
    from collections.abc import Iterable


def bot() -> Bot | None:
    """Return the merchant's bot."""
    return db.session.scalar(select(Bot))


def chats(recipients: Iterable[str]) -> dict[str, int]:
    """Return {recipient: chat} of those who read in Telegram."""
    query = select(Chat.recipient, Chat.chat_id).where(Chat.recipient.in_(set(recipients)))
    return {row.recipient: row.chat_id for row in db.session.execute(query)}


def chat_of(recipient: str) -> Chat | None:
    """Return somebody's chat."""
    return db.session.scalar(select(Chat).where(Chat.recipient == recipient))


def readers() -> int:
    """Return how many chats are linked."""
    return db.session.scalar(select(func.count()).select_from(Chat)) or 0


def asked_bots(limit: int = 500) -> list[tuple[int, int]]:
    """Return (tenant, id) of bots that are to be asked for updates; to be asked as partnerka_drain."""
    query = select(Bot.tenant_id, Bot.id).where(Bot.mode == "poll").order_by(Bot.id).limit(limit)
    return [(row.tenant_id, row.id) for row in db.session.execute(query)]
