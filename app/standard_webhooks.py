"""How signed messages between servers look: secrets, signatures, and the check of one.

After the Standard Webhooks specification: the headers `webhook-id`, `webhook-timestamp` and
`webhook-signature`, the last with `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, several of
them apart by spaces while a secret changes.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PREFIX = "whsec_"
TOLERANCE = 300  # seconds that the clocks may differ


def new_secret(size: int = 24) -> str:
    """Return a new secret of `size` random bytes (24 to 64), as both sides keep it."""
    return PREFIX + b64encode(secrets.token_bytes(size)).decode()


def signature(secret: str, message: str, stamp: int, body: bytes) -> str:
    """Sign a message with an id, sent at a second since 1970."""
    key = b64decode(secret.removeprefix(PREFIX))
    signed = hmac.digest(key, f"{message}.{stamp}.".encode() + body, "sha256")
    return f"v1,{b64encode(signed).decode()}"


def headers(owned: Sequence[str], message: str, stamp: int, body: bytes) -> dict[str, str]:
    """Return the headers of a message, signed with each of the secrets."""
    return {
        "webhook-id": message,
        "webhook-timestamp": str(stamp),
        "webhook-signature": " ".join(signature(each, message, stamp, body) for each in owned),
    }


def is_signed(secret: str, said: Mapping[str, str], body: bytes, now: int) -> bool:
    """Tell whether a call is signed with the secret and its time is ours, give or take five minutes.

    Several signatures may stand in the header, apart by spaces; one good one is enough. `now`: seconds.
    """
    message, stamp = said.get("webhook-id", ""), said.get("webhook-timestamp", "")
    if not message or not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
        return False
    if abs(int(stamp) - now) > TOLERANCE:
        return False
    wanted = signature(secret, message, int(stamp), body).encode()
    given = said.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(each.encode(), wanted) for each in given)
