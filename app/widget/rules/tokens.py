"""The token by which a shop's server says which customer is signed in.

`pw1.<key>.<customer>.<until>.<signature>`: the key's outside id, the customer's external id in base64url
without padding, the end in seconds since 1970, and the hex HMAC-SHA256 of all before the last dot, by the
key's secret. Nothing in it is secret but to its reader, and it opens nothing but a balance.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

FORM = "pw1"
LONGEST_LIFE = timedelta(hours=24)
LEEWAY = timedelta(minutes=2)  # clocks of shops are not ours
LONGEST_CUSTOMER = 128
LONGEST_TOKEN = 900  # 128 characters of four bytes each, and the rest
_SHAPE = re.compile(
    r"pw1\.(wk_[0-9a-z]{16})\.([A-Za-z0-9_-]{1,684})\.([0-9]{1,11})\.([0-9a-f]{64})", re.ASCII
)


class TokenError(ValueError):
    """A token that opens nothing; `code` says why: malformed, signature, expired, lifetime."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Claim:
    """What a token says, whether it is true or not."""

    key: str
    customer: str
    until: datetime
    said: str  # what is signed
    signature: str


def signed_token(key: str, secret: str, customer: str, until: datetime) -> str:
    """Return a token as a shop's server makes it."""
    name = base64.urlsafe_b64encode(customer.encode()).rstrip(b"=").decode()
    said = f"{FORM}.{key}.{name}.{int(until.timestamp())}"
    return f"{said}.{_sign(secret, said)}"


def read_token(text: str) -> Claim:
    """Return what a token says. Raises TokenError for what is none."""
    found = _SHAPE.fullmatch(text) if len(text) <= LONGEST_TOKEN else None
    if found is None:
        raise TokenError("malformed")
    key, name, until, signature = found.groups()
    try:
        customer = base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise TokenError("malformed") from error
    if not 0 < len(customer) <= LONGEST_CUSTOMER or "\x00" in customer:
        raise TokenError("malformed")
    ends = datetime.fromtimestamp(int(until), UTC)
    return Claim(key, customer, ends, text.rpartition(".")[0], signature)


def check(claim: Claim, secret: str, now: datetime) -> None:
    """Raise TokenError unless the secret's owner said it, and it holds now, and not for too long."""
    if not hmac.compare_digest(_sign(secret, claim.said), claim.signature):
        raise TokenError("signature")
    if claim.until <= now:
        raise TokenError("expired")
    if claim.until > now + LONGEST_LIFE + LEEWAY:
        raise TokenError("lifetime")


def _sign(secret: str, said: str) -> str:
    return hmac.new(secret.encode(), said.encode(), hashlib.sha256).hexdigest()
