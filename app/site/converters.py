"""Kinds of values that stand in addresses."""

from __future__ import annotations

from werkzeug.routing import PathConverter


class Customer(PathConverter):
    """A customer's id in the shop, slashes and all; one that ends as a call about the customer does is that call."""

    regex = r"(?!.*/(?:bonuses|bonuses/entries|events|card)$)[^/].*?"
