"""Connectors: each kind of shop is one file that proves and reads what that shop sends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.orders.rules import Snapshot


@dataclass(frozen=True)
class OrderSaid:
    """The shop describes an order as it stands."""

    external_id: str
    snapshot: Snapshot


@dataclass(frozen=True)
class OrderGone:
    """The shop deleted an order."""

    external_id: str


@dataclass(frozen=True)
class Nothing:
    """A delivery about what we do not follow."""


Said = OrderSaid | OrderGone | Nothing


class Unreadable(ValueError):
    """A proven delivery that cannot be read; it is parked and shown to the merchant."""


class Connector(Protocol):
    """What every kind of shop offers; a new kind is one file with these and its tests.

    Names of headers are given in small letters.
    """

    kind: str
    words: Mapping[str, str]  # the shop's words for order states, as the kind has them

    def is_ping(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Return True for the unsigned trial call that a shop makes when a hook is set up."""

    def verify(self, headers: Mapping[str, str], body: bytes, secret: str) -> bool:
        """Return True when the signature over the raw body holds."""

    def topic(self, headers: Mapping[str, str]) -> str:
        """Return what the delivery says it is about."""

    def parse(self, topic: str, body: bytes, currency: str) -> Said:
        """Read a proven delivery, sums in minor units of the merchant's currency; raises Unreadable."""
