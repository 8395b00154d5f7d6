"""OAuth 1.0a as WooCommerce asks for it over plain http: consumer key and secret, no token. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

Pairs = list[tuple[str, str]]


def signed(
    method: str,
    url: str,
    query: Sequence[tuple[str, str]],
    key: str,
    secret: str,
    *,
    nonce: str,
    stamp: int,
) -> Pairs:
    """Return the query with the signature's parameters; `url` has none of its own."""
    known = [
        *query,
        ("oauth_consumer_key", key),
        ("oauth_nonce", nonce),
        ("oauth_signature_method", "HMAC-SHA256"),
        ("oauth_timestamp", str(stamp)),
    ]
    return [*known, ("oauth_signature", signature(method, url, known, secret))]


def signature(method: str, url: str, query: Sequence[tuple[str, str]], secret: str) -> str:
    """Sign a request: base64 of HMAC-SHA256 over method, address and sorted parameters."""
    pairs = sorted((_escape(name), _escape(value)) for name, value in query)
    joined = "&".join(f"{name}={value}" for name, value in pairs)
    text = "&".join((method.upper(), _escape(_plain(url)), _escape(joined)))
    made = hmac.digest(f"{secret}&".encode(), text.encode(), hashlib.sha256)
    return base64.b64encode(made).decode()


def encoded(query: Sequence[tuple[str, str]]) -> str:
    """Write parameters for an address; a slash may stand in a query as it is."""
    return "&".join(f"{_escape(name)}={quote(value, safe='-._~/')}" for name, value in query)


def _plain(url: str) -> str:
    """Return the address as it is signed: small letters in the host, no usual port, no query."""
    parts = urlsplit(url)
    host = parts.netloc.lower()
    usual = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    return f"{parts.scheme}://{host.removesuffix(usual)}{parts.path}"


def _escape(text: str) -> str:
    return quote(text, safe="-._~")
