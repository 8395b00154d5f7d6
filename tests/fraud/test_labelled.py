"""F43: how much of the fraud is held, and how much of what is held is fraud, on a labelled set."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from app.fraud.rules import Policy, Sign, signs
from tests.fraud.labelled import FRAUDS, SITES, draw

SEED, SALES = 20261125, 6000
ALL = Policy(on=frozenset(Sign), sites=SITES)
EXPECTED = {
    "own mailbox": Sign.EMAIL,
    "own telephone": Sign.PHONE,
    "own device": Sign.DEVICE,
    "ring": Sign.DETAILS,
    "stuffing": Sign.FLOOD,
    "leaked code": Sign.COUPON_SITE,
    "order and cancel": Sign.LOOP,
    "paid search": Sign.PAID_SEARCH,
}
RECALL, PRECISION = 0.95, 0.96  # measured 0.974 and 0.969 with this seed


def test_most_fraud_is_held_and_most_of_what_is_held_is_fraud() -> None:
    chance = random.Random(SEED)  # noqa: S311
    count: Counter[tuple[bool, bool]] = Counter()
    for number in range(SALES):
        case = draw(chance, number)
        count[case.truth is not None, bool(signs(case.scene, ALL))] += 1
    recall = count[True, True] / (count[True, True] + count[True, False])
    precision = count[True, True] / (count[True, True] + count[False, True])
    assert recall >= RECALL, count
    assert precision >= PRECISION, count


@pytest.mark.parametrize("kind", sorted(FRAUDS))
def test_each_kind_of_fraud_is_held_for_its_own_reason(kind: str) -> None:
    chance = random.Random(SEED)  # noqa: S311
    cases = [case for n in range(SALES) if (case := draw(chance, n)).truth == kind]
    told = [{found.sign for found in signs(case.scene, ALL)} for case in cases]
    assert sum(EXPECTED[kind] in each for each in told) >= 0.85 * len(cases) > 0
    assert all(each <= {EXPECTED[kind]} for each in told), "no other sign is accused"
