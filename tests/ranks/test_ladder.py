"""Customers on the ladder: at once up with an order, warned, down on the day; days counted in any order."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, update

from app import clock, jobs
from app.earnings import service as earnings
from app.events.models import Event
from app.extensions import db
from app.intake import service as intake
from app.members import queries as members
from app.members.models import Member
from app.orders import service as orders
from app.partners.models import Partner
from app.profiles import queries as rules
from app.profiles import service as profiles
from app.ranks import queries, service
from app.ranks.models import MetricBucket
from app.ranks.rules import Plan, Rung, Span, Window
from tests.earnings.test_orders import ORDER
from tests.wordings.test_messages import sent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from app.application import App
    from app.ranks.models import Rank
    from tests.harness.mailbox import Mailbox
    from tests.world import Merchant

T0 = datetime(2027, 1, 10, 9, tzinfo=UTC)
MONTH = Window(Span.DAYS, 30)
ON = Plan(on=True, warning=7)


@pytest.fixture
def shop(app: App, client: FlaskClient, lampa: Merchant) -> Merchant:
    """Lampa with bonuses on and no rules; the customers 77 and 78; silver from 1,000, gold from 3,000 in 30 days."""
    client.patch("/api/v1/merchant", json={"loyalty": True}, headers=lampa.bearer)
    with app.app_context(), lampa.scope():
        for each in rules.all_rules():
            profiles.switch(each.profile, on=False)
        for name, least in (("Silver", 100_000), ("Gold", 300_000)):
            rank = service.define_rank(name)
            service.set_rung(rank, Rung(rank.id, rank.place, MONTH, {"sum": least}))
        service.set_plan(ON)
        db.session.commit()
        while earnings.step(intake.tenant()):
            db.session.commit()
        db.session.commit()
    for number in ("77", "78"):
        client.put(f"/api/v1/members/{number}", json={"name": number}, headers=lampa.bearer)
    return lampa


@contextmanager
def work(app: App, shop: Merchant, at: datetime = T0) -> Iterator[None]:
    with app.app_context(), shop.scope(), clock.moved_to(at):
        yield
        db.session.commit()


def buy(
    client: FlaskClient,
    shop: Merchant,
    number: str,
    price: str,
    at: datetime = T0,
    who: str = "77",
    **said: Any,
) -> None:
    day = at.isoformat()
    body = ORDER | {"bonus": None, "created_at": day, "updated_at": day, "paid_at": day}
    body |= {"customer": {"id": who}}
    body["lines"] = [{"id": "1", "product": "lamp", "quantity": "1", "price": price}]
    with clock.moved_to(at):
        answer = client.put(f"/api/v1/orders/{number}", json=body | said, headers=shop.bearer)
    assert answer.status_code == 200, answer.text


def number_of(shop: Merchant, who: str = "77") -> int:
    found = members.by_external(shop.shop_id, who)
    assert found is not None
    return found.id


def rank(app: App, shop: Merchant, who: str = "77") -> str | None:
    with app.app_context(), shop.scope():
        found = queries.rank_of(number_of(shop, who))
        return found.name if found else None


def night(app: App, shop: Merchant, at: datetime) -> None:
    """Let the schedule look at the ladder as it does each minute."""
    with app.app_context(), clock.moved_to(at):
        jobs.drain()
    with work(app, shop, at):
        while earnings.step(intake.tenant()):
            db.session.commit()


def warnings(app: App, shop: Merchant) -> list[dict[str, Any]]:
    with app.app_context(), shop.scope():
        query = select(Event.facts).where(Event.type == "rank.warned").order_by(Event.id)
        return list(db.session.scalars(query))


def test_up_with_the_order_itself_warned_a_week_before_and_down_on_the_day(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    buy(client, shop, "A", "999.99")
    assert rank(app, shop) is None
    buy(client, shop, "B", "0.01")
    assert rank(app, shop) == "Silver"
    buy(client, shop, "C", "2500.00", T0 + timedelta(days=5))
    assert rank(app, shop) == "Gold"
    # On day 30 A and B fall out of the window: 2,500 are left.
    night(app, shop, T0 + timedelta(days=22))
    assert warnings(app, shop) == []
    for day in (23, 23, 26):
        night(app, shop, T0 + timedelta(days=day))
    [warned] = warnings(app, shop)
    assert (warned["rank"], warned["falls_on"], warned["lacks"]) == (
        "Gold",
        "2027-02-09",
        {"sum": 50_000},
    )
    night(app, shop, T0 + timedelta(days=29))
    assert rank(app, shop) == "Gold"
    night(app, shop, T0 + timedelta(days=30))
    assert rank(app, shop) == "Silver"
    with work(app, shop):
        [first, *_others] = queries.history(number_of(shop))
        assert (first.why["move"], first.why["lacks"]) == ("fall", {"sum": 50_000})


def test_who_makes_it_up_in_time_stays(app: App, client: FlaskClient, shop: Merchant) -> None:
    buy(client, shop, "A", "3000.00")
    night(app, shop, T0 + timedelta(days=23))
    assert len(warnings(app, shop)) == 1
    buy(client, shop, "B", "3000.00", T0 + timedelta(days=25))
    night(app, shop, T0 + timedelta(days=31))
    assert rank(app, shop) == "Gold"
    with work(app, shop, T0 + timedelta(days=31)):
        found = queries.progress(number_of(shop))
        assert found is not None
        assert str(found.falls_on) == "2027-03-06", "thirty days after the new order"
        assert not found.warned


def test_a_cancelled_order_takes_no_rank_at_once_but_on_the_day_that_was_told(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    buy(client, shop, "A", "3000.00")
    buy(client, shop, "A", "3000.00", T0 + timedelta(days=1), status="cancelled", version=9)
    assert rank(app, shop) == "Gold"
    [warned] = warnings(app, shop)
    assert warned["falls_on"] == "2027-01-18"
    night(app, shop, T0 + timedelta(days=8))
    assert rank(app, shop) is None


def test_a_pinned_rank_holds_and_is_reviewed_again_once_it_is_not_pinned(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    buy(client, shop, "A", "3000.00")
    with work(app, shop):
        silver = queries.rank_coded("silver")
        service.give_by_hand(number_of(shop), silver, pinned=True)
    buy(client, shop, "B", "3000.00")
    night(app, shop, T0 + timedelta(days=90))
    assert (rank(app, shop), warnings(app, shop)) == ("Silver", [])
    with work(app, shop, T0 + timedelta(days=90)):
        silver = queries.rank_coded("silver")
        service.give_by_hand(number_of(shop), silver, pinned=False)
    for day in (91, 98):
        night(app, shop, T0 + timedelta(days=day))
    assert rank(app, shop) is None
    assert len(warnings(app, shop)) == 1


def test_what_came_back_is_taken_off_the_day_of_its_order_in_any_order_of_messages(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    later = T0 + timedelta(days=40)
    back = [{"id": "r", "at": later.isoformat(), "amount": "400.00"}]
    story: list[dict[str, Any]] = [
        {"status": "new", "version": 1},
        {"status": "paid", "version": 2},
        {"status": "paid", "version": 3, "refunds": back},
    ]
    for place, told in enumerate(permutations(story)):
        for said in (*told, *told):
            buy(client, shop, f"P{place}", "1000.00", **said)
    with work(app, shop):
        kept = queries.buckets([number_of(shop)])
        assert {key[1]: value for key, value in kept.items()} == {"orders": 6, "sum": 360_000}
        assert {str(key[2]) for key in kept} == {"2027-01-10"}


def test_days_counted_anew_are_the_days_that_are_kept(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    for place in range(6):
        at = T0 + timedelta(days=place % 3)
        buy(client, shop, f"O{place}", "100.00", at, who=("77", "78")[place % 2])
    buy(client, shop, "O1", "100.00", T0, who="77", version=7)
    buy(client, shop, "O2", "100.00", T0, who="77", version=7, status="cancelled")
    with work(app, shop):
        ids = [number_of(shop, each) for each in ("77", "78")]
        kept = queries.buckets(ids)
        owned: dict[int, list[orders.Standing]] = {each: [] for each in ids}
        for order in orders.of_members(ids):
            owned[order.member_id or 0].append(order)
        zone = intake.tenant().timezone
        assert service.wrong(owned, kept, zone) == []
        assert service.wrong(owned, {**kept, min(kept): 99}, zone) == [min(ids)]
        service.look_anew()
    night(app, shop, T0)
    with work(app, shop):
        assert queries.buckets(ids) == kept


def test_the_nightly_check_puts_right_what_was_counted_wrong(
    app: App, client: FlaskClient, shop: Merchant, caplog: pytest.LogCaptureFixture
) -> None:
    buy(client, shop, "A", "100.00")
    with app.app_context():
        jobs.check_ranks()
    assert "counted wrong" not in caplog.text
    with work(app, shop):
        kept = queries.buckets([number_of(shop)])
        db.session.execute(update(MetricBucket).values(value=MetricBucket.value + 7))
    with app.app_context():
        jobs.check_ranks()
    assert "days of 1 customers were counted wrong" in caplog.text
    with work(app, shop):
        assert queries.buckets([number_of(shop)]) == kept


def test_the_warning_comes_by_letter_and_says_what_is_missing(
    app: App, client: FlaskClient, shop: Merchant, mailbox: Mailbox
) -> None:
    told = {"name": "Gleb", "email": "gleb@example.org"}
    client.put("/api/v1/members/77", json=told, headers=shop.bearer)
    buy(client, shop, "A", "3000.00")
    night(app, shop, T0 + timedelta(days=23))
    night(app, shop, T0 + timedelta(days=24))
    with clock.moved_to(T0 + timedelta(days=24, hours=1)):
        found = sent(app, shop, "rank.warned")
    assert [each.state for each in found] == ["sent"]
    letters = [each for each in mailbox.to("gleb@example.org") if "holds until" in each["Subject"]]
    assert [str(each["Subject"]) for each in letters] == [
        "Your rank at Lampa holds until Feb 9, 2027"
    ]
    body = letters[0].get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "Your rank at Lampa is Gold." in text
    assert "purchases for 3,000 more" in text


def test_an_order_that_goes_to_another_customer_takes_its_day_along(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    buy(client, shop, "A", "1000.00")
    buy(client, shop, "A", "1000.00", who="78", version=9)
    with work(app, shop):
        assert queries.buckets([number_of(shop)]) == {}
        assert len(queries.buckets([number_of(shop, "78")])) == 2
    assert rank(app, shop, "78") == "Silver"


def test_a_change_of_what_is_asked_looks_at_everybody_once(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    buy(client, shop, "A", "3000.00")
    buy(client, shop, "B", "3000.00", customer={"email": "guest@example.org"})
    with work(app, shop, T0 + timedelta(hours=1)):
        top = service.define_rank("Platinum")
        rung = Rung(top.id, top.place, Window(Span.EVER), {"orders": 1})
        found = queries.ladder({top.id: rung})
        with clock.moved_to(T0 + timedelta(hours=1)):
            seen = queries.preview(found)
            assert seen[top.id] == 1, "seen before it is saved; guests have no ranks"
            accounts = select(func.count()).select_from(Member).where(Member.key.like("id:%"))
            assert sum(seen.values()) == db.session.scalar(accounts)
        service.set_rung(top, rung)
    night(app, shop, T0 + timedelta(hours=1))
    assert rank(app, shop) == "Platinum"
    night(app, shop, T0 + timedelta(days=400))
    assert rank(app, shop) == "Platinum", "for ever"


def test_friends_who_buy_raise_who_brought_them_by_level(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    """Anna is the customer 77 and a partner; Boris, whom she brought, brings the customer 78."""
    for refcode, sponsor in (("anna", None), ("boris", "anna")):
        said = {"refcode": refcode, "name": refcode, "sponsor": sponsor}
        answer = client.post("/api/v1/partners", json=said, headers=shop.bearer)
        assert answer.status_code == 201, answer.text
    with work(app, shop):
        anna = db.session.scalars(select(Partner).where(Partner.refcode == "anna")).one()
        anna.member_id = number_of(shop)
        near = Rung(_ranked("Near").id, 3, MONTH, {"friends": 1})
        far = Rung(_ranked("Far").id, 4, MONTH, {"friends": 1, "friends_sum": 50_000}, depth=2)
        for rung in (near, far):
            service.set_rung(_by_id(rung.rank_id), rung)
    client.put("/api/v1/members/78", json={"name": "78", "ref": "boris"}, headers=shop.bearer)
    night(app, shop, T0)
    buy(client, shop, "F", "400.00", who="78")
    night(app, shop, T0 + timedelta(minutes=1))
    assert rank(app, shop) is None, "400 of 500, and a level too far for the nearer rank"
    buy(client, shop, "G", "200.00", who="78")
    night(app, shop, T0 + timedelta(minutes=2))
    assert rank(app, shop) == "Far"


def _ranked(name: str) -> Rank:
    return service.define_rank(name)


def _by_id(rank_id: int) -> Rank:
    return next(each for each in queries.ranks() if each.id == rank_id)
