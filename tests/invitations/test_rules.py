from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.invitations.rules import LIFECYCLE, MOST_LINES, OPEN, Line, State, decode, read


def test_lines_are_read_in_the_order_of_the_page() -> None:
    lines, problems = read(
        "anna@example.org, Anna, Gold, Base, boris, ANNA10\nvera@example.org\n\n"
    )
    assert lines == [
        Line(1, "anna@example.org", "Anna", "Gold", "Base", "boris", "ANNA10"),
        Line(2, "vera@example.org"),
    ]
    assert not problems


@pytest.mark.parametrize(
    "text", ["Имя;Почта;Код\nАнна;a@example.org;A1", "code\temail\nA1\ta@example.org"]
)
def test_headings_in_either_language_say_another_order(text: str) -> None:
    (line,), problems = read(text)
    assert (line.email, line.code, line.number) == ("a@example.org", "A1", 2)
    assert not problems


def test_a_cell_may_hold_the_delimiter_in_quotes() -> None:
    (line,), _problems = read('a@example.org,"Anna, the first"')
    assert line.name == "Anna, the first"


def test_what_cannot_be_read_is_told_by_its_line() -> None:
    text = f"a@example.org,1,2,3,4,5,6\nb@example.org,{'x' * 400}\nc@example.org"
    lines, problems = read(text)
    assert [line.email for line in lines] == ["c@example.org"]
    assert [(p.number, p.why) for p in problems] == [(1, "cells"), (2, "long")]


def test_too_many_lines_are_cut_and_said_so() -> None:
    lines, problems = read("\n".join(f"a{n}@example.org" for n in range(MOST_LINES + 5)))
    assert (len(lines), [p.why for p in problems]) == (MOST_LINES, ["many"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
def test_files_of_both_encodings_are_read(encoding: str) -> None:
    assert decode("anna@example.org;Анна".encode(encoding)) == "anna@example.org;Анна"


def test_bytes_of_neither_are_refused() -> None:
    assert decode(b"\x98\xff\xfe\x00") is None


@given(st.text(max_size=300))
def test_no_paste_breaks_the_reader(text: str) -> None:
    lines, problems = read(text)
    assert all(line.number > 0 for line in lines)
    assert all(problem.why for problem in problems)


def test_only_an_open_invitation_moves_on() -> None:
    for state in State:
        assert bool(LIFECYCLE.actions(state)) is (state in OPEN)
