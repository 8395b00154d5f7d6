"""Client for Partnerka's API."""

from __future__ import annotations

from partnerka.client import Client, PartnerClient, Policy
from partnerka.errors import (
    APIError,
    Conflict,
    Denied,
    Invalid,
    NotFound,
    PartnerkaError,
    RateLimited,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from partnerka.hooks import OrderHook, postback_url
from partnerka.money import money
from partnerka.webhooks import Event, SignatureError, sign, verify

__all__ = [
    "APIError",
    "Client",
    "Conflict",
    "Denied",
    "Event",
    "Invalid",
    "NotFound",
    "OrderHook",
    "PartnerClient",
    "PartnerkaError",
    "Policy",
    "RateLimited",
    "SignatureError",
    "Unauthorized",
    "Unavailable",
    "Unreachable",
    "money",
    "postback_url",
    "sign",
    "verify",
]
