"""The vectors that plugins compute with are what we answer, and what people reckoned by hand."""

from __future__ import annotations

import json

import pytest

from app.money import parse_decimal
from tests.receipts.vectors import BY_HAND, CASES, FILE, answer, minor, written


def test_the_file_says_what_our_rules_say() -> None:
    assert FILE.read_text() == written(), "write it anew: python -m tests.receipts.vectors"


@pytest.mark.parametrize("name", BY_HAND)
def test_what_was_reckoned_by_hand_is_answered(name: str) -> None:
    wanted, found = BY_HAND[name], answer(CASES[name])
    rows = [(row["line"], row["quantity"], row["price"]) for row in found["receipt"]]
    given: dict[str, object] = {
        "receipt": rows,
        "discounts": [one["discount"] for one in found["lines"]],
    }
    given["returned"] = minor(found["spend"]) < minor(CASES[name]["spend"])
    assert {key: (found | given)[key] for key in wanted} == wanted


def test_every_vector_adds_up() -> None:
    cases = json.loads(FILE.read_text())["cases"]
    assert len(cases) >= 60
    assert len({case["name"] for case in cases}) == len(cases)
    for case in cases:
        said, found = case["given"], case["expect"]
        total = sum(parse_decimal(one["amount"], "RUB") for one in said["lines"])
        total += minor(said.get("other", "0.00"))
        assert minor(found["payable"]) == total - minor(found["spend"])
        assert sum(minor(one["discount"]) for one in found["lines"]) == minor(found["spend"])
        assert minor(found["spend"]) <= min(minor(found["max_spend"]), minor(said["spend"]))
        rows = sum(minor(row["amount"]) for row in found["receipt"])
        assert rows - minor(found["consideration"]) == minor(found["payable"]) - minor(
            said.get("other", "0.00")
        )
