"""Pay runs ask for papers, withhold tax and take the details in force, as single payouts do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app import clock
from app.events.service import acting_as
from app.extensions import db
from app.ledger.queries import balances, partner_balances
from app.ledger.rules import WITHHELD
from app.papers import service as papers
from app.papers.rules import Kind, Need
from app.papers.service import Said
from app.payouts import service as payouts
from app.payouts.models import Payout
from app.payruns import service
from app.payruns.rules import Pays
from tests.payouts.setting import by_bank
from tests.payruns.setting import CARD, NOON, OTHER, desk, go_on, looked, ready, row, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session, scoped_session

    from app.payruns.models import PayRun

OFF = dict.fromkeys(Kind, Need.OFF)


@pytest.fixture(autouse=True)
def lampa_desk(db_session: scoped_session[Session]) -> Iterator[int]:
    with desk() as tenant:
        yield tenant


def prepared(pays: Pays = Pays.AVAILABLE) -> PayRun:
    run = looked(pays)
    service.prepare(run)
    go_on(run)
    return run


def approve(run: PayRun) -> None:
    with acting_as(OTHER):
        service.approve(run)
    go_on(run)


def newest(partner_id: int) -> Payout:
    query = select(Payout).where(Payout.partner_id == partner_id).order_by(Payout.id.desc())
    return db.session.scalars(query.limit(1)).one()


def freeze(partner_id: int) -> None:
    payouts.disown_change(partner_id, None)


def test_while_a_change_waits_a_run_pays_by_the_details_in_force() -> None:
    anna = ready("Anna", 5_000)
    with clock.moved_to(NOON - timedelta(hours=1)):
        payouts.set_details(row(anna), "bank", by_bank("Somebody else"))
    run = prepared()
    assert told(run) == {anna: (5_000, None)}
    assert payouts.copied(newest(anna)) == CARD


def test_when_the_day_is_over_it_pays_by_the_new_ones() -> None:
    anna = ready("Anna", 5_000)
    new = by_bank("Anna, married")
    with clock.moved_to(NOON - timedelta(hours=25)):
        payouts.set_details(row(anna), "bank", new)
    prepared()
    assert payouts.copied(newest(anna)) == new


def test_whoever_says_that_a_change_was_not_his_is_out_with_that_reason() -> None:
    anna, boris = ready("Anna", 5_000), ready("Boris", 5_000)
    payouts.request(boris, 2_000, "bank", f"partner:{boris}")
    freeze(anna)
    freeze(boris)
    assert told(looked(Pays.BOTH)) == {anna: (5_000, "frozen"), boris: (2_000, "frozen")}


def test_a_freeze_between_preparation_and_approval_takes_the_partner_out_of_the_run() -> None:
    anna, boris = ready("Anna", 5_000), ready("Boris", 5_000)
    run = prepared()
    freeze(anna)
    approve(run)
    assert told(run) == {anna: (5_000, "frozen"), boris: (5_000, None)}
    assert partner_balances([anna])[anna].available == 5_000
    assert newest(boris).state == "approved"


def test_a_freeze_between_approval_and_payment_takes_the_partner_out_of_the_run() -> None:
    anna, boris = ready("Anna", 5_000), ready("Boris", 5_000)
    run = prepared()
    approve(run)
    freeze(anna)
    service.pay(run)
    go_on(run)
    assert told(run) == {anna: (5_000, "frozen"), boris: (5_000, None)}
    assert partner_balances([anna])[anna].available == 5_000
    assert (newest(anna).state, newest(boris).state) == ("cancelled", "paid")
    assert (run.state, run.counted, run.total) == ("done", 1, 5_000)


def test_a_request_that_waits_stays_approved_outside_of_the_run_that_drops_it() -> None:
    anna, boris = ready("Anna", 5_000), ready("Boris", 5_000)
    payouts.request(anna, 2_000, "bank", f"partner:{anna}")
    run = prepared(Pays.BOTH)
    approve(run)
    freeze(anna)
    service.pay(run)
    go_on(run)
    assert told(run) == {anna: (2_000, "frozen"), boris: (5_000, None)}
    assert (newest(anna).state, newest(anna).run_id) == ("approved", None)
    assert run.state == "done"


def test_a_paper_asked_for_after_the_approval_stops_the_payment_of_that_payout() -> None:
    anna, boris = ready("Anna", 5_000), ready("Boris", 5_000)
    run = prepared()
    approve(run)
    papers.set_needs("person", {**OFF, Kind.CONTRACT: Need.BLOCK})
    papers.add(Kind.CONTRACT, boris, Said(number="17"))
    service.pay(run)
    go_on(run)
    assert told(run) == {anna: (5_000, "documents"), boris: (5_000, None)}
    assert (newest(anna).state, newest(boris).state) == ("cancelled", "paid")
    assert partner_balances([anna])[anna].available == 5_000


def test_what_is_on_its_way_already_is_paid_whatever_came_after() -> None:
    anna = ready("Anna", 5_000)
    run = prepared()
    approve(run)
    payouts.send(newest(anna).id, OTHER)
    freeze(anna)
    service.pay(run)
    go_on(run)
    assert (newest(anna).state, run.state) == ("paid", "done")


def test_a_paper_that_blocks_is_a_reason_in_the_preview_and_holds_nobody_else_up() -> None:
    anna, boris = ready("Anna", 5_000), ready("Boris", 5_000)
    papers.set_needs("person", {**OFF, Kind.CONTRACT: Need.BLOCK})
    papers.add(Kind.CONTRACT, boris, Said(number="17"))
    run = looked()
    assert told(run) == {anna: (5_000, "documents"), boris: (5_000, None)}
    papers.add(Kind.CONTRACT, anna, Said(number="18"))
    service.look_again(run)
    go_on(run)
    assert told(run) == {anna: (5_000, None), boris: (5_000, None)}


def test_a_paper_asked_for_after_the_preparation_stops_the_approval_of_that_payout() -> None:
    anna, boris = ready("Anna", 5_000), ready("Boris", 5_000)
    run = prepared()
    papers.set_needs("person", {**OFF, Kind.CONTRACT: Need.BLOCK})
    papers.add(Kind.CONTRACT, boris, Said(number="17"))
    approve(run)
    assert told(run) == {anna: (5_000, "documents"), boris: (5_000, None)}
    assert partner_balances([anna])[anna].available == 5_000


def test_tax_is_withheld_at_the_approval_and_kept_whatever_the_rate_becomes() -> None:
    anna = ready("Anna", 5_005)
    run = prepared()
    papers.set_rate("person", "13")
    approve(run)
    assert (newest(anna).withheld, newest(anna).net) == (651, 4_354)  # 650.65, rounded once
    with clock.moved_to(NOON + timedelta(days=1)):
        papers.set_rate("person", "30")
        service.pay(run)
        go_on(run)
    assert newest(anna).state == "paid"
    assert balances([WITHHELD])[WITHHELD] == 651
