"""A shadow month: computed beside the former service, compared order by order, and live by one button."""

from __future__ import annotations

import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from flask import g
from sqlalchemy import func, select, text

from app import clock, jobs
from app.bonuses.queries import balance as bonus_balance
from app.dev.children import wait_until
from app.events.service import acting_as
from app.extensions import db
from app.intake import service as intake
from app.intake.service import tenant
from app.ledger.queries import partner_balances
from app.members.models import Member
from app.notifications.models import Message
from app.orders.api import read
from app.orders.rules import State
from app.orders.service import Incoming
from app.partners.queries import by_refcode
from app.profiles.service import switch
from app.runs import service as runs
from app.runs.models import Run
from app.runs.rules import OPEN
from app.shadow import queries, service
from app.tenants import service as tenants
from tests.commissions.test_pages import words
from tests.harness import invariants
from tests.harness.together import together
from tests.imports.test_office import Mover
from tests.orders.test_api import lampa, put, said
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

__all__ = ["lampa"]
SOON = 180.0  # a busy machine is slow, not wrong


class Month(Mover):
    """Lampa's owner, who runs beside his former service."""

    def page(self) -> str:
        answer = self.client.get(self.merchant.office("shadow/"))
        assert answer.status_code == 200
        return words(answer.text)

    def press(self, what: str = "", **form: str) -> int:
        return self.client.post(self.merchant.office(f"shadow/{what}"), data=form).status_code

    def order(self, number: str, **changes: Any) -> Any:
        body = said(number=number, coupons=[], **changes)
        return put(self.client, self.merchant, body, number)

    def bring(self, kind: str, *lines: str) -> None:
        file = self.give("\r\n".join(lines).encode(), kind)
        self.look(file)
        self.apply(file)

    def balances(self, code: str = "anna") -> tuple[int, int, int]:
        with self.app.app_context(), self.merchant.scope():
            partner = by_refcode(code)
            assert partner is not None
            found = partner_balances([partner.id])[partner.id]
            assert invariants.broken() == []
            return found.pending, found.available, found.debt

    def drained(self) -> list[str]:
        """Let every promised message be written; return to whom."""
        with self.app.app_context():
            jobs.drain()
            with self.merchant.scope():
                return list(db.session.scalars(select(Message.recipient).order_by(Message.id)))


@pytest.fixture
def month(app: App, client: FlaskClient, lampa: Merchant) -> Month:
    with app.app_context(), lampa.scope():
        anna = by_refcode("anna")
        assert anna is not None
        anna.email = "anna@example.org"
        db.session.commit()
    made = Month(app, client, lampa)
    assert made.press(source="other") == 303
    return made


def test_everything_is_computed_and_nothing_paid_spent_or_sent(month: Month) -> None:
    assert "Shadow month: everything is computed" in month.page()
    answer = month.order("A-1")
    assert answer.json["deal"]["commission"] == "190.00"
    assert month.balances() == (190_00, 0, 0)
    assert not [who for who in month.drained() if who.startswith(("partner:", "member:"))]
    key = month.merchant.bearer
    asked = month.client.post(
        "/api/v1/payouts", json={"partner": "anna", "amount": "1.00", "method": "bank"}, headers=key
    )
    assert asked.status_code == 409
    assert "before it goes live" in asked.json["detail"]
    paid = month.client.post(
        "/api/v1/payouts",
        json={"partner": "anna", "amount": "1.00", "method": "bank", "state": "paid"},
        headers=key,
    )
    assert paid.status_code == 409
    with month.app.app_context(), month.merchant.scope():
        tenants.change_settings({"loyalty": True})
        db.session.commit()
    spent = month.order("A-2", bonus={"spend": "10.00"})
    assert spent.status_code == 422
    assert spent.json["errors"][0]["field"] == "bonus.spend"


