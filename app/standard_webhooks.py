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
    return _signature(secret, message, str(stamp), body)


def _signature(secret: str, message: str, stamp: str, body: bytes) -> str:
    key = b64decode(secret.removeprefix(PREFIX))
    signed = hmac.digest(key, f"{message}.{stamp}.".encode("utf-8", "replace") + body, "sha256")
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

    `now`: seconds.
    """
    stamp = said.get("webhook-timestamp", "")
    return is_stamp(stamp) and abs(int(stamp) - now) <= TOLERANCE and holds(secret, said, body)


def is_stamp(text: str) -> bool:
    """Tell whether a text counts seconds since 1970."""
    return text.isascii() and text.isdecimal() and len(text) <= 12


def holds(secret: str, said: Mapping[str, str], body: bytes) -> bool:
    """Tell whether a call is signed with the secret, whenever it was.

    Several signatures may stand in the header, apart by spaces; one good one is enough.
    """
    message, stamp = said.get("webhook-id", ""), said.get("webhook-timestamp", "")
    if not message or not is_stamp(stamp):
        return False
    wanted = _signature(secret, message, stamp, body).encode()
    given = said.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(each.encode("utf-8", "replace"), wanted) for each in given)


def is_secret(text: str) -> bool:
    """Tell whether a text is a secret as both sides keep it: the prefix, and base64 of 24 to 64 bytes."""
    try:
        key = b64decode(text.removeprefix(PREFIX), validate=True)
    except (ValueError, UnicodeEncodeError):
        return False
    return text.startswith(PREFIX) and 24 <= len(key) <= 64
