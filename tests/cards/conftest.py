from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cards.setting import Till
from tests.harness.peer import Peer
from tests.sms.scene import open_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App
    from tests.world import Merchant


@pytest.fixture
def peer(app: App) -> Iterator[Peer]:
    """Somebody's SMS service."""
    made = Peer()
    before = open_to(app, made.place)
    yield made
    app.extensions["partnerka"] = before
    made.close()


@pytest.fixture
def till(app: App, peer: Peer, lampa: Merchant, _sound: None) -> Till:
    with app.app_context():
        return Till(app, lampa, peer)
