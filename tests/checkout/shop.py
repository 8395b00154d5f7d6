"""Gleb, who has bonuses at Lampa, and what the shop says of his orders."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from app import clock
from app.bonuses import queries
from app.bonuses import service as bonuses
from app.bonuses.rules import Grant
from app.extensions import db
from app.members.service import Contact, resolve
from app.tenancy import public_id
from app.tenants.service import change_settings

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

GLEB = "77"
ORDER: dict[str, Any] = {
    "status": "paid",
    "version": 1,
    "created_at": "2026-11-22T09:58:00+03:00",
    "currency": "RUB",
    "customer": {"id": GLEB},
    "lines": [
        {"id": "1", "category": "lamps", "quantity": "2", "price": "1000.00", "discount": "100.00"},
        {"id": "2", "category": "bulbs", "quantity": "1", "amount": "300.00"},
    ],
    "shipping": "300.00",
}


def said(spend: str | None = "200.00", **changes: Any) -> dict[str, Any]:
    bonus = {"bonus": {"spend": spend}} if spend is not None else {}
    return copy.deepcopy(ORDER) | bonus | changes


def member(lampa: Merchant, external_id: str = GLEB) -> int:
    contact = Contact(lampa.shop_id, external_id, None, None, None, None, clock.now())
    [found] = resolve([contact])
    assert found.member_id is not None
    return found.member_id


def open_account(app: App, lampa: Merchant, amount: int = 100_000, **program: Any) -> int:
    """Switch loyalty on and give Gleb bonuses; return his number."""
    with app.app_context(), lampa.scope():
        change_settings({"loyalty": True})
        if program:
            bonuses.change_program(program)
        gleb = member(lampa)
        if amount:
            credit(gleb, amount)
        db.session.commit()
    return gleb


def credit(member_id: int, amount: int) -> None:
    reference = f"hand:{public_id('be')}"
    bonuses.grant([Grant(member_id=member_id, amount=amount, reference=reference, kind="hand")])


def balance(app: App, lampa: Merchant, member_id: int) -> queries.Balance:
    with app.app_context(), lampa.scope():
        return queries.balance(member_id)


def put(client: FlaskClient, lampa: Merchant, body: Any, external_id: str = "A1") -> Any:
    return client.put(f"/api/v1/orders/{external_id}", json=body, headers=lampa.bearer)


def post(client: FlaskClient, lampa: Merchant, path: str, body: Any = None) -> Any:
    return client.post(f"/api/v1/{path}", json=body or {}, headers=lampa.bearer)
