"""The kinds of shop: those that we can call, and all that can call us."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.errors import NotFound
from app.intake.shops import woocommerce

if TYPE_CHECKING:
    from app.intake.shops import Connector, Listener

CALLED: dict[str, Connector] = {woocommerce.kind: woocommerce}
_HEARD: dict[str, Listener] = {}
CONNECTORS: dict[str, Listener] = {**CALLED, **_HEARD}


def listener(kind: str) -> Listener:
    """Return a kind of shop. Raises NotFound for another."""
    if kind not in CONNECTORS:
        raise NotFound
    return CONNECTORS[kind]


def connector(kind: str) -> Connector:
    """Return a kind of shop that we can call. Raises NotFound for another."""
    if kind not in CALLED:
        raise NotFound
    return CALLED[kind]
