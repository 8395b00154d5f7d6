"""Numbers, words with places, and what an act is about."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from app.documents.rules import (
    LONGEST_WORDS,
    Content,
    Kind,
    Row,
    Words,
    earned,
    filled,
    label,
    problems,
    sum_of,
)
from app.statements.rules import Line, Part, Totals

AT = datetime(2026, 9, 3, tzinfo=UTC)
WORDS = Words("{partner}, {number}", "", "", "", "")


def test_a_number_is_read_with_its_kind_and_year() -> None:
    assert label("act", 2026, 17) == "A-2026-17"
    assert label("reconciliation", 2026, 1) == "R-2026-1"


def test_an_act_is_about_what_was_earned_and_the_others_about_what_stands() -> None:
    totals = Totals(500, {Part.CREDITED: 1000, Part.REVERSED: -200, Part.WITHDRAWN: -700})
    assert sum_of(Kind.ACT, totals) == 800
    assert sum_of(Kind.STATEMENT, totals) == 600


def test_corrections_of_closed_months_stand_apart() -> None:
    lines = [
        Line(1, AT, "accrual", 1000, 1000),
        Line(2, AT, "clawback", -300, 700, corrects=date(2026, 8, 1)),
        Line(3, AT, "accrual", 500, 1200),
        Line(4, AT, "payout_left", -1200, 0),
    ]
    assert earned(lines) == [(Part.CREDITED, None, 1500), (Part.REVERSED, date(2026, 8, 1), -300)]


def test_a_value_is_never_a_place_itself() -> None:
    content = Content(WORDS, {"partner": "{number} {closing}"}, 0, {}, 0)
    assert filled(content, "A-2026-1").title == "{number} {closing}, A-2026-1"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"title": "{partner} {month}"}, {}),
        ({"title": "{password}"}, {"title": "{password}"}),
        ({"intro": "{{ config }} {partner.details} {number!r}"}, {}),  # no places: words
        ({"title": "x" * (LONGEST_WORDS["title"] + 1)}, {"title": "long"}),
    ],
)
def test_words_may_name_what_is_known_and_nothing_else(
    words: dict[str, str], expected: dict[str, str]
) -> None:
    assert problems(words) == expected


def test_what_was_kept_is_read_as_it_was() -> None:
    content = Content(
        WORDS, {"partner": "Anna"}, 1, {"credited": 2}, 3, (Row("2026-09-01", "a", "b", 4, 5),)
    )
    assert Content.from_json(content.to_json()) == content
