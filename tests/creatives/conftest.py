"""Fixtures of the shop with materials."""

from tests.creatives.shop import anna, manager, partner

__all__ = ["anna", "manager", "partner"]
