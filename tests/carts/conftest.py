from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.carts.shop import CartDesk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App


@pytest.fixture
def desk(app: App) -> Iterator[CartDesk]:
    made = CartDesk(app)
    made.begin()
    yield made
    made.close()
