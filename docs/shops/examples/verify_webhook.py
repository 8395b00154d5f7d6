"""Check that a webhook of ours is ours. Use the raw body, before anything parses it.

Several signatures may stand in the header while a secret changes: one good one is enough. Keep the ids of
the last days (`webhook-id`) and pass over what has come before; do not rely on the order of messages.
"""

import base64
import hashlib
import hmac
import time

TOLERANCE = 300  # seconds that clocks may differ


def is_ours(secret: str, headers: dict, body: bytes) -> bool:
    """Tell whether a message is signed with the secret, just now. Names of headers in small letters."""
    message, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message or not stamp.isdecimal() or abs(time.time() - int(stamp)) > TOLERANCE:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{message}.{stamp}.".encode() + body, hashlib.sha256).digest()
    good = "v1," + base64.b64encode(mac).decode()
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(good.encode(), each.encode()) for each in given)
