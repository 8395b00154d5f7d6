"""What is done with payouts in sets moves the money as it is moved for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app import sql
from app.events.models import Event
from app.extensions import db
from app.payouts import service as payouts
from app.payouts.rules import Charges, leaving
from app.payouts.service.mass import LEAVING
from tests.payouts.setting import RUB, at_lampa, by_bank, earn, partner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session, scoped_session

KEPT = (Charges(), Charges(fee=30), Charges(withheld=130), Charges(30, 130), Charges(0, 1_000))


@pytest.fixture
def asked(db_session: scoped_session[Session]) -> Iterator[list[int]]:
    with at_lampa():
        numbers = []
        for number, charges in enumerate(KEPT):
            made = partner(f"Partner {number}")
            payouts.set_details(payouts.find_partner(made), "bank", by_bank("Anna"))
            earn(made, 1_000)
            payout = payouts.request(made, 1_000, "bank", f"partner:{made}").id
            payouts.charge({payout: charges})
            numbers.append(payout)
        yield numbers


def test_many_payouts_leave_by_the_moves_of_one(asked: list[int]) -> None:
    found = sql.rows(LEAVING, {"ids": sql.array(asked)})
    told = [(r.reference, r.n, r.source, r.target, r.amount, r.kind, r.partner) for r in found]
    expected = []
    for number, charges in zip(asked, KEPT, strict=True):
        who = next(r.partner for r in found if r.reference == f"payout:{number}:paid")
        for n, move in enumerate(leaving(number, who, 1_000, charges), start=1):
            about = (move.source, move.target, move.amount, move.kind, move.partner)
            expected.append((f"payout:{number}:paid", n, *about))
    assert told == expected


def test_each_of_many_is_told_of_under_a_name_of_its_own(asked: list[int]) -> None:
    payouts.approve_all(asked, RUB, "person:1")
    assert payouts.pay_all([*asked, *asked], RUB, "person:1") == asked
    assert payouts.pay_all(asked, RUB, "person:1") == []
    told = db.session.scalars(
        select(Event).where(Event.type == "payout.paid").order_by(Event.id)
    ).all()
    assert [event.subject for event in told] == [f"payout:{number}" for number in asked]
    assert len({event.public_id for event in told}) == len(asked)
    assert all(event.public_id.removeprefix("ev_").isalnum() for event in told)
    assert {len(event.public_id) for event in told} == {19}
    assert {event.facts["amount"] for event in told} == {1_000}
