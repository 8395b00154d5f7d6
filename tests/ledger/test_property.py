"""Whatever is posted, the running balances are the sums."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.ledger import checks, queries
from app.ledger import service as ledger
from app.ledger.rules import COMMISSIONS, Move, available, debt, guarded, pending, reserved, sign
from tests.payouts.setting import RUB, at_lampa, partner

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, scoped_session

KINDS = (pending, available, reserved, debt)
postings = st.lists(
    st.lists(
        st.tuples(
            st.sampled_from(range(-1, 4)), st.sampled_from(range(-1, 4)), st.integers(1, 1000)
        ).filter(lambda m: m[0] != m[1]),
        min_size=1,
        max_size=4,
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40)
@given(postings)
def test_any_postings_leave_balances_that_are_their_sums(
    db_session: scoped_session[Session],
    drawn: list[list[tuple[int, int, int]]],
) -> None:
    nested = db.session.begin_nested()
    with at_lampa():
        anna = partner("Anna")
        names = {-1: COMMISSIONS} | {n: kind(anna) for n, kind in enumerate(KINDS)}
        model = dict.fromkeys(names.values(), 0)
        for number, moves in enumerate(drawn):
            booked = [Move(names[s], names[t], a, "any", partner=anna) for s, t, a in moves]
            after = _after(model, booked)
            if any(guarded(name) and balance < 0 for name, balance in after.items()):
                with pytest.raises(IntegrityError), db.session.begin_nested():
                    ledger.post(f"test:{number}", booked, RUB)
            else:
                ledger.post(f"test:{number}", booked, RUB)
                model = after
        _agree(model)
        assert [b for b in checks.broken() if "sum" in b.name and "payout" not in b.name] == []
    nested.rollback()


def _after(model: dict[str, int], moves: list[Move]) -> dict[str, int]:
    result = dict(model)
    for move in moves:
        result[move.source] -= sign(move.source) * move.amount
        result[move.target] += sign(move.target) * move.amount
    return result


def _agree(model: dict[str, int]) -> None:
    kept = queries.guarded_balances(model)
    summed = queries.balances(model)
    for account, balance in model.items():
        assert summed[account] == sign(account) * balance
        if guarded(account):
            assert kept.get(account, 0) == balance
