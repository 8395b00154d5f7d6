"""Before bonuses lapse customers are warned: once of each credit, of what is still there."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app import clock, jobs
from app.bonuses import service
from app.events.models import Event
from app.extensions import db
from app.notifications.models import Message
from tests.bonuses.office import Office
from tests.bonuses.setting import at_shop, credit, customer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient
    from sqlalchemy.orm import Session, scoped_session

    from app.application import App
    from tests.harness.mailbox import Mailbox
    from tests.world import Merchant

DAY = timedelta(days=1)


@pytest.fixture
def gleb(db_session: scoped_session[Session]) -> Iterator[int]:
    with at_shop() as shop_id, clock.moved_to(clock.now()):
        yield customer(shop_id)


def warned() -> list[tuple[int, str]]:
    query = select(Event.facts).where(Event.type == "bonus.expiring").order_by(Event.id)
    return [(facts["amount"], facts["at"]) for facts in db.session.scalars(query)]


def test_customers_are_warned_once_of_what_lapses_soon(gleb: int) -> None:
    start = clock.now()
    first = start + 5 * DAY
    credit(gleb, 100, lasts=5 * DAY)
    credit(gleb, 30, lasts=6 * DAY)
    credit(gleb, 500, lasts=20 * DAY)
    credit(gleb, 900)
    service.spend(gleb, 20, "order")
    assert service.warn() == 1
    assert warned() == [(110, first.isoformat())]
    assert service.warn() == 0, "once is enough"
    with clock.moved_to(start + 15 * DAY):
        service.bring_up([gleb])
        assert service.warn() == 1
    assert warned()[1:] == [(500, (start + 20 * DAY).isoformat())]


def test_nobody_is_warned_of_what_is_reserved_gone_or_by_a_program_that_does_not_warn(
    gleb: int,
) -> None:
    credit(gleb, 100, lasts=5 * DAY)
    service.change_program({"warn_days": 0})
    assert service.warn() == 0
    service.change_program({"warn_days": 4})
    assert service.warn() == 0, "too early"
    service.change_program({"warn_days": 7})
    service.hold(gleb, 100, "hold", clock.now() + DAY)
    assert service.warn() == 0, "what is reserved does not lapse"
    assert not warned()


def test_the_letter_says_how_much_and_until_when(
    app: App, client: FlaskClient, lampa: Merchant, mailbox: Mailbox
) -> None:
    office = Office(app, client, lampa)
    office.do(lambda: credit(office.gleb, 12_300, lasts=3 * DAY))
    with app.app_context():
        jobs.warn_of_lapse()
        jobs.drain()
        due = jobs.in_transaction(lambda: db.session.scalars(select(Message.id)).all(), lampa.id)
        for message_id in due:
            jobs.send_message(lampa.id, message_id)
    [letter] = mailbox.to("gleb@example.org")
    assert str(letter["Subject"]) == "123 of your bonuses at Lampa are about to expire"
