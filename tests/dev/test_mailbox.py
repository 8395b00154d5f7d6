"""SMS of a development machine are read beside its letters, and a card opens by them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app.extensions import db
from app.onboarding.demo import loyalty
from app.sms.models import Gateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant


@pytest.fixture
def kept(app: App, tmp_path: Path) -> Iterator[Path]:
    before = app.extensions["partnerka"]
    app.extensions["partnerka"] = replace(
        before, var_dir=tmp_path, public_url="http://127.0.0.1:1", egress_allow=("127.0.0.1:1",)
    )
    yield tmp_path
    app.extensions["partnerka"] = before


def test_an_sms_is_shown_beside_letters(kept: Path, client: FlaskClient) -> None:
    told = {"phone": "+79161234567", "text": "Ваш код: 123456\n<b>"}
    assert client.post("/dev/mailbox/sms", data=told).text == "OK"
    shown = client.get("/dev/mailbox/").text
    assert "SMS: Ваш код: 123456 &lt;b&gt;" in shown
    assert "+79161234567" in shown


@pytest.mark.parametrize("told", [{}, {"phone": "+7916"}, {"phone": "+7", "text": "x" * 2_000}])
def test_what_is_no_sms_is_refused(kept: Path, client: FlaskClient, told: dict[str, str]) -> None:
    assert client.post("/dev/mailbox/sms", data=told).status_code == 400
    assert not list(kept.glob("mail/*"))


def test_a_phone_with_a_line_break_is_one_line(kept: Path, client: FlaskClient) -> None:
    told = {"phone": "+7\r\nBcc: x@example.org", "text": "hello"}
    assert client.post("/dev/mailbox/sms", data=told).status_code == 200
    [letter] = kept.glob("mail/*.eml")
    assert b"\nBcc:" not in letter.read_bytes()


def test_the_demo_sends_sms_there_only_where_that_may_be_reached(
    app: App, kept: Path, lampa: Merchant
) -> None:
    with app.app_context(), lampa.scope():
        loyalty.open_sms()
        assert db.session.scalars(select(Gateway)).one().is_on
        db.session.rollback()
        app.extensions["partnerka"] = replace(app.extensions["partnerka"], egress_allow=())
        loyalty.open_sms()
        assert db.session.scalars(select(Gateway)).all() == []
