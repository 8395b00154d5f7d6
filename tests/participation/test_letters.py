"""The letters of joining, to the team and to those who join."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app.extensions import db
from app.participation import service
from app.participation.models import JoinRequest
from app.participation.rules import Kind, options_of
from app.tenants import service as tenants
from tests.participation.post import send_letters
from tests.partners.calls import Shop

if TYPE_CHECKING:
    from app.application import App
    from tests.harness.mailbox import Mailbox


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    return Shop(app, "Lampa")


def test_the_merchant_reads_the_answers_in_the_letter(lampa: Shop, mailbox: Mailbox) -> None:
    with lampa.scope():
        tenants.change_settings({"registration": "manual"})
        options = options_of({"en": ["Blog", "Market"]})
        service.make_question(Kind.CHOICE, {"en": "Main place"}, help_text={}, options=options)
        service.make_question(Kind.YES, {"en": "Own shop"}, help_text={})
    said = {"name": "Gleb", "email": "gleb@example.org", "accepted": "y", "version": "1"}
    said |= {"q_main-place": "market", "q_own-shop": "y"}
    assert lampa.app.test_client().post(f"/{lampa.slug}/join", data=said).status_code == 303
    send_letters(lampa)
    [letter] = [m for m in mailbox.to(lampa.owner) if "application" in str(m["Subject"])]
    body = letter.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    for words in ("Gleb", "Main place: Market", "Own shop: Yes"):
        assert words in text


def test_an_application_decided_before_its_letter_left_gets_none(
    lampa: Shop, mailbox: Mailbox
) -> None:
    with lampa.scope():
        service.set_entry(1, [], [])
        said = service.Applicant(name="Gleb", email="gleb@example.org", accepted_version=1)
        assert service.apply(said) is None
        service.confirm(db.session.scalars(select(JoinRequest)).one())
    send_letters(lampa)
    assert mailbox.to("gleb@example.org") == []
