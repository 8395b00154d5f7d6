from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.shops.scene import Desk, at_desk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App


@pytest.fixture
def desk(app: App) -> Iterator[Desk]:
    with at_desk(app) as made:
        yield made
