"""One function writes money, and the database stands behind it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.errors import CheckViolation, InsufficientPrivilege, RaiseException
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from app import sql
from app.dev.children import wait_until
from app.errors import DomainError
from app.extensions import db
from app.ledger import checks, queries
from app.ledger import service as ledger
from app.ledger.models import Snapshot, Transfer
from app.ledger.rules import COMMISSIONS, OUTSIDE, Move, available, debt, pending, reserved
from app.ledger.service import AlreadyPosted, Posting
from app.tenancy import tenant_scope
from tests.payouts.setting import RUB, at_lampa, merchant, partner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session, scoped_session

    from app.application import App
    from app.dev.database import Addresses


@pytest.fixture
def anna(db_session: scoped_session[Session]) -> Iterator[int]:
    with at_lampa():
        yield partner("Anna")


def accrue(partner_id: int, amount: int, reference: str) -> None:
    move = Move(COMMISSIONS, available(partner_id), amount, "accrual", partner=partner_id)
    ledger.post(reference, [move], RUB)


def standing(account: str) -> int:
    return queries.guarded_balances([account]).get(account, 0)


def test_a_posting_moves_the_balances_it_names(anna: int) -> None:
    hold = Move(COMMISSIONS, pending(anna), 900, "accrual", partner=anna)
    release = Move(pending(anna), available(anna), 400, "release", partner=anna)
    ledger.post("test:1", [hold, release], RUB)
    assert queries.partner_balances([anna])[anna] == queries.PartnerBalance(
        pending=500, available=400
    )


def _send(reference: str, moves: list[Move], currency: str) -> None:
    ledger.lock([move.target for move in moves[:1]], currency)
    with sql.together():
        ledger.send_all([ledger.Posting(reference, moves)], currency)


def test_a_balance_beyond_what_can_be_kept_is_refused_in_words(anna: int) -> None:
    accrue(anna, 2**63 - 10, "test:most")
    move = Move(COMMISSIONS, available(anna), 10, "accrual", partner=anna)
    for post in (ledger.post, _send):
        with pytest.raises(DomainError) as refused, db.session.begin_nested():
            post("test:more", [move], RUB)
        assert (refused.value.status, refused.value.code) == (422, "overflow")
    assert standing(available(anna)) == 2**63 - 10


def test_nothing_to_move_writes_nothing(anna: int) -> None:
    ledger.post("test:nothing", [], RUB)
    assert db.session.scalar(select(func.count()).select_from(Transfer)) == 0
    assert standing(available(anna)) == 0


def test_a_business_fact_posts_once(anna: int) -> None:
    accrue(anna, 100, "test:once")
    with pytest.raises(AlreadyPosted):
        accrue(anna, 100, "test:once")
    assert standing(available(anna)) == 100


def test_a_refused_second_posting_leaves_no_part_of_itself(anna: int) -> None:
    accrue(anna, 100, "test:once")
    longer = [Move(COMMISSIONS, available(anna), 7, "accrual", partner=anna) for _ in range(3)]
    with pytest.raises(AlreadyPosted):
        ledger.post("test:once", longer, RUB)
    assert db.session.scalar(select(func.count()).select_from(Transfer)) == 1
    assert standing(available(anna)) == 100


def test_rows_keep_the_order_of_the_moves(anna: int) -> None:
    amounts = [5, 3, 9, 1]
    moves = [Move(COMMISSIONS, available(anna), a, "accrual", partner=anna) for a in amounts]
    ledger.post("test:four", moves, RUB)
    rows = db.session.scalars(select(Transfer).order_by(Transfer.n)).all()
    assert [(r.n, r.amount) for r in rows] == [(1, 5), (2, 3), (3, 9), (4, 1)]
    assert [r.id for r in rows] == sorted(r.id for r in rows)


def test_the_database_refuses_an_overdraft(anna: int) -> None:
    accrue(anna, 100, "test:1")
    with pytest.raises(IntegrityError) as refused, db.session.begin_nested():
        ledger.post("test:2", [Move(available(anna), OUTSIDE, 101, "payout", partner=anna)], RUB)
    assert isinstance(refused.value.orig, CheckViolation)
    assert standing(available(anna)) == 100


def test_debt_never_turns_into_money(anna: int) -> None:
    ledger.post("test:1", [Move(debt(anna), COMMISSIONS, 50, "taken_back", partner=anna)], RUB)
    assert standing(debt(anna)) == 50
    with pytest.raises(IntegrityError), db.session.begin_nested():
        ledger.post("test:2", [Move(COMMISSIONS, debt(anna), 51, "forgiven", partner=anna)], RUB)
    assert standing(debt(anna)) == 50


@pytest.mark.parametrize("amount", [0, -5])
def test_an_amount_is_above_zero(anna: int, amount: int) -> None:
    with pytest.raises(IntegrityError), db.session.begin_nested():
        accrue(anna, amount, "test:odd")


def test_a_move_goes_somewhere(anna: int) -> None:
    with pytest.raises(IntegrityError), db.session.begin_nested():
        ledger.post("test:odd", [Move(pending(anna), pending(anna), 5, "odd", partner=anna)], RUB)


def test_available_money_repays_debt_as_a_transfer_of_its_own(anna: int) -> None:
    ledger.post("test:1", [Move(debt(anna), COMMISSIONS, 70, "taken_back", partner=anna)], RUB)
    accrue(anna, 50, "test:2")
    ledger.repay([anna], RUB)
    accrue(anna, 50, "test:3")
    ledger.repay([anna], RUB)
    ledger.repay([anna], RUB)
    assert (standing(available(anna)), standing(debt(anna))) == (30, 0)
    repaid = db.session.scalars(
        select(Transfer).where(Transfer.kind == "repayment").order_by(Transfer.id)
    ).all()
    assert [(r.reference, r.amount) for r in repaid] == [
        (f"repay:{anna}:1", 50),
        (f"repay:{anna}:2", 20),
    ]


def test_pending_commission_repays_nothing(anna: int) -> None:
    ledger.post("test:1", [Move(debt(anna), COMMISSIONS, 70, "taken_back", partner=anna)], RUB)
    ledger.post("test:2", [Move(COMMISSIONS, pending(anna), 500, "accrual", partner=anna)], RUB)
    ledger.repay([anna], RUB)
    assert standing(debt(anna)) == 70


def test_locks_are_taken_in_account_order_whatever_order_is_asked(anna: int) -> None:
    boris = partner("Boris")
    names = [reserved(boris), available(anna), debt(boris), debt(anna)]
    assert list(ledger.lock(names, RUB)) == sorted(names)


def test_accounts_with_a_short_tail_get_no_snapshot(app: App) -> None:
    with (
        committed_lampa(app, postings=3) as (tenant, _anna),
        app.app_context(),
        tenant_scope(tenant),
    ):
        assert ledger.take_snapshots() == 0


def test_a_snapshot_and_its_tail_are_the_whole_sum(app: App) -> None:
    with committed_lampa(app, postings=5) as (tenant, anna):
        with app.app_context(), tenant_scope(tenant):
            # What is pending, and what it comes from; once nobody on the server is older.
            assert wait_until(lambda: covered(5) == 2, 180.0)
        with app.app_context(), tenant_scope(tenant):
            assert db.session.scalars(
                select(Snapshot.balance).order_by(Snapshot.balance)
            ).all() == [
                -150,
                150,
            ]
            assert queries.balances([pending(anna)]) == {pending(anna): 150}
            move = Move(pending(anna), COMMISSIONS, 25, "reversal", partner=anna)
            ledger.post("test:more", [move], RUB)
            assert queries.balances([pending(anna)]) == {pending(anna): 125}
            db.session.commit()
            assert wait_until(lambda: covered(1) == 2, 180.0)
            assert queries.balances([pending(anna)]) == {pending(anna): 125}
            assert checks.broken() == []
            ledger.forget_snapshots()
            assert queries.balances([pending(anna)]) == {pending(anna): 125}


def test_a_snapshot_leaves_out_what_an_older_transaction_may_still_bring(app: App) -> None:
    """Its entries have smaller ids than entries that are committed already, and no row may be lost."""
    with committed_lampa(app, postings=1) as (tenant, anna):
        late = Move(COMMISSIONS, pending(anna), 1000, "accrual", partner=anna)
        quick = Move(COMMISSIONS, pending(anna), 7, "accrual", partner=anna)
        with ThreadPoolExecutor(1) as pool, app.app_context(), tenant_scope(tenant):
            ledger.post("test:late", [late], RUB)
            pool.submit(_post_alone, app, tenant, quick).result(timeout=180)
            pool.submit(_snapshot_alone, app, tenant).result(timeout=180)
            db.session.commit()
            assert queries.balances([pending(anna)]) == {pending(anna): 1017}
            assert checks.broken() == []


def covered(tail: int) -> int:
    """Take snapshots in a transaction of their own: a running one anywhere on the server is waited for."""
    number = ledger.take_snapshots(tail)
    db.session.commit()
    return number


@contextmanager
def committed_lampa(app: App, postings: int) -> Iterator[tuple[int, int]]:
    """Anna at a merchant of its own, with 10, 20, 30, ... pending; committed."""
    with app.app_context():
        with at_lampa() as tenant:
            anna = partner("Anna")
            for n in range(1, postings + 1):
                move = Move(COMMISSIONS, pending(anna), 10 * n, "accrual", partner=anna)
                ledger.post(f"test:{n}", [move], RUB)
        db.session.commit()
    yield tenant, anna


def _post_alone(app: App, tenant: int, move: Move) -> None:
    with app.app_context(), tenant_scope(tenant):
        ledger.post("test:quick", [move], RUB)
        db.session.commit()


def _snapshot_alone(app: App, tenant: int) -> None:
    with app.app_context(), tenant_scope(tenant):
        ledger.take_snapshots(tail=1)
        db.session.commit()


def test_a_statement_says_what_made_the_balance(anna: int) -> None:
    accrue(anna, 100, "test:1")
    ledger.post("test:2", [Move(available(anna), COMMISSIONS, 30, "deduction", partner=anna)], RUB)
    accrue(anna, 5, "test:3")
    entries = queries.statement(anna, "available")
    assert [(e.amount, e.balance) for e in entries] == [(5, 75), (-30, 70), (100, 100)]
    older = queries.statement(anna, "available", before=entries[0].place, size=1)
    assert [(e.amount, e.balance) for e in older] == [(-30, 70)]


def test_what_was_posted_at_one_moment_never_shows_a_balance_below_zero(anna: int) -> None:
    ledger.post("test:1", [Move(debt(anna), COMMISSIONS, 7, "taken_back", partner=anna)], RUB)
    gains = [Move(COMMISSIONS, available(anna), n, "accrual", partner=anna) for n in (3, 4)]
    back = Move(available(anna), debt(anna), 7, "repayment", partner=anna)
    ledger.lock([available(anna), debt(anna)], RUB)
    # one statement, in which the first moves of all facts are written before the others
    ledger.send_all([Posting("test:2", gains), Posting("test:3", [back])], RUB).check()
    entries = queries.statement(anna, "available")
    assert [(e.amount, e.balance) for e in entries] == [(-7, 0), (4, 7), (3, 3)]
    seen = queries.statement(anna, "available", size=2)[-1].place
    assert [e.amount for e in queries.statement(anna, "available", before=seen)] == [3]


FROM_LISTS = """
SELECT reference, n, source, target, amount, 'test' AS kind, %(partner)s::bigint AS partner
FROM json_to_recordset(%(rows)s) AS r(reference text, n bigint, source text, target text, amount bigint)
"""


def post_from(partner_id: int, *moves: tuple[str, int, str, str, int]) -> None:
    names = ("reference", "n", "source", "target", "amount")
    rows = [dict(zip(names, move, strict=True)) for move in moves]
    wanted = "SELECT unnest(%(names)s::text[])"
    accounts = {"names": sql.array([available(partner_id), debt(partner_id), reserved(partner_id)])}
    ledger.lock_from(wanted, accounts, RUB)
    ledger.post_from(FROM_LISTS, {"rows": sql.recordset(rows), "partner": partner_id}, RUB)


class TestFromAQuery:
    def test_facts_of_a_query_move_the_balances_as_others_do(self, anna: int) -> None:
        post_from(
            anna,
            ("test:1", 1, COMMISSIONS, pending(anna), 900),
            ("test:1", 2, pending(anna), available(anna), 400),
            ("test:2", 1, debt(anna), COMMISSIONS, 70),
            ("test:3", 1, available(anna), debt(anna), 70),
        )
        found = queries.partner_balances([anna])[anna]
        assert found == queries.PartnerBalance(pending=500, available=330)

    def test_a_fact_that_stands_is_posted_by_none_of_the_ways(self, anna: int) -> None:
        accrue(anna, 100, "test:1")
        new = ("test:2", 1, COMMISSIONS, available(anna), 5)
        for again in (new, ("test:1", 1, COMMISSIONS, available(anna), 100)):
            with pytest.raises(AlreadyPosted), db.session.begin_nested():
                post_from(anna, again, ("test:1", 1, COMMISSIONS, available(anna), 100))
        post_from(anna, new)
        with pytest.raises(AlreadyPosted):
            accrue(anna, 5, "test:2")
        assert standing(available(anna)) == 105

    def test_nothing_is_overdrawn_and_then_nothing_is_written(self, anna: int) -> None:
        accrue(anna, 100, "test:1")
        with pytest.raises(IntegrityError) as refused, db.session.begin_nested():
            post_from(
                anna,
                ("test:2", 1, available(anna), reserved(anna), 60),
                ("test:3", 1, available(anna), reserved(anna), 41),
            )
        assert isinstance(refused.value.orig, CheckViolation)
        assert (standing(available(anna)), standing(reserved(anna))) == (100, 0)

    def test_a_balance_beyond_what_can_be_kept_is_refused_in_words(self, anna: int) -> None:
        accrue(anna, 2**63 - 10, "test:most")
        with pytest.raises(DomainError) as refused, db.session.begin_nested():
            post_from(anna, ("test:more", 1, COMMISSIONS, available(anna), 10))
        assert (refused.value.status, refused.value.code) == (422, "overflow")


def test_the_statement_of_a_debt_counts_what_is_owed(anna: int) -> None:
    ledger.post("test:1", [Move(debt(anna), COMMISSIONS, 70, "taken_back", partner=anna)], RUB)
    accrue(anna, 50, "test:2")
    ledger.repay([anna], RUB)
    assert [(e.amount, e.balance) for e in queries.statement(anna, "debt")] == [(-50, 20), (70, 70)]


def test_the_books_of_two_merchants_do_not_meet(anna: int) -> None:
    accrue(anna, 100, "test:1")
    with tenant_scope(merchant("Kniga")):
        boris = partner("Boris")
        accrue(boris, 7, "test:1")
        assert standing(available(anna)) == 0
        assert db.session.scalar(select(func.count()).select_from(Transfer)) == 1


@pytest.mark.parametrize(
    "statement",
    ["UPDATE transfer SET amount = 1", "DELETE FROM transfer", "TRUNCATE transfer"],
)
def test_the_app_may_not_change_what_was_posted(anna: int, statement: str) -> None:
    accrue(anna, 100, "test:1")
    with pytest.raises(DBAPIError) as refused, db.session.begin_nested():
        db.session.execute(text(statement))
    assert isinstance(refused.value.orig, InsufficientPrivilege)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE transfer SET amount = 1", "DELETE FROM transfer", "TRUNCATE transfer"],
)
def test_not_even_the_owner_changes_what_was_posted(database: Addresses, statement: str) -> None:
    with (
        psycopg.connect(_plain(database.owner)) as connection,
        pytest.raises(RaiseException, match="append-only"),
    ):
        connection.execute(statement)


def test_a_running_balance_that_was_tampered_with_is_found(anna: int) -> None:
    accrue(anna, 100, "test:1")
    assert checks.broken() == []
    db.session.execute(text("UPDATE balance SET balance = 99"))
    found: list[Any] = [b.name for b in checks.broken()]
    assert found == ["a running balance is the sum of its transfers"]
    db.session.execute(text("UPDATE balance SET balance = 100"))


def _plain(address: str) -> str:
    return address.replace("postgresql+psycopg://", "postgresql://")


def test_entries_sum_to_the_balance_of_their_bucket(anna: int) -> None:
    ledger.post("test:1", [Move(COMMISSIONS, pending(anna), 90, "accrual", partner=anna)], RUB)
    ledger.post("test:2", [Move(pending(anna), available(anna), 40, "release", partner=anna)], RUB)
    ledger.post("test:3", [Move(available(anna), COMMISSIONS, 40, "clawback", partner=anna)], RUB)
    ledger.post("test:4", [Move(debt(anna), COMMISSIONS, 5, "clawback", partner=anna)], RUB)
    balance = queries.partner_balances([anna])[anna]
    for bucket in ("pending", "available", "reserved", "debt"):
        rows = db.session.execute(queries.entries(anna, bucket)).all()
        assert sum(row.amount for row in rows) == getattr(balance, bucket)
