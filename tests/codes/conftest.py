"""Lampa as the stories of codes know it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.identity import service as identity
from app.partners import service as partners
from tests.partners.calls import PASSWORD, Shop

if TYPE_CHECKING:
    from app.application import App


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    """Lampa, with the partner Anna who can sign in."""
    shop = Shop(app, "Lampa")
    with shop.scope():
        anna = partners.create(
            partners.NewPartner(name="Anna", refcode="anna", email=f"anna@{shop.domain}")
        )
        assert anna.person_id is not None
        person = identity.ensure_person(f"anna@{shop.domain}", "Anna")
        identity.change_password(person, PASSWORD)
    return shop
