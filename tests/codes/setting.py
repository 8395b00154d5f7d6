"""Where the pages of codes are, and an order with a code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app import clock

if TYPE_CHECKING:
    from tests.partners.calls import Shop


def page(lampa: Shop, path: str = "") -> str:
    return f"/{lampa.slug}/office/codes/{path}"


def order(lampa: Shop, number: str, code: str, **more: Any) -> Any:
    body = {
        "status": "paid",
        "currency": "RUB",
        "created_at": clock.wall().isoformat(),
        "customer": {"id": number, "email": f"{number}@example.org"},
        "lines": [{"id": "1", "quantity": "1", "price": "1000.00"}],
        "partner_code": code,
        **more,
    }
    answer = lampa.call("PUT", f"/orders/{number}", body)
    assert answer.status_code == 200, answer.text
    return answer.json
