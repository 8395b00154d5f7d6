"""Anna, a partner at Lampa whom the shop leads into her cabinet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.world import Merchant


def make_partner(
    client: FlaskClient, merchant: Merchant, refcode: str = "anna", **said: Any
) -> str:
    body = {"refcode": refcode, "name": refcode.title(), **said}
    answer = client.post("/api/v1/partners", json=body, headers=merchant.bearer)
    assert answer.status_code == 201, answer.text
    return refcode


def link(client: FlaskClient, merchant: Merchant, refcode: str = "anna") -> dict[str, str]:
    answer = client.post(f"/api/v1/partners/{refcode}/session", headers=merchant.bearer)
    assert answer.status_code == 201, answer.text
    found: dict[str, str] = answer.get_json()
    return found


def path(url: str) -> str:
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")
