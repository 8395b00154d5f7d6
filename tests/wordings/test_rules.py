"""What may stand in a message to customers, and how long an SMS is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.placeholders import places
from app.profiles.rules.presets import PRESETS
from app.wordings import rules
from app.wordings.forms import MEANS, TITLES

WHOLE = {"subject": "News", "body": "Hello, {name}", "sms": "News"}


@pytest.mark.parametrize("locale", ["en", "ru"])
@pytest.mark.parametrize("code", rules.CODES)
def test_ours_are_whole_in_both_languages(code: str, locale: str) -> None:
    said = rules.ours(code)[locale]
    assert not list(rules.problems({locale: said}))
    assert rules.tidied({locale: said}) == {locale: said}


def test_every_profile_has_a_message_that_its_preset_sends() -> None:
    for profile, preset in PRESETS.items():
        sent = [e["message"] for e in preset.body(100)["effects"] if e["do"] == "notify"]
        assert sent == [profile]
        assert profile in rules.CODES
    assert TITLES.keys() == set(rules.CODES)
    assert MEANS.keys() == set(rules.PLACES)


def test_ours_fit_into_few_parts() -> None:
    values = {"shop": "Lampa", "amount": "100", "usable": "at once", "balance": "350"}
    values |= {
        "valid": "until Dec 5, 2026, 12:00 PM",
        "coupon": "K7F2-9QXM",
        "rank": "Silver",
        "day": "Dec 5, 2026",
    }
    values |= {"lacks": "2 more orders"}
    for code in rules.CODES:
        for said in rules.ours(code).values():
            assert rules.sms_parts(rules.sms_text(said, values))[1] <= 2, code


def test_what_letters_to_customers_say_of_bonuses_is_whole() -> None:
    for code in rules.CODES:
        if code in {"spend", "withdrawal", "inactivity", "rank", "rank_warning", "coupon"}:
            continue
        for said in rules.ours(code).values():
            named = set(places(said["subject"] + said["body"]))
            assert {"name", "shop", "amount", "valid"} <= named, code


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"subject": ""}, ("en", "subject", "empty")),
        ({"sms": "x" * 601}, ("en", "sms", "long")),
        ({"body": "{password}"}, ("en", "body", "place:password")),
        ({"sms": "{name} {naem}"}, ("en", "sms", "place:naem")),
    ],
)
def test_what_cannot_go_out_is_named(changed: dict[str, str], why: tuple[str, str, str]) -> None:
    assert list(rules.problems({"en": WHOLE | changed})) == [why]


def test_a_place_is_a_name_and_nothing_else() -> None:
    strange = "{name.__class__} {0} {{name}} {name!r} {% if x %}"
    assert rules.sms_text({"sms": strange}, {"name": "{shop}", "shop": "Lampa"}) == (
        "{name.__class__} {0} {{shop}} {name!r} {% if x %}"
    )


@pytest.mark.parametrize(
    ("text", "length", "parts"),
    [
        ("a" * 160, 160, 1),
        ("a" * 161, 161, 2),
        ("a" * 306, 306, 2),
        ("a" * 307, 307, 3),
        ("я" * 70, 70, 1),
        ("я" * 71, 71, 2),
        ("я" * 134, 134, 2),
        ("я" * 135, 135, 3),
        ("€" * 80, 160, 1),
        ("€" * 81, 162, 2),
        ("🎂", 2, 1),
    ],
)
def test_an_sms_is_so_many_parts_long(text: str, length: int, parts: int) -> None:
    assert rules.sms_parts(text) == (length, parts)


@given(st.text(max_size=500))
def test_more_text_is_never_fewer_parts(text: str) -> None:
    assert rules.sms_parts(text)[1] <= rules.sms_parts(text + "a")[1]


def test_a_language_that_says_what_ours_says_is_not_kept() -> None:
    own = rules.ours("order") | {"en": WHOLE}
    assert rules.changed("order", rules.tidied(own)) == {"en": WHOLE}
    assert rules.standing("order", {"en": WHOLE}) == own
