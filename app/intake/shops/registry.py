"""The kinds of shop: those that we can call, and all that can call us."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.errors import NotFound
from app.intake.shops import bitrix, ecwid, insales, prestashop, shopify, signed, tilda, woocommerce

if TYPE_CHECKING:
    from app.intake.shops import Connector, Listener

CALLED: dict[str, Connector] = {
    woocommerce.kind: woocommerce,
    prestashop.kind: prestashop,
    bitrix.kind: bitrix,
    insales.kind: insales,
    ecwid.kind: ecwid,
}
_HEARD: dict[str, Listener] = {
    signed.kind: signed,
    shopify.kind: shopify,
    tilda.kind: tilda,
}
CONNECTORS: dict[str, Listener] = {**CALLED, **_HEARD}
# The channel that every shop has from the start: its secret signs postbacks, and messages of our own kind.
OWN = "postback"


def heard(kind: str) -> Listener:
    """Return what reads the messages of a kind of channel. Raises NotFound for another."""
    return listener(signed.kind if kind == OWN else kind)


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
