"""Lampa's shop, its secret, and Gleb, who is signed in there."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app import clock
from app.extensions import db
from app.tenants import queries as tenants
from app.widget import service
from app.widget.rules import signed_token
from tests.checkout.shop import GLEB, open_account, said

if TYPE_CHECKING:
    from datetime import datetime

    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

LINES = said()["lines"]


class Shop:
    """A shop that has a secret and signs tokens with it, and its customer."""

    def __init__(self, app: App, merchant: Merchant, amount: int = 100_000, **program: Any) -> None:
        self.app, self.merchant = app, merchant
        self.address = f"10.46.{secrets.randbelow(250)}.{secrets.randbelow(250)}"
        self.gleb = open_account(app, merchant, amount, **program)
        with app.app_context(), merchant.scope():
            key, self.secret = service.make_key(merchant.shop_id)
            self.key = key.public_id
            shop = tenants.shop_by_id(merchant.shop_id)
            assert shop is not None
            self.origin = f"https://{shop.domain}"
            db.session.commit()

    def token(self, customer: str = GLEB, until: datetime | None = None) -> str:
        ends = until or clock.wall() + timedelta(hours=1)
        return signed_token(self.key, self.secret, customer, ends)

    def ask(
        self,
        client: FlaskClient,
        token: str | None = None,
        *,
        origin: str | None = None,
        merchant: Merchant | None = None,
        **body: Any,
    ) -> Any:
        headers = {"Origin": origin or self.origin}
        if token != "":
            headers["Authorization"] = f"Bearer {token or self.token()}"
        where = f"/w/{(merchant or self.merchant).slug}/wallet"
        return client.post(
            where, json=body, headers=headers, environ_overrides={"REMOTE_ADDR": self.address}
        )


def refusal(answer: Any) -> tuple[int, str]:
    """Return an answer's status and the last word of its type."""
    assert answer.mimetype == "application/problem+json", answer.text
    assert "balance" not in answer.text
    assert "available" not in answer.text
    return answer.status_code, answer.get_json()["type"].rpartition(":")[2]
