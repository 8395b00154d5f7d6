"""Shops with nine partners one above the other, and what their customers order."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from app.bonuses import service as bonuses
from app.bonuses.rules import Grant
from app.extensions import db
from app.intake.shops import inbox, woocommerce
from app.partners.service import NewPartner, create
from app.profiles import service as profiles
from app.programs import queries as programs
from app.programs import service as programs_service
from app.tenants import service as tenants
from bench.replay import request

if TYPE_CHECKING:
    from bench.stage import Stage

LEVELS = ["10%", "5%", "4%", "3%", "2%", "1%", "1%", "1%", "1%"]
ENTRIES = 2 * len(LEVELS)  # an order has two lines
# After the partners came, whose places and terms are dated.
PLACED = f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}"
KEYS = 24  # a key may make 150 calls a second
_numbers = count(1)
MEMBERS = 4_000  # of a loyal shop, each with a gift
GIFT, SPEND = 100_000, "50.00"
_MEMBERS = """
INSERT INTO member (shop_id, key, name, created_at)
SELECT :shop, 'id:loyal' || n, 'Customer ' || n, :now FROM generate_series(0, :number - 1) AS g(n)
RETURNING id
"""


@dataclass(frozen=True)
class Shop:
    """A merchant's shop: its hook, its keys, the code of the lowest of nine partners."""

    tenant_id: int
    shop_id: int
    connection_id: int
    hook: str  # path
    secret: str
    keys: tuple[str, ...]
    code: str


def open_shop(stage: Stage, name: str, keys: int = 1) -> Shop:
    """Make one, committed."""
    with stage.app.app_context():
        made = stage.merchant(name)
        with stage.scope(made.tenant.id):
            programs_service.change_terms(programs.base_terms(), levels=LEVELS)
            sponsor, code = None, ""
            for number in range(len(LEVELS)):
                partner = create(NewPartner(name=f"P{number}", sponsor_id=sponsor))
                sponsor, code = partner.id, partner.refcode
            connection, secret = inbox.connect(made.shop.id, woocommerce.kind)
            given = [
                tenants.make_key(made.shop.id, f"bench {n}", ["orders"], "live").secret
                for n in range(keys)
            ]
            shop = Shop(
                made.tenant.id,
                made.shop.id,
                connection.id,
                f"/hooks/woocommerce/{connection.public_id}",
                secret,
                tuple(given),
                code,
            )
        db.session.commit()
    return shop


def open_loyal_shop(stage: Stage, name: str, keys: int = 1) -> Shop:
    """Make one whose customers earn by the rule that comes with loyalty, and have bonuses to spend."""
    shop = open_shop(stage, name, keys)
    with stage.app.app_context(), stage.scope(shop.tenant_id):
        tenants.change_settings({"loyalty": True})
        profiles.begin()
        values = {"shop": shop.shop_id, "number": MEMBERS, "now": datetime.now(UTC)}
        ids = db.session.scalars(text(_MEMBERS), values).all()
        gifts = [
            Grant(member_id=member, amount=GIFT, reference=f"bench:{member}", kind="hand")
            for member in ids
        ]
        bonuses.grant(gifts, quiet=True)
        db.session.commit()
    return shop


def delivery(shop: Shop) -> bytes:
    """Return the body of a webhook about a new completed order of a new customer, two lines."""
    n = next(_numbers)
    items = [
        {"id": line, "product_id": 10 + line, "name": f"Lamp {line}", "quantity": 1,
         "total": f"{500 * line}.00", "total_tax": "0.00"}
        for line in (1, 2)
    ]  # fmt: skip
    said: dict[str, Any] = {
        "id": n, "number": str(n), "status": "completed", "currency": "RUB",
        "date_created_gmt": PLACED, "date_modified_gmt": PLACED,
        "date_paid_gmt": PLACED, "date_completed_gmt": PLACED, "customer_id": n,
        "billing": {"first_name": "Gleb", "email": f"gleb{n}@example.com"},
        "line_items": items,
        "meta_data": [{"key": woocommerce.CODE, "value": shop.code}],
    }  # fmt: skip
    return json.dumps(said).encode()


def hook_call(shop: Shop) -> bytes:
    """Return a signed webhook as it travels."""
    body = delivery(shop)
    digest = hmac.new(shop.secret.encode(), body, hashlib.sha256).digest()
    headers = {
        "Content-Type": "application/json",
        "X-WC-Webhook-Topic": "order.updated",
        "X-WC-Webhook-Signature": base64.b64encode(digest).decode(),
    }
    return request("POST", shop.hook, headers, body)


def put_call(shop: Shop) -> bytes:
    """Return a call of the API about a new completed order of a new customer, two lines."""
    return _put(shop, next(_numbers))


def loyal_call(shop: Shop) -> bytes:
    """Return such a call about a customer with an account, who spends bonuses on every other order."""
    n = next(_numbers)
    return _put(shop, n, customer=f"loyal{n % MEMBERS}", spend=SPEND if n % 2 else "0.00")


def _put(shop: Shop, n: int, customer: str | None = None, spend: str | None = None) -> bytes:
    said = {
        "status": "completed", "version": 1, "currency": "RUB",
        "created_at": f"{PLACED}Z", "updated_at": f"{PLACED}Z",
        "customer": {"id": customer or f"c{n}", "email": f"gleb{n}@example.com"},
        "lines": [
            {"id": "1", "product": "lamp", "quantity": "2", "price": "1000.00"},
            {"id": "2", "product": "shade", "quantity": "1", "price": "500.00"},
        ],
        "ref": shop.code,
    }  # fmt: skip
    if spend is not None:
        said["bonus"] = {"spend": spend}
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {shop.keys[n % len(shop.keys)]}",
    }
    return request("PUT", f"/api/v1/orders/o{n}", headers, json.dumps(said).encode())
