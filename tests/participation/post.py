"""Letters of a shop, sent as the worker sends them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app import jobs
from app.extensions import db
from app.notifications.models import Message

if TYPE_CHECKING:
    from tests.partners.calls import Shop


def send_letters(shop: Shop) -> None:
    """Drain the events, and try each letter that waits once."""
    with shop.app.app_context():
        jobs.drain()
        waiting = jobs.in_transaction(
            lambda: db.session.scalars(select(Message.id).where(Message.state == "due")).all(),
            shop.id,
        )
        for message_id in waiting:
            jobs.send_message(shop.id, message_id)
