"""Tell Partnerka of orders without a key: the signed webhook, and the signed postback."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx

from partnerka.errors import Unreachable, error_of
from partnerka.money import plain
from partnerka.transport import AGAIN, Policy
from partnerka.webhooks import sign

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class OrderHook:
    """A channel's address and secret (`whsec_…`). A message keeps its id at each try, so it is booked once."""

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        policy: Policy | None = None,
        http: httpx.Client | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Keep where to send and how often to try."""
        self._url, self._secret = url, secret
        self._policy = policy or Policy()
        self._http = http or httpx.Client(timeout=15.0)
        self._sleep, self._clock = sleep, clock

    def send_order(self, order: Mapping[str, Any], *, message_id: str | None = None) -> str:
        """Send how an order stands now, with its `id`; return the message's id.

        Raises APIError for what cannot stand, Unreachable after all tries.
        """
        return self._send(dict(order), message_id)

    def send_deleted(self, order_id: str, *, message_id: str | None = None) -> str:
        """Say that the shop deleted an order."""
        return self._send({"type": "order.deleted", "data": {"id": order_id}}, message_id)

    def _send(self, said: dict[str, Any], message_id: str | None) -> str:
        body = json.dumps(plain(said), ensure_ascii=False).encode()
        name = message_id or f"msg_{uuid.uuid4()}"
        for tried in range(1, self._policy.tries + 1):
            last = tried == self._policy.tries
            stamp = int(self._clock())  # signed anew: an old message is refused
            headers = {
                "Content-Type": "application/json",
                "webhook-id": name,
                "webhook-timestamp": str(stamp),
                "webhook-signature": sign(self._secret, name, stamp, body),
            }
            try:
                answer = self._http.post(self._url, content=body, headers=headers)
            except httpx.TransportError as error:
                if last:
                    raise Unreachable(str(error)) from error
            else:
                if answer.status_code < 300:
                    return name
                if last or answer.status_code not in AGAIN:
                    raise error_of(answer.status_code, _json(answer))
            self._sleep(self._policy.pause(tried, None, 0.5))
        raise AssertionError


def postback_url(
    base_url: str, merchant: str, secret: str, *, at: float | None = None, **facts: Any
) -> str:
    """Return the address that reports a sale: `order`, `amount`, `currency`, `status`, `click` or `ref`."""
    said = {name: str(plain(value)) for name, value in facts.items() if value is not None}
    said["ts"] = str(int(time.time() if at is None else at))
    rest = urlencode(sorted(said.items()))
    proof = hmac.new(secret.encode(), rest.encode(), hashlib.sha256).hexdigest()
    return f"{base_url.rstrip('/')}/postback/{merchant}?{rest}&sig={proof}"


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None
