"""The handler file for editions without the sale methods: its steps of signing, and the order that it sends.

There is no PHP here: the file itself is not run. Its steps are taken one by one as docs/shops.md has them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path

from app.orders.schemas import OrderIn
from app.standard_webhooks import is_signed, new_secret

DOCS = Path(__file__).parents[2] / "docs"
HANDLER = (DOCS / "shops/bitrix/partnerka.php").read_text()


def sample() -> dict[str, object]:
    found: dict[str, object] = json.loads(
        (DOCS / "shops.md").read_text().split("```json", 1)[1].split("```", 1)[0]
    )
    return found


def test_the_steps_of_signing_are_those_that_we_check() -> None:
    secret, message, stamp = new_secret(), "bx_0123456789abcdef01234567", "1764540000"
    body = json.dumps(sample(), ensure_ascii=False).encode()
    key = base64.b64decode(secret[len("whsec_") :])
    digest = hmac.new(key, f"{message}.{stamp}.".encode() + body, hashlib.sha256).digest()
    headers = {
        "webhook-id": message,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
    assert is_signed(secret, headers, body, int(stamp))
    assert not is_signed(secret, headers, body + b" ", int(stamp))


def test_the_file_takes_those_steps() -> None:
    for step in (
        "base64_decode(substr(PARTNERKA_SECRET, strlen('whsec_')))",
        "base64_encode(hash_hmac('sha256', \"$message.$stamp.$body\", $key, true))",
        "setHeader('webhook-id', $message)",
        "setHeader('webhook-timestamp', $stamp)",
        "setHeader('webhook-signature', \"v1,$signature\")",
        "'OnSaleOrderSaved'",
        "'OnSaleOrderDeleted'",
    ):
        assert step in HANDLER
    assert HANDLER.count("(") == HANDLER.count(")")
    assert HANDLER.count("{") == HANDLER.count("}")
    assert HANDLER.count("[") == HANDLER.count("]")


def test_the_order_that_it_sends_is_one_of_our_interface_and_every_part_is_in_the_file() -> None:
    said = sample()
    data = said["data"]
    assert isinstance(data, dict)
    assert isinstance(data.pop("id"), str)
    OrderIn.model_validate_json(json.dumps(data))
    lines = data["lines"]
    for name in [*data, *lines[0], "order.deleted"]:
        assert f"'{name}'" in HANDLER
