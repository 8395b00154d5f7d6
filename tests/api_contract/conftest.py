from __future__ import annotations

import pytest

from app.site import limits


@pytest.fixture(autouse=True)
def _as_many_calls_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table asks more in a second than a key may; the limit has tests of its own."""
    monkeypatch.setattr(limits.Calls.left, "__defaults__", (100_000,))
