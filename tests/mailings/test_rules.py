from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.mailings.markup import clean
from app.mailings.rules import LIFECYCLE, Segment, State, percent, spread, text_problem

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_letters_of_a_minute_are_spread_over_it() -> None:
    moments = spread(NOW, 3, 60)
    assert [m - NOW for m in moments] == [timedelta(seconds=n) for n in range(3)]
    assert spread(NOW, 600, 600)[-1] < NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("subject", "body", "problem"),
    [
        ("News", "Hello, {name}: {balance}", None),
        ("", "Hello", ("subject", "empty")),
        ("News", " ", ("body", "empty")),
        ("x" * 201, "Hello", ("subject", "long")),
        ("News", "{password}", ("body", "place:password")),
    ],
)
def test_a_text_says_what_is_wrong_with_it(
    subject: str, body: str, problem: tuple[str, str] | None
) -> None:
    assert text_problem({"subject": subject, "body": body}) == problem


def test_a_segment_is_stored_and_read_again() -> None:
    for segment in (Segment(), Segment(refcodes=("anna",)), Segment(least=1, sales="none", days=7)):
        assert Segment.of(segment.stored()) == segment


def test_what_is_over_has_no_button() -> None:
    assert not LIFECYCLE.actions(State.DONE)
    assert not LIFECYCLE.actions(State.STOPPED)
    assert (percent(0, 0), percent(5, 10), percent(11, 10)) == (0, 50, 100)


@pytest.mark.parametrize(
    "nasty",
    [
        "<script>alert(1)</script>", '<p onclick="alert(1)">x</p>', '<a href="javascript:alert(1)">x</a>',
        "<svg onload=alert(1)><p>x</p></svg>", "<iframe src=https://evil.example></iframe>",
        "<form action=https://evil.example><input name=a></form>", "<style>@import url(//evil.example)</style>",
        '<img src=x onerror="alert(1)">', '<p hx-get="/x" data-hx-post="/y">x</p>', "<base href=//evil.example>",
        '<p style="background:url(https://evil.example/x)">x</p>', '<link rel=stylesheet href="//evil.example/a.css">',
        '<a href="data:text/html,x">x</a>', "<object data=x></object>", "<!--[if mso]><script>1</script><![endif]-->",
    ],
)  # fmt: skip
def test_nothing_that_acts_survives_in_pasted_html(nasty: str) -> None:
    cleaned = clean(f"<p>kept</p>{nasty}")
    assert "kept" in cleaned
    for word in (
        "script",
        "onclick",
        "onload",
        "onerror",
        "javascript",
        "evil",
        "hx-",
        "iframe",
        "data:",
    ):
        assert word not in cleaned.lower()


def test_styles_move_into_the_elements_and_places_in_links_stay() -> None:
    cleaned = clean('<style>p{color:red}</style><p>Hi, {name}</p><a href="{link}">go</a>')
    assert '<p style="color:red">Hi, {name}</p>' in cleaned
    assert 'href="{link}"' in cleaned
