"""Messages from Partnerka: Standard Webhooks, verified before they are read."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from partnerka.errors import PartnerkaError

if TYPE_CHECKING:
    from collections.abc import Mapping

TOLERANCE = 300  # seconds between the sender's clock and ours


class SignatureError(PartnerkaError):
    """The message is not from Partnerka, or too old, or changed on its way: answer 400 and do nothing."""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened. `id` is the same at each try: it is what makes two copies one.

    Messages come in any order; of two about the same thing the one with the greater `position` holds.
    """

    id: str
    type: str
    timestamp: str
    position: int
    data: dict[str, Any]


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a message: "v1," and base64 of HMAC-SHA256 over `<id>.<timestamp>.<body>`."""
    signed = f"{message_id}.{timestamp}.".encode("utf-8", "replace") + body
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def verify(
    secret: str, headers: Mapping[str, str], body: bytes, *, now: float | None = None
) -> Event:
    """Return the event of a message whose signature holds. `body` is the raw body, byte for byte.

    Raises SignatureError. While a secret is being changed a message has a signature by each; one is enough.
    """
    said = {name.lower(): value for name, value in headers.items()}
    message_id = said.get("webhook-id", "")
    stamp = said.get("webhook-timestamp", "")
    if not message_id or not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
        message = "webhook-id or webhook-timestamp is missing"
        raise SignatureError(message)
    if abs((time.time() if now is None else now) - int(stamp)) > TOLERANCE:
        message = "the message is too old, or from the future"
        raise SignatureError(message)
    good = sign(secret, message_id, int(stamp), body).encode()
    given = said.get("webhook-signature", "").split()
    if not any(hmac.compare_digest(good, each.encode("utf-8", "replace")) for each in given):
        message = "no signature holds"
        raise SignatureError(message)
    return _event(body)


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError) as error:
        message = "the secret is base64 behind whsec_"
        raise SignatureError(message) from error


def _event(body: bytes) -> Event:
    try:
        said = json.loads(body)
        return Event(
            id=str(said["id"]),
            type=str(said["type"]),
            timestamp=str(said["timestamp"]),
            position=int(said["position"]),
            data=dict(said["data"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        message = "the body is no event"
        raise SignatureError(message) from error