def test_differences_are_told_order_by_order_with_their_reasons(month: Month) -> None:
    for number in ("A-1", "A-2", "A-3", "A-4", "A-5"):
        month.order(number)
    month.bring("partner", "id;name;code", "8;Boris;boris")
    month.bring(
        "accrual",
        "order;partner;amount;base;rate;day",
        "A-1;anna;190.00;1900.00;10%;22.11.2026",
        "A-2;anna;95.00;1900.00;5%;22.11.2026",
        "A-3;8;190.00;1900.00;10%;22.11.2026",
        "A-4;anna;190.01;;;22.11.2026",
        "A-9;anna;50.00;;;22.11.2026",
    )
    assert month.balances() == (950_00, 0, 0), "what the former service accrued is booked nowhere"
    assert month.press("compare") == 303
    month.work()
    page = month.page()
    for reason, count in (("The same", 1), ("Another rate", 1), ("Another partner", 1), ("Rounding", 1),
                          ("The order is not here", 1), ("The order is not there", 1)):  # fmt: skip
        assert re.search(rf"{reason} {count} ", page), reason
    assert "Boris → Anna" in page
    assert re.search(r"A-2 Another rate Anna ₽ 95\.00 ₽ 190\.00 \+ ?₽ 95\.00", page), (
        "a gain has its sign"
    )
    assert "Week by week" not in page, "a line through one week would be none"
    assert re.search(r"There\W+715\.01", page)
    assert re.search(r"Here\W+950\.00", page)
    only = words(month.client.get(month.merchant.office("shadow/?reason=other_rate")).text)
    assert "A-2" in only
    assert "A-9" not in only


def test_one_button_goes_live_and_takes_back_what_was_computed(month: Month) -> None:
    month.order("A-1")
    month.order("A-2", status="completed", completed_at="2026-11-22T10:00:00+03:00")
    month.bring("balance", "partner;balance", "anna;500.00")
    before = month.balances()
    assert before[0] + before[1] == 380_00 + 500_00
    assert "Opening balances from the control sheet 1" in month.page()
    assert month.press("live") == 303
    with month.app.app_context(), month.merchant.scope():
        run = queries.latest(queries.LIVE)
        assert run is not None
        number = run.id
        with acting_as("system"):  # a worker that is killed after one order
            assert runs.work(number, service.KINDS, 1)
        db.session.commit()
    assert month.press("live") == 303, "pressed twice it only goes on"
    assert "Going live" in month.page()
    month.work()
    assert month.balances() == (0, 500_00, 0), "what the former service owed, and nothing else"
    assert not [who for who in month.drained() if who.startswith(("partner:", "member:"))]
    assert "Shadow month: everything is computed" not in month.page()
    again = month.order("A-1", status="completed", completed_at="2026-11-23T10:00:00+03:00")
    assert again.json["deal"]["commission"] == "0.00"
    assert again.json["reason"] == "before_live"
    assert month.balances() == (0, 500_00, 0), "an order of before is the former service's for good"
    assert month.press("live") == 303
    month.work()
    with month.app.app_context(), month.merchant.scope():
        assert (
            db.session.scalar(
                select(func.count()).select_from(Run).where(Run.kind == "shadow_live")
            )
            == 1
        )
    asked = month.client.post(
        "/api/v1/payouts",
        json={"partner": "anna", "amount": "500.00", "method": "bank"},
        headers=month.merchant.bearer,
    )
    assert asked.status_code == 201, asked.text
    assert month.press(source="other") == 409, "there is no way back"


def test_what_is_sold_from_then_on_is_settled_here(month: Month) -> None:
    month.press("live")
    month.work()
    new = month.order("A-7", created_at=_now(month), updated_at=_now(month))
    assert new.json["deal"]["commission"] == "190.00"
    assert month.balances()[0] == 190_00
    assert month.drained() is not None


def test_an_order_that_is_being_booked_as_the_button_is_pressed_is_taken_back_too(
    month: Month,
) -> None:
    booked, may_end = threading.Event(), threading.Event()

    def book() -> None:
        with month.app.app_context(), month.merchant.scope():
            body = said(number="A-1", coupons=[])
            intake.apply(_said(month, body))
            booked.set()
            may_end.wait(SOON)
            db.session.commit()

    def looked() -> bool:
        with month.app.app_context(), month.merchant.scope():
            run = queries.latest(queries.LIVE)
            return run is not None and ("seen" in run.parameters or run.standing not in OPEN)

    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(book)
        assert booked.wait(SOON) or slow.result()
        assert month.press("live") == 303
        worker = pool.submit(month.work)
        assert wait_until(looked, SOON)
        may_end.set()
        slow.result()
        worker.result()
    assert month.balances() == (0, 0, 0)
    assert "Shadow month: everything is computed" not in month.page()


