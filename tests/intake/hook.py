"""A WooCommerce shop's hook, and its signed deliveries; bodies are whatever a test wants kept."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.extensions import db
from app.intake.models import Inbox
from app.intake.shops import inbox, woocommerce
from app.tenancy import tenant_scope

if TYPE_CHECKING:
    from app.application import App

SECRET = "whsec-harness"
TOPIC = "order.updated"


@dataclass(frozen=True)
class Hook:
    """An open connection, by value."""

    app: App
    tenant: int
    id: int
    address: str

    def kept(self) -> list[bytes]:
        """Return the bodies in the tenant's inbox, oldest first."""
        with self.app.app_context(), tenant_scope(self.tenant):
            query = select(Inbox.body).where(Inbox.connection_id == self.id).order_by(Inbox.id)
            return list(db.session.scalars(query))


def open_hook(app: App, tenant: int, shop: int) -> Hook:
    """Open one in the tenant's shop, committed."""
    with app.app_context():
        with tenant_scope(tenant):
            connection, _secret = inbox.connect(shop, woocommerce.kind, SECRET)
            made = Hook(app, tenant, connection.id, f"/hooks/woocommerce/{connection.public_id}")
        db.session.commit()
    return made


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """Return the headers of a delivery."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "X-WC-Webhook-Topic": TOPIC,
        "X-WC-Webhook-Signature": base64.b64encode(digest).decode(),
    }
