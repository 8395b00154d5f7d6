"""Lampa and Kniga as the product makes them, in a transaction that is rolled back."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from app.onboarding.service import create_merchant

if TYPE_CHECKING:
    from app.onboarding.service import NewMerchant

_numbers = itertools.count()


def lampa() -> NewMerchant:
    """A merchant with a shop at lampa.example, in Moscow."""
    return _merchant("Lampa")


def kniga() -> NewMerchant:
    """The other merchant."""
    return _merchant("Kniga")


def _merchant(name: str) -> NewMerchant:
    slug = f"{name.lower()}-{next(_numbers)}"
    owner = f"owner@{slug}.example"
    return create_merchant(name, slug, owner, "RUB", "en", "Europe/Moscow", f"{slug}.example")
