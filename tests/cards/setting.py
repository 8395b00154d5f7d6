"""A merchant with bonuses and an SMS service on loopback, and customers with phones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from sqlalchemy import select

from app import jobs
from app.extensions import db
from app.members.models import Member
from app.notifications.models import Message
from app.tenants import service as tenants
from tests.sms.scene import set_up

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.application import App
    from tests.harness.peer import Peer
    from tests.world import Merchant

PHONE = "+79161234567"


class Till:
    """One merchant's page of cards, a phone that comes to it, and the SMS that arrive there."""

    def __init__(self, app: App, merchant: Merchant, peer: Peer) -> None:
        self.app, self.merchant, self.peer = app, merchant, peer
        set_up(merchant, peer)
        jobs.in_transaction(lambda: tenants.change_settings({"loyalty": True}), merchant.id)

    def at(self, path: str = "") -> str:
        return f"/{self.merchant.slug}/card/{path}"

    def customer(self, number: str = "77", phone: str = PHONE, name: str = "Gleb") -> int:
        """Let the shop name a customer; return our id."""
        said = {"name": name, "phone": phone}
        client = self.app.test_client()
        answer = client.put(f"/api/v1/members/{number}", json=said, headers=self.merchant.bearer)
        assert answer.status_code == 200, answer.text
        with self.app.app_context(), self.merchant.scope():
            found = db.session.scalar(select(Member.id).where(Member.key == f"id:{number}"))
            db.session.rollback()
        assert found is not None
        return int(found)

    def ask(self, client: FlaskClient, phone: str = PHONE) -> TestResponse:
        return client.post(self.at("ask"), data={"phone": phone})

    def texts(self) -> list[str]:
        """Send what waits, and return the SMS that went, oldest first."""
        waiting = select(Message.id).where(Message.channel == "sms", Message.state == "due")

        def look() -> list[int]:
            return list(db.session.scalars(waiting.order_by(Message.id)))

        with self.app.app_context():
            for message in jobs.in_transaction(look, self.merchant.id):
                jobs.send_message(self.merchant.id, message)
        return [unquote(asked.body) for asked in self.peer.asked]

    def code(self) -> str:
        """Return the code of the newest SMS."""
        found = re.search(r"text=(\d{6}) ", self.texts()[-1])
        assert found
        return found[1]

    def enter(self, client: FlaskClient, code: str) -> TestResponse:
        return client.post(self.at("code"), data={"code": code})

    def sign_in(self, client: FlaskClient, phone: str = PHONE) -> FlaskClient:
        """Come in as the customer of a phone."""
        assert self.ask(client, phone).status_code == 303
        assert self.enter(client, self.code()).status_code == 303
        return client