def test_no_door_opens_while_an_order_cannot_be_taken_back(month: Month) -> None:
    for number in ("A-1", "A-2"):
        month.order(number)
    hide = "UPDATE orders SET folded = CAST(:said AS jsonb) WHERE external_id = 'A-2' RETURNING id"

    def put_in(said: Any) -> Any:
        with month.app.app_context(), month.merchant.scope():
            kept = db.session.scalar(text("SELECT folded FROM orders WHERE external_id = 'A-2'"))
            db.session.execute(text(hide), {"said": json.dumps(said)})
            db.session.commit()
            return kept

    kept = put_in({})  # it cannot be read any more
    assert month.press("live") == 303
    month.work()
    assert "Shadow month: everything is computed" in month.page()
    assert month.balances() == (380_00, 0, 0), (
        "orders of one customer are read together: both stand"
    )
    put_in(kept)
    assert month.press("live") == 303
    month.work()
    assert month.balances() == (0, 0, 0)
    assert "Shadow month: everything is computed" not in month.page()


def test_pressed_by_many_at_once_there_is_one_shadow_and_one_going_live(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    people = [sign_in(app.test_client(), lampa.staff["owner"]) for _ in range(4)]
    there, said_of = lampa.office("shadow/"), {"source": "other"}
    begun = together([partial(each.post, there, data=said_of) for each in people])
    assert {answer.status_code for answer in begun} == {303}
    made = Month(app, client, lampa)
    made.order("A-1")
    live = together([partial(each.post, f"{there}live") for each in people])
    assert {answer.status_code for answer in live} == {303}
    together([made.work] * 2)
    assert made.balances() == (0, 0, 0)
    with app.app_context(), lampa.scope():
        runs_of = select(func.count()).select_from(Run).where(Run.kind == queries.LIVE)
        assert db.session.scalar(runs_of) == 1


def test_bonuses_of_the_shadow_are_taken_back_and_opening_ones_stay(month: Month) -> None:
    def has() -> tuple[int, int]:
        with month.app.app_context(), month.merchant.scope():
            gleb = db.session.scalars(select(Member).where(Member.key == "id:77")).one()
            found = bonus_balance(gleb.id)
            assert invariants.broken() == []
            return found.available + found.pending, found.debt

    with month.app.app_context(), month.merchant.scope():
        tenants.change_settings({"loyalty": True})
        switch("order", on=True)
        db.session.commit()
    month.bring("member", "id;name", "77;Gleb")
    month.bring("lot", "lot;customer;bonus;expires", "L1;77;300;01.01.2099")
    now = _soon(month)
    made = month.order("A-1", status="completed", created_at=now, completed_at=now, updated_at=now)
    assert made.status_code == 200
    assert has()[0] > 300_00, "the order earns as it will"
    month.press("live")
    month.work()
    assert has() == (300_00, 0)


def test_who_has_paid_partners_here_begins_no_shadow(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    paid = client.post(
        "/api/v1/payouts",
        json={"partner": "anna", "amount": "1.00", "method": "bank", "state": "paid"},
        headers=lampa.bearer,
    )
    assert paid.status_code == 201
    made = Month(app, client, lampa)
    answer = client.post(lampa.office("shadow/"), data={"source": "other"})
    assert answer.status_code == 409
    assert "Partners were paid here already" in words(answer.text)
    assert "Shadow month: everything is computed" not in made.page()


def test_support_sees_it_and_begins_nothing(app: App, client: FlaskClient, lampa: Merchant) -> None:
    sign_in(client, lampa.staff["support"])
    assert client.get(lampa.office("shadow/")).status_code == 200
    for what in ("", "compare", "live"):
        assert client.post(lampa.office(f"shadow/{what}")).status_code == 403


def _said(month: Month, body: dict[str, Any]) -> Incoming:
    g.tenant = tenant()
    return Incoming(
        shop_id=month.merchant.shop_id,
        external_id=body["number"],
        source="api",
        snapshot=read(body),
        received_at=clock.now(),
        state=State.AGREED,
        map_version=1,
    )


def _soon(month: Month) -> str:
    with month.app.app_context(), month.merchant.scope():
        return clock.now().isoformat()


def _now(month: Month) -> str:
    with month.app.app_context(), month.merchant.scope():
        found = queries.month()
        assert found is not None
        assert found.live_from is not None
        return found.live_from.isoformat()
