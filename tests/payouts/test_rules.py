from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ledger.rules import FEES, OUTSIDE, WITHHELD, deltas, payout, reserved
from app.lifecycle import IllegalTransition
from app.payouts.rules import (
    LIFECYCLE,
    OPEN,
    Charges,
    Consent,
    Refusal,
    State,
    consent,
    cools,
    leaving,
    may_approve,
    may_request,
    method_code,
    people_needed,
    split_payment,
    usable_at,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_four_states_are_open_and_four_are_the_end() -> None:
    assert {State.REQUESTED, State.APPROVED, State.SENDING, State.UNKNOWN} == OPEN
    ends = {State.PAID, State.REJECTED, State.CANCELLED, State.FAILED}
    assert LIFECYCLE.terminal == ends


def test_a_partner_cancels_only_while_requested() -> None:
    assert LIFECYCLE.next(State.REQUESTED, "cancel") is State.CANCELLED
    with pytest.raises(IllegalTransition):
        LIFECYCLE.next(State.APPROVED, "cancel")


def test_approved_goes_to_paid_directly_or_through_sending() -> None:
    assert LIFECYCLE.next(State.APPROVED, "pay") is State.PAID
    assert LIFECYCLE.next(State.APPROVED, "send") is State.SENDING


def test_unknown_is_ended_by_a_person_and_never_sent_again() -> None:
    assert LIFECYCLE.next(State.SENDING, "lose") is State.UNKNOWN
    assert LIFECYCLE.actions(State.UNKNOWN) == ("pay", "fail")


@pytest.mark.parametrize(
    ("amount", "available", "minimum", "has_open", "debt", "refusal"),
    [
        (1000, 1000, 1000, False, 0, None),
        (0, 1000, 0, False, 0, Refusal.NOT_POSITIVE),
        (-1, 1000, 0, False, 0, Refusal.NOT_POSITIVE),
        (1000, 1000, 0, True, 0, Refusal.OPEN_PAYOUT),
        (1000, 1000, 0, False, 1, Refusal.DEBT),
        (1001, 1000, 0, False, 0, Refusal.ABOVE_AVAILABLE),
        (999, 1000, 1000, False, 0, Refusal.BELOW_MINIMUM),
    ],
)
def test_a_request_is_bound_by_available_minimum_and_one_at_a_time(
    *, amount: int, available: int, minimum: int, has_open: bool, debt: int, refusal: Refusal | None
) -> None:
    found = may_request(amount, available=available, minimum=minimum, has_open=has_open, debt=debt)
    assert found is refusal


def test_nothing_is_approved_while_there_is_debt() -> None:
    assert may_approve(1) is Refusal.DEBT
    assert may_approve(0) is None


def test_what_the_merchant_pays_above_available_is_an_advance() -> None:
    assert split_payment(1500, 1000) == (1000, 500)
    assert split_payment(500, 1000) == (500, 0)
    assert split_payment(500, 0) == (0, 500)


def test_first_details_serve_at_once_and_changed_ones_after_a_day() -> None:
    assert usable_at(NOW, first=True) == NOW
    assert usable_at(NOW, first=False) == NOW + timedelta(hours=24)
    assert cools(None, NOW) is None
    assert cools(NOW, NOW) is None
    assert cools(NOW + timedelta(seconds=1), NOW) is Refusal.COOLING


def test_a_method_has_a_code_that_no_other_has() -> None:
    assert method_code("Bank card", []) == "bank-card"
    assert method_code("Bank card", ["bank-card"]) == "bank-card-2"
    assert method_code("Карта", ["method-2"]) == "method-3"


@given(st.integers(1, 10**15), st.integers(0, 10**15), st.integers(0, 10**15))
def test_what_leaves_sums_to_what_was_reserved_and_nothing_stays_on_the_way(
    amount: int, fee: int, withheld: int
) -> None:
    fee = min(fee, amount)
    charges = Charges(fee, min(withheld, amount - fee))
    moves = leaving(17, 42, amount, charges)
    sums = dict.fromkeys((FEES, WITHHELD, OUTSIDE, payout(17)), 0)
    for move in moves:
        assert move.amount > 0
        assert move.partner == 42
        sums[move.target] += move.amount
        if move.source == payout(17):
            sums[payout(17)] -= move.amount
    assert sums == {
        FEES: charges.fee,
        WITHHELD: charges.withheld,
        OUTSIDE: amount - charges.total,
        payout(17): 0,
    }
    assert deltas(moves) == {reserved(42): -amount}


@pytest.mark.parametrize("charges", [Charges(-1), Charges(0, -1), Charges(60, 41)])
def test_more_than_the_whole_or_less_than_nothing_is_never_kept_back(charges: Charges) -> None:
    with pytest.raises(ValueError, match="cannot be kept back of 100"):
        leaving(17, 42, 100, charges)


@pytest.mark.parametrize(
    ("total", "above", "needed"),
    [(5_000, None, 1), (5_000, 5_000, 1), (5_001, 5_000, 2), (1, 0, 2)],
)
def test_above_the_limit_two_people_are_needed(total: int, above: int | None, needed: int) -> None:
    assert people_needed(total, above) == needed


@pytest.mark.parametrize(
    ("needed", "stand", "deciding", "said"),
    [
        (1, {1}, {1}, Consent.ENOUGH),
        (2, {1}, {1}, Consent.REFUSED),
        (2, {1}, {2}, Consent.ENOUGH),
        (2, set(), {1}, Consent.FIRST),  # the schedule prepared it
        (2, set(), set(), Consent.REFUSED),  # nor can the schedule approve it
        (2, {1}, {1, 2}, Consent.REFUSED),  # a key of nobody known may be the first one's
    ],
)
def test_the_same_person_does_not_stand_twice(
    needed: int, stand: set[int], deciding: set[int], said: Consent
) -> None:
    assert consent(needed, stand, deciding) is said
