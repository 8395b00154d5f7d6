"""Advertising tokens as people paste them, in addresses and in labels."""

from __future__ import annotations

import pytest

from app.links.rules import EridError, erid_of, label_with, with_erid


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2SDnjc8vVSw", "2SDnjc8vVSw"),
        ("  erid: 2SDnjc8vVSw ", "2SDnjc8vVSw"),
        ("https://lampa.example/?a=1&erid=2SDnjc8vVSw&b=2", "2SDnjc8vVSw"),
        ("", None),
        ("   ", None),
    ],
)
def test_a_token_is_read_as_people_paste_it(text: str, expected: str | None) -> None:
    assert erid_of(text) == expected


@pytest.mark.parametrize("text", ["abc", "x" * 65, "две буквы", "<b>x</b>", "a b c d"])
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(EridError):
        erid_of(text)


def test_an_address_carries_the_token() -> None:
    assert (
        with_erid("https://p.example/r/lampa/a", "T0ken")
        == "https://p.example/r/lampa/a?erid=T0ken"
    )
    assert with_erid("https://p.example/?qr", "T0ken") == "https://p.example/?qr&erid=T0ken"
    assert with_erid("https://p.example/", None) == "https://p.example/"


def test_a_label_names_the_token_once() -> None:
    assert label_with("Реклама. ООО «Лампа»", "T0ken") == "Реклама. ООО «Лампа». erid: T0ken"
    assert label_with("", "T0ken") == "erid: T0ken"
    assert label_with("Ad. erid: T0ken", "T0ken") == "Ad. erid: T0ken"
    assert label_with("Ad", None) == "Ad"
