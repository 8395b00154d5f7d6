from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.payruns.setting import desk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session, scoped_session


@pytest.fixture
def lampa_desk(db_session: scoped_session[Session]) -> Iterator[int]:
    with desk() as tenant:
        yield tenant
