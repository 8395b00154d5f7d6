from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app import crypto

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App


@pytest.fixture(autouse=True)
def _context(app: App) -> Iterator[None]:
    with app.app_context():
        yield


def test_what_is_sealed_can_be_opened_and_looks_different_each_time() -> None:
    one, two = crypto.seal("секрет"), crypto.seal("секрет".encode())
    assert one != two
    assert crypto.open_sealed(one) == crypto.open_sealed(two) == "секрет"
    assert "секрет".encode() not in one


def test_a_damaged_seal_does_not_open() -> None:
    sealed = bytearray(crypto.seal("secret"))
    sealed[-1] ^= 1
    with pytest.raises(crypto.Unsealable):
        crypto.open_sealed(bytes(sealed))


def test_another_installations_seal_does_not_open(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = crypto.seal("secret")
    monkeypatch.setitem(
        app.extensions, "partnerka", replace(app.extensions["partnerka"], secret_key="x" * 40)
    )
    with pytest.raises(crypto.Unsealable):
        crypto.open_sealed(sealed)


def test_a_token_serves_its_purpose_only_and_not_for_ever() -> None:
    token = crypto.sign("reset", [1, "abc"])
    assert crypto.signed("reset", token, timedelta(minutes=1)) == [1, "abc"]
    assert crypto.signed("welcome", token, timedelta(minutes=1)) is None
    assert crypto.signed("reset", token + "x", timedelta(minutes=1)) is None
    assert crypto.signed("reset", token, timedelta(seconds=-1)) is None


def test_secrets_are_long_and_never_the_same() -> None:
    assert crypto.token("sk_live_") != crypto.token("sk_live_")
    assert len(crypto.token()) >= 43
    assert len(crypto.digest("a")) == 64
    assert crypto.signature("key", b"message") == crypto.signature("key", b"message")
