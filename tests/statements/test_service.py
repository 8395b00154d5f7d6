"""Statements say what the ledger says, for any history and any days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from app import clock
from app.extensions import db
from app.ledger import queries as ledger_queries
from app.ledger import service as ledger
from app.ledger.rules import COMMISSIONS, Move, available, pending
from app.payouts import service as payouts
from app.payouts.queries import open_of
from app.statements import queries
from app.statements.rules import Part, month_span, span_of
from tests.payouts.setting import RUB, at_lampa, earn, partner, take_back

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, scoped_session

ZONE = "Europe/Moscow"
START = datetime(2026, 6, 20, 12, tzinfo=UTC)
steps = st.lists(
    st.tuples(
        st.sampled_from(
            ("earn", "hold", "release", "take_back", "pay", "advance", "ask", "reject")
        ),
        st.integers(1, 500),
        st.integers(0, 14),  # days until then
        st.integers(0, 1),  # whose
    ),
    max_size=14,
)


def _step(what: str, amount: int, who: int, number: int) -> None:
    held = ledger_queries.partner_balances([who])[who]
    if what == "earn":
        earn(who, amount)
    elif what == "hold":
        move = Move(COMMISSIONS, pending(who), amount, "accrual", partner=who)
        ledger.post(f"hold:{number}", [move], RUB)
    elif what == "release" and held.pending:
        move = Move(pending(who), available(who), held.pending, "release", partner=who)
        ledger.post(f"release:{number}", [move], RUB)
        ledger.repay([who], RUB)
    elif what == "take_back":
        take_back(who, amount)
    elif what == "pay" and held.available:
        payouts.record_paid(who, held.available, "bank", "person:1")
    elif what == "advance":
        payouts.record_paid(who, held.available + amount, "bank", "person:1")
    elif what == "ask" and held.available and not held.reserved and not held.debt:
        payouts.request_for(who, held.available, "bank", "person:1")
    elif what == "reject" and held.reserved:
        line = payouts_open(who)
        payouts.reject(line, "no", "person:1")


def payouts_open(who: int) -> int:
    found = open_of(who)
    assert found is not None
    return found.payout.id


@settings(max_examples=30)
@given(steps, st.integers(-5, 100), st.integers(0, 60))
def test_whatever_happened_the_parts_lead_from_balance_to_balance(
    db_session: scoped_session[Session],
    drawn: list[tuple[str, int, int, int]],
    since: int,
    length: int,
) -> None:
    nested = db.session.begin_nested()
    with at_lampa():
        both = [partner("Anna"), partner("Boris")]
        now, first = START, (START + timedelta(days=since)).date()
        span = span_of(first, first + timedelta(days=length), ZONE)
        at_start = at_end = dict.fromkeys(both, 0)
        for number, (what, amount, days, whose) in enumerate(drawn):
            now += timedelta(days=days, seconds=1)
            if now < span.starts:
                at_start = at_end
            with clock.moved_to(now):
                _step(what, amount, both[whose], number)
            standing = {who: _earned(who) for who in both}
            at_start = standing if now < span.starts else at_start
            at_end = standing if now < span.ends else at_end
        found = queries.accounts(span)
        openings = {}
        for who in both:
            account = found.get(who) or queries.account(span, who)
            assert account.opening == at_start[who]
            assert account.closing == at_end[who]
            openings[who] = account.opening
        for who, lines in queries.lines(span, openings, None, ZONE).items():
            account = queries.account(span, who)
            assert account.opening + sum(line.amount for line in lines) == account.closing
            assert not lines or lines[-1].balance == account.closing
            for part in Part:
                assert sum(x.amount for x in lines if x.part is part) == account.of(part)
    nested.rollback()


def _earned(who: int) -> int:
    stands = ledger_queries.partner_balances([who])[who]
    return stands.available + stands.reserved - stands.debt


class TestOneHistory:
    def test_a_sale_on_hold_comes_in_when_its_hold_ends(
        self, db_session: scoped_session[Session]
    ) -> None:
        with at_lampa():
            anna = partner("Anna")
            with clock.moved_to(datetime(2026, 8, 20, tzinfo=UTC)):
                ledger.post(
                    "sale:1", [Move(COMMISSIONS, pending(anna), 900, "accrual", partner=anna)], RUB
                )
            with clock.moved_to(datetime(2026, 9, 3, tzinfo=UTC)):
                move = Move(pending(anna), available(anna), 900, "release", partner=anna)
                ledger.post("sale:1:2", [move], RUB)
            assert queries.account(month_span(date(2026, 8, 1), ZONE), anna).closing == 0
            september = queries.account(month_span(date(2026, 9, 1), ZONE), anna)
            assert (september.opening, september.of(Part.CREDITED)) == (0, 900)

    def test_a_payout_that_was_refused_is_no_line(
        self, db_session: scoped_session[Session]
    ) -> None:
        with at_lampa():
            anna = partner("Anna")
            with clock.moved_to(datetime(2026, 9, 3, tzinfo=UTC)):
                earn(anna, 5_000)
                made = payouts.request_for(anna, 5_000, "bank", "person:1")
                payouts.reject(made.id, "no", "person:1")
            span = month_span(date(2026, 9, 1), ZONE)
            lines = queries.lines(span, {anna: 0}, None, ZONE)[anna]
            assert [(line.kind, line.amount) for line in lines] == [("accrual", 5_000)]

    def test_what_was_paid_is_told_by_where_it_went(
        self, db_session: scoped_session[Session]
    ) -> None:
        with at_lampa():
            anna = partner("Anna")
            with clock.moved_to(datetime(2026, 9, 3, tzinfo=UTC)):
                earn(anna, 10_000)
                payouts.record_paid(anna, 12_000, "bank", "person:1")
            account = queries.account(month_span(date(2026, 9, 1), ZONE), anna)
            assert account.of(Part.WITHDRAWN) == -12_000
            assert account.closing == -2_000

    def test_a_page_of_partners_is_one_statement(self, db_session: scoped_session[Session]) -> None:
        with at_lampa():
            for name in ("Anna", "Boris", "Vera"):
                earn(partner(name), 100)
            span = month_span(clock.today(ZONE), ZONE)
            first = queries.with_account(span, 0, 2)
            rest = queries.with_account(span, first[-1], 2)
            assert len(first) == 2
            assert len(rest) == 1
            assert queries.number_with_account(span) == 3
