"""What happened is told in words: every type of event, every letter and notice, in every language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flask_babel import force_locale

from app.events.rules import CATALOG
from app.notifications import forms
from app.notifications.office import KINDS
from app.notifications.rules import NOTICES, RULES, To
from app.web.happenings import HAPPENINGS, happening
from tests.house.tree import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.application import App

UNSUBSCRIBE = TEMPLATES / "notifications" / "public" / "unsubscribe.html"


def test_every_type_of_event_has_words_in_lists_of_activity() -> None:
    assert HAPPENINGS.keys() == CATALOG.keys()


def test_every_letter_has_words_in_the_list_of_messages() -> None:
    assert KINDS.keys() == RULES.keys() | {"sms.tried"}  # a trial is sent without an event's rule


def test_every_notice_has_its_switch_and_its_words_where_it_is_turned_off() -> None:
    # A mailing is the merchant's own act: he has no switch for it, its readers have.
    assert set(forms.FIELDS.values()) == set(NOTICES) - {"mailing.started"}
    page, switches = (
        UNSUBSCRIBE.read_text(),
        (UNSUBSCRIBE.parent.parent / "_notices.html").read_text(),
    )
    read = [kind for kind in NOTICES if RULES[kind].to is To.PARTNER]
    assert [kind for kind in read if f'"{kind}":' not in page] == []
    assert [name for name in forms.FIELDS if f"form.{name}" not in switches] == []


@pytest.mark.parametrize("words", [HAPPENINGS, KINDS], ids=["events", "letters"])
def test_the_words_are_said_in_russian_too(app: App, words: Mapping[str, object]) -> None:
    with app.test_request_context():
        with force_locale("en"):
            english = {kind: str(said) for kind, said in words.items()}
        with force_locale("ru"):
            russian = {kind: str(said) for kind, said in words.items()}
    assert [kind for kind in words if english[kind] == russian[kind]] == []
    assert [kind for kind in words if english[kind] == kind] == []


def test_a_type_from_elsewhere_is_shown_as_it_is(app: App) -> None:
    with app.test_request_context():
        assert happening("moon.risen") == "moon.risen"
