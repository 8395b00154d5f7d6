from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.shops.prestas import opened
from tests.shops.scene import Desk, at_desk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App
    from tests.shops.fake_prestashop import FakePrestaShop


@pytest.fixture
def desk(app: App) -> Iterator[Desk]:
    with at_desk(app) as made:
        yield made


@pytest.fixture(params=["1.6", "8"])
def shop(request: pytest.FixtureRequest, app: App) -> Iterator[FakePrestaShop]:
    yield from opened(app, request.param)


@pytest.fixture
def old(app: App) -> Iterator[FakePrestaShop]:
    yield from opened(app, "1.6")


@pytest.fixture
def new(app: App) -> Iterator[FakePrestaShop]:
    yield from opened(app, "8")
