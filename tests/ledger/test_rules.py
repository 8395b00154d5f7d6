"""Names of accounts, and what moves do to the guarded ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ledger import rules
from app.ledger.rules import COMMISSIONS, OUTSIDE, Move, available, debt, deltas, pending, reserved

ANNA, BORIS = 1, 2
ACCOUNTS = [a(p) for p in (ANNA, BORIS) for a in (pending, available, reserved, debt)] + [
    COMMISSIONS,
    OUTSIDE,
    rules.payout(17),
]


@pytest.mark.parametrize(
    ("account", "is_guarded"),
    [
        ("partner:42:pending", False),
        ("partner:42:available", True),
        ("partner:42:reserved", True),
        ("partner:42:debt", True),
        ("member:9:bonus", True),
        ("merchant:balance", True),
        ("merchant:commissions", False),
        ("payout:17", False),
        ("outside", False),
        ("partner:x:available", False),
    ],
)
def test_only_what_must_not_be_overdrawn_is_guarded(account: str, is_guarded: bool) -> None:
    assert rules.guarded(account) is is_guarded


def test_debt_is_counted_as_what_is_owed() -> None:
    assert deltas([Move(debt(ANNA), COMMISSIONS, 40, "taken_back")]) == {debt(ANNA): 40}
    assert deltas([Move(available(ANNA), debt(ANNA), 15, "repayment")]) == {
        available(ANNA): -15,
        debt(ANNA): -15,
    }


def test_changes_that_cancel_out_touch_no_balance() -> None:
    there = Move(available(ANNA), reserved(ANNA), 5, "payout_requested")
    back = Move(reserved(ANNA), available(ANNA), 5, "payout_returned")
    assert deltas([there, back]) == {}


@given(
    st.lists(
        st.builds(
            Move,
            source=st.sampled_from(ACCOUNTS),
            target=st.sampled_from(ACCOUNTS),
            amount=st.integers(1, 10**12),
            kind=st.just("any"),
        ).filter(lambda m: m.source != m.target),
        max_size=30,
    )
)
def test_changes_are_the_sum_of_moves_per_guarded_account_in_account_order(
    moves: list[Move],
) -> None:
    changes = deltas(moves)
    assert list(changes) == sorted(changes)
    for account in ACCOUNTS:
        gained = sum(m.amount for m in moves if m.target == account)
        given_away = sum(m.amount for m in moves if m.source == account)
        expected = rules.sign(account) * (gained - given_away) if rules.guarded(account) else 0
        assert changes.get(account, 0) == expected
