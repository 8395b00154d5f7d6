"""The letters of a tenant, written and sent at once, without a worker."""

from __future__ import annotations

from sqlalchemy import select

from app import jobs
from app.extensions import db
from app.notifications.models import Message
from app.tenancy import PLATFORM


def deliver(tenant_id: int = PLATFORM) -> None:
    """Drain what happened, and send every letter of the tenant that is due."""
    jobs.drain()
    due = select(Message.id).where(Message.state == "due").order_by(Message.id)
    for message_id in jobs.in_transaction(lambda: db.session.scalars(due).all(), tenant_id):
        jobs.send_message(tenant_id, message_id)
