"""What is needed by tax status, what is withheld, and what a paper may be."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.creatives.rules import FileError
from app.papers.rules import (
    BIGGEST_FILE,
    Kind,
    Need,
    Rounding,
    asked_since,
    link_of,
    missing,
    needs_of,
    paper_type,
    read_rate,
    withheld,
)

SUMS = st.integers(0, 10**15)
RATES = st.decimals("0.0001", "99.9999", places=4)


@pytest.mark.parametrize(
    ("amount", "rounding", "expected"),
    [
        (100_000, Rounding.MINOR, 13_000),
        (100_005, Rounding.MINOR, 13_001),  # 13000.65
        (100_350, Rounding.UNIT, 13_000),  # 130.455 roubles
        (100_385, Rounding.UNIT, 13_100),  # 130.5005: a half goes up
        (0, Rounding.MINOR, 0),
        (1, Rounding.MINOR, 0),
    ],
)
def test_thirteen_per_cent(amount: int, rounding: Rounding, expected: int) -> None:
    assert withheld(amount, Decimal(13), rounding, "RUB") == expected


def test_a_half_goes_up() -> None:
    assert withheld(50, Decimal(1), Rounding.MINOR, "RUB") == 1
    assert withheld(5_000, Decimal(1), Rounding.UNIT, "RUB") == 100


@given(SUMS, RATES, st.sampled_from(Rounding), st.sampled_from(("RUB", "JPY", "KWD")))
def test_never_more_than_the_payout_and_never_off_by_more_than_half_a_unit(
    amount: int, rate: Decimal, rounding: Rounding, currency: str
) -> None:
    found = withheld(amount, rate, rounding, currency)
    unit = {"RUB": 100, "JPY": 1, "KWD": 1000}[currency] if rounding is Rounding.UNIT else 1
    assert 0 <= found <= amount
    assert found % unit == 0 or found == amount
    assert found == amount or abs(found - Decimal(amount) * rate / 100) * 2 <= unit


def test_no_rate_withholds_nothing() -> None:
    assert withheld(100_000, None, Rounding.MINOR, "RUB") == 0


@pytest.mark.parametrize("text", ["0", "100", "-1", "NaN", "Infinity", "1.23456", "x", ""])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no rate"):
        read_rate(text)


def test_a_rate_is_read_exactly() -> None:
    assert read_rate("4.5") == Decimal("4.5")
    assert read_rate(None) is None


def test_a_self_employed_partner_is_asked_for_receipts_until_the_merchant_says_otherwise() -> None:
    assert needs_of("self_employed", None)[Kind.RECEIPT] is Need.WARN
    assert needs_of("self_employed", {})[Kind.RECEIPT] is Need.OFF
    assert needs_of(None, None) == dict.fromkeys(Kind, Need.OFF)


def test_what_is_missing_is_told_by_how_much_it_is_needed() -> None:
    needs = {Kind.CONTRACT: Need.BLOCK, Kind.ACT: Need.WARN, Kind.RECEIPT: Need.OFF}
    found = missing(needs, frozenset(Kind))
    assert (found.blocks, found.warns) == ((Kind.CONTRACT,), (Kind.ACT,))
    assert not missing(needs, frozenset({Kind.RECEIPT}))


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "https://",
        "https://user:secret@example.org/",
        "https://example.org/a b",
        "https://example.org/" + "x" * 500,
    ],
)
def test_what_is_no_address_of_a_page_is_refused(link: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        link_of(link)


def test_an_address_is_kept_as_it_is() -> None:
    there = "https://lknpd.nalog.ru/api/v1/receipt/123456789012/20abc/print"
    assert link_of(f" {there} ") == there


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"<html>", "not_a_picture"),
        (b"<svg onload=alert(1)>", "svg"),
        (b"PK\x03\x04", "not_a_picture"),
        (b"GIF89a", "not_a_picture"),
        (b"%PDF-" + b"x" * BIGGEST_FILE, "too_big"),
    ],
)
def test_a_file_is_what_its_first_bytes_say(data: bytes, code: str) -> None:
    with pytest.raises(FileError) as refused:
        paper_type(data)
    assert refused.value.code == code


def test_a_pdf_is_taken() -> None:
    assert paper_type(b"%PDF-1.7") == ("application/pdf", "pdf")


DAY = [datetime(2026, 11, day, tzinfo=UTC) for day in range(1, 10)]
ASKED, NOT = {"receipt": "warn"}, {"receipt": "off"}


@pytest.mark.parametrize(
    ("status", "said", "since"),
    [
        ("self_employed", [], DAY[0]),
        ("self_employed", [(DAY[3], {"receipt": "block"})], DAY[0]),  # asked for all the time
        ("self_employed", [(DAY[3], NOT)], None),
        ("self_employed", [(DAY[3], NOT), (DAY[5], ASKED)], DAY[5]),
        ("person", [], None),
        ("person", [(DAY[2], ASKED), (DAY[4], {"receipt": "block"})], DAY[2]),
        ("person", [(DAY[2], {"contract": "block"})], None),
    ],
)
def test_receipts_are_asked_for_since_they_were_without_a_break(
    status: str, said: list[tuple[datetime, dict[str, str]]], since: datetime | None
) -> None:
    assert asked_since(status, said, DAY[0]) == since
