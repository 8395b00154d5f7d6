"""A verified site that brings too much of a day: its sales wait in the fraud desk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from app import clock
from app.commissions.queries import deal_view
from app.events.models import Event
from app.extensions import db
from app.fraud import service as fraud
from app.fraud.models import File
from app.fraud.rules import Policy, Sign, Word
from app.installation import settings
from app.intake import service as intake
from app.links import service as links
from app.links.rules import click_key, milliseconds_of, seal_click
from app.orders.rules import Customer
from app.orders.service import find
from app.tenancy import current_tenant
from app.trust import service
from app.trust.rules import FEW_ORDERS, day_in, too_much
from app.verified_sites.models import VerifiedSite
from tests.intake.scene import FOUNDED, NOON, Scene, at_lampa, order

HOLD = timedelta(days=14)
HOUR = timedelta(hours=1)


@pytest.fixture
def lampa(db_session: Any) -> Iterator[Scene]:
    """Vera has proved blog.example; the merchant holds what one site brings above half of a day."""
    with at_lampa() as scene:
        with clock.moved_to(FOUNDED):
            fraud.say_policy(Policy(on=frozenset({Sign.SITE}), site_share=50))
        yield scene


@pytest.fixture
def link(lampa: Scene) -> int:
    made = links.create_for_site(lampa.vera.id, "blog.example")
    site = VerifiedSite(
        public_id="vs_blog", partner_id=lampa.vera.id, host="blog.example", token="x",
        state="verified", created_at=FOUNDED, link_id=made.id,
    )  # fmt: skip
    db.session.add(site)
    db.session.flush()
    return made.id


def sell(lampa: Scene, link: int, *, by_site: int, others: int, at: datetime = NOON) -> None:
    """Let the shop send orders of one day: those of visitors from the blog, then others."""
    key = click_key(settings().secret_key)
    for n in range(by_site + others):
        said: dict[str, Any] = {"customer": Customer(id=f"{at:%d}-{n}"), "created_at": at}
        if n < by_site:
            token = seal_click(key, current_tenant(), link, milliseconds_of(at - HOUR), n)
            said["click"] = token
        lampa.say(f"{at:%d}-{n}", order("paid", updated_at=at, **said))


def watched() -> int:
    """Watch until there is nothing new, as the job does."""
    number = 0
    while found := service.watch_sites():
        number += found
    return number


def held() -> list[File]:
    query = select(File).where(File.standing == "held").order_by(File.order_id)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def test_sales_of_a_site_above_its_share_are_held_with_what_was_seen(
    lampa: Scene, link: int
) -> None:
    with clock.moved_to(NOON):
        sell(lampa, link, by_site=6, others=4)
        assert watched() == 6
        assert [file.kinds for file in held()] == [" site "] * 6
        [[sign, facts]] = held()[0].signs
        assert (sign, facts["site"], facts["share"]) == ("site", "blog.example", "60.0")
        assert lampa.balances()["Vera"].pending == 6 * 19000
    events = db.session.scalars(select(Event).where(Event.type == "deal.held")).all()
    assert len(events) == 6
    with clock.moved_to(NOON + HOLD + HOUR):
        intake.rework([file.order_id for file in held()])
        assert lampa.balances()["Vera"].available == 0


def test_looking_twice_holds_nothing_twice_and_a_word_of_staff_stands(
    lampa: Scene, link: int
) -> None:
    with clock.moved_to(NOON):
        sell(lampa, link, by_site=10, others=0)
        assert (watched(), watched()) == (10, 0)
        before = db.session.scalar(text("SELECT count(*) FROM transfer"))
        service.decide(Word.RELEASE, [file.order_id for file in held()])
        assert (watched(), held()) == (0, [])
        assert db.session.scalar(text("SELECT count(*) FROM transfer")) == before


def test_a_half_is_no_more_than_a_half_and_few_orders_say_nothing(lampa: Scene, link: int) -> None:
    with clock.moved_to(NOON):
        sell(lampa, link, by_site=5, others=5)
        sell(lampa, link, by_site=9, others=0, at=NOON - timedelta(days=1))
        assert watched() == 0


def test_cancelled_orders_make_no_day(lampa: Scene, link: int) -> None:
    with clock.moved_to(NOON):
        sell(lampa, link, by_site=6, others=4)
        gone = order("cancelled", updated_at=NOON, created_at=NOON, customer=Customer(id="01-9"))
        lampa.say("01-9", gone)
        assert watched() == 0


def test_many_are_held_in_pieces(lampa: Scene, link: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.trust.service.shares.TOGETHER", 4)
    with clock.moved_to(NOON):
        sell(lampa, link, by_site=10, others=0)
        assert [service.watch_sites() for _ in range(4)] == [4, 4, 2, 0]


def test_nothing_is_held_where_the_sign_is_off_or_was_off_when_the_order_was_made(
    lampa: Scene, link: int
) -> None:
    with clock.moved_to(NOON):
        fraud.say_policy(Policy())
        sell(lampa, link, by_site=10, others=0)
        assert watched() == 0
    with clock.moved_to(NOON + HOUR):
        fraud.say_policy(Policy(on=frozenset({Sign.SITE})))
        watched()
        assert held() == []


def test_what_was_free_already_stays_with_the_partner(lampa: Scene, link: int) -> None:
    with clock.moved_to(NOON):
        sell(lampa, link, by_site=10, others=0)
    late = NOON + HOLD + HOUR
    with clock.moved_to(late):
        order_id = find(lampa.shop_id, "01-0").id
        lampa.say(
            "01-0",
            order("completed", updated_at=NOON, created_at=NOON, customer=Customer(id="01-0")),
        )
        facts = {"site": "blog.example", "share": "80", "at": late.isoformat()}
        fraud.tell(Sign.SITE, {order_id: facts})
        intake.rework([order_id])
        view = deal_view(order_id)
        assert view is not None
        assert not view.held


def test_a_day_is_the_merchants_day() -> None:
    since, until = day_in(date(2026, 10, 25), ZoneInfo("Europe/Berlin"))  # the clocks go back
    assert since.isoformat() == "2026-10-25T00:00:00+02:00"
    assert until.isoformat() == "2026-10-26T00:00:00+01:00"


@given(
    st.dictionaries(st.text(min_size=1, max_size=5), st.integers(1, 300), max_size=6),
    st.integers(0, 500),
    st.integers(1, 100),
)
def test_whoever_is_named_brings_more_than_the_share_and_nobody_else_does(
    brought: dict[str, int], others: int, most: int
) -> None:
    orders = sum(brought.values()) + others
    named = too_much(orders, brought, most)
    above = {site for site, own in brought.items() if 100 * own > most * orders}
    assert set(named) == (set() if orders < FEW_ORDERS else above)
    assert all(part <= Decimal(100) for part in named.values())
