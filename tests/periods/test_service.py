"""A closed month takes nothing; what changes its sales falls into the open one and names it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app import clock
from app.errors import Conflict, DomainError
from app.events.models import Event
from app.extensions import db
from app.ledger import service as ledger
from app.ledger.rules import COMMISSIONS, Move, available
from app.periods import queries, service
from app.statements import queries as statements
from app.statements.rules import Part, month_span
from app.tenancy import current_tenant, tenant_scope
from app.tenants.queries import tenant
from tests.payouts.setting import RUB, at_lampa, earn, merchant, partner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session, scoped_session

ZONE = "Europe/Moscow"
AUGUST, SEPTEMBER = date(2026, 8, 1), date(2026, 9, 1)
IN_AUGUST = datetime(2026, 8, 20, tzinfo=UTC)
IN_SEPTEMBER = datetime(2026, 9, 3, tzinfo=UTC)
LAST_OF_AUGUST = datetime(2026, 8, 31, 20, 59, 59, tzinfo=UTC)  # on Moscow's clock
FIRST_OF_SEPTEMBER = datetime(2026, 8, 31, 21, tzinfo=UTC)


@pytest.fixture
def anna(db_session: scoped_session[Session]) -> Iterator[int]:
    """Lampa with Anna, who earned in August; now it is September."""
    with at_lampa():
        anna = partner("Anna")
        with clock.moved_to(IN_AUGUST):
            earn(anna, 90_000)
        with clock.moved_to(IN_SEPTEMBER):
            yield anna


def _post_at(moment: datetime, who: int, reference: str) -> None:
    move = Move(COMMISSIONS, available(who), 100, "accrual", partner=who)
    ledger.post(reference, [move], RUB, at=moment)


def test_the_database_refuses_what_is_dated_into_a_closed_month(anna: int) -> None:
    service.close(AUGUST)
    with (
        pytest.raises(IntegrityError, match="a closed month takes no transfer"),
        db.session.begin_nested(),
    ):
        _post_at(LAST_OF_AUGUST, anna, "late:1")
    _post_at(FIRST_OF_SEPTEMBER, anna, "late:2")


def test_of_many_transfers_one_in_a_closed_month_is_enough(anna: int) -> None:
    service.close(AUGUST)
    rows = [("bulk:1", FIRST_OF_SEPTEMBER), ("bulk:2", LAST_OF_AUGUST)]
    insert = (
        "INSERT INTO transfer (reference, n, source, target, amount, currency, kind, at) VALUES "
    )
    values = ", ".join(
        f"('{name}', 1, 'outside', 'merchant:balance', 1, 'RUB', 'any', '{at.isoformat()}')"
        for name, at in rows
    )
    with pytest.raises(IntegrityError, match="closed month"), db.session.begin_nested():
        db.session.connection().exec_driver_sql(insert + values)


def test_another_merchants_months_stay_open(anna: int) -> None:
    service.close(AUGUST)
    with tenant_scope(merchant("Kniga")):
        boris = partner("Boris")
        _post_at(LAST_OF_AUGUST, boris, "kniga:1")


def test_a_month_that_has_not_ended_is_not_closed(anna: int) -> None:
    with pytest.raises(Conflict, match="has ended"):
        service.close(SEPTEMBER)


def test_a_month_is_closed_once(anna: int) -> None:
    service.close(AUGUST)
    with pytest.raises(Conflict, match="closed already"):
        service.close(AUGUST)


def test_reopening_needs_a_reason_and_is_kept_with_it(anna: int) -> None:
    service.close(AUGUST)
    with pytest.raises(DomainError, match="Say why"):
        service.reopen(AUGUST, "  ")
    service.reopen(AUGUST, "A sale was forgotten")
    _post_at(LAST_OF_AUGUST, anna, "late:1")
    kept = [(each.act, each.month, each.reason) for each in queries.history()]
    assert kept == [("reopened", AUGUST, "A sale was forgotten"), ("closed", AUGUST, None)]
    told = (
        select(Event.type, Event.facts).where(Event.type.startswith("period.")).order_by(Event.id)
    )
    assert [row.type for row in db.session.execute(told)] == ["period.closed", "period.reopened"]


def test_an_open_month_is_not_reopened(anna: int) -> None:
    with pytest.raises(Conflict, match="is open"):
        service.reopen(AUGUST, "Why not")


def test_a_return_of_a_closed_months_sale_is_booked_today_and_names_the_month(anna: int) -> None:
    order = 77
    move = Move(COMMISSIONS, available(anna), 5_000, "accrual", partner=anna)
    ledger.post(f"order:{order}:1", [move], RUB, at=IN_AUGUST, order_id=order)
    before = statements.account(month_span(AUGUST, ZONE), anna)
    service.close(AUGUST)
    back = Move(available(anna), COMMISSIONS, 5_000, "clawback", partner=anna)
    ledger.post(f"order:{order}:2", [back], RUB, order_id=order)
    known = tenant(current_tenant())
    assert known is not None
    db.session.refresh(known)
    september = month_span(SEPTEMBER, ZONE)
    account = statements.account(september, anna)
    assert statements.account(month_span(AUGUST, ZONE), anna) == before
    assert account.of(Part.REVERSED) == -5_000
    lines = statements.lines(september, {anna: account.opening}, known.closed_until, ZONE)[anna]
    assert [(line.kind, line.corrects) for line in lines] == [("clawback", AUGUST)]


def test_the_checklist_counts_what_is_open_and_forbids_nothing(anna: int) -> None:
    found = queries.checklist(AUGUST, ZONE)
    assert found.no_act == 1
    assert not found.done
    service.close(AUGUST)
