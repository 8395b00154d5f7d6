"""Send an order by the signed webhook. Environment: HOOK (the delivery address), SECRET (whsec_...).

python send_order.py order.json
"""

import base64
import hashlib
import hmac
import os
import sys
import time
import urllib.error
import urllib.request
import uuid


def sign(secret: str, message: str, stamp: str, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{message}.{stamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(mac.digest()).decode()


def send(hook: str, secret: str, body: bytes, message: str) -> None:
    """Send one message. Try again with the SAME message id until it returns."""
    stamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": stamp,
        "webhook-signature": sign(secret, message, stamp, body),
    }
    request = urllib.request.Request(hook, data=body, headers=headers, method="POST")
    with urllib.request.urlopen(request, timeout=10):
        pass  # 200: it is kept, and booked within a second


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:
        order = file.read()
    try:
        send(os.environ["HOOK"], os.environ["SECRET"], order, f"msg_{uuid.uuid4()}")
        print("sent")
    except urllib.error.HTTPError as error:
        # 400, 403, 409, 422: mend it, trying again is of no use; 429 and 5xx: try again later.
        print(error.code, error.read().decode(), file=sys.stderr)
        sys.exit(1)
