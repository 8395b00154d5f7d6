from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from app import clock, jobs
from app.attribution.clicks import Seen, count_click
from app.attribution.models import Click
from app.dev.children import wait_until
from app.extensions import db
from app.intake import service as intake
from app.jobs.work import DRAIN
from app.orders.rules import Customer, Line, Refund, Snapshot
from app.orders.service import Incoming, read_state
from app.partners.service import NewPartner, create
from app.programs import queries as programs
from app.programs import service as terms
from app.statistics import queries, service
from app.statistics.models import PartnerFigures, RollUp
from app.statistics.rules import Numbers, Period, total
from app.statistics.service.statements import OLDEST
from app.tenancy import role
from app.tenants import queries as tenants
from app.tenants.rules import Place
from app.tenants.service import open_shop
from tests.world import Merchant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App

NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)  # noon in Moscow
TODAY = date(2026, 11, 20)
MONTH = Period(TODAY - timedelta(days=29), TODAY)
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) Version/19.1 Safari/604.1"
FOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
# By the long list only: the quick one does not know it.
HIDDEN_BOT = "Mozilla/5.0 (compatible; ia_archiver)"


@pytest.fixture
def scope(app: App, lampa: Merchant, _sound: None) -> Iterator[Merchant]:
    with app.app_context(), lampa.scope(), clock.moved_to(NOON):
        yield lampa
        db.session.rollback()


def partners() -> tuple[int, int]:
    """Boris, whom Anna brought."""
    with clock.moved_to(NOON - timedelta(days=80)):
        terms.change_terms(programs.base_terms(), levels=["10%", "5%"])
        anna = create(NewPartner(name="Anna", refcode="anna")).id
        return anna, create(NewPartner(name="Boris", refcode="boris", sponsor_id=anna)).id


def visit(
    code: str, at: datetime, *, ip: str = "198.51.100.7", agent: str = FOX, **said: Any
) -> str:
    with clock.moved_to(at):
        token = count_click(code, Seen(at=at, ip=ip, agent=agent, page=said.get("page", "")))
    assert token is not None
    params = {name: value for name, value in said.items() if name != "page"}
    if params:
        newest = (
            db.session.query(Click).order_by(Click.at.desc(), Click.nonce).filter(Click.at == at)
        )
        for click in newest.all():
            if not click.params:
                click.params = params
        db.session.flush()
    return token


def say(merchant: Merchant, number: str, at: datetime, status: str = "paid", **said: Any) -> None:
    snapshot = Snapshot(
        status=status,
        currency="RUB",
        created_at=at,
        updated_at=said.pop("updated_at", at),
        customer=Customer(id=number),
        lines=(Line(id="1", quantity=Decimal(1), price=100000),),
    )
    words = tenants.words(merchant.shop_id)
    told = Incoming(
        shop_id=merchant.shop_id,
        external_id=number,
        snapshot=replace(snapshot, **said),
        state=read_state(status, words.words),
        map_version=words.version,
        source="api",
        received_at=clock.now(),
    )
    intake.apply(told)


OWN = "SELECT pg_current_xact_id()::text::bigint"


def committed() -> None:
    """Messages and events are followed when their transaction has ended, and all that began before it."""
    db.session.commit()
    mine = jobs.in_transaction(lambda: db.session.scalar(text(OWN)))
    assert wait_until(
        lambda: jobs.in_transaction(lambda: db.session.scalar(text(OLDEST))) > mine, 180.0
    )
    jobs.drain()


def brought_up_to_date(merchant: Merchant) -> None:
    committed()
    with clock.moved_to(NOON), merchant.scope():
        service.refresh()
        db.session.commit()


def ago(days: int, **more: int) -> datetime:
    return NOON - timedelta(days=days, **more)


def raw_sums(merchant: Merchant) -> dict[str, Any]:
    """What the tables themselves come to."""
    row = db.session.execute(
        text(
            "SELECT (SELECT count(*) FROM click WHERE flag IS NULL) AS clicks,"
            " (SELECT count(*) FROM deal WHERE partner_id IS NOT NULL"
            "   AND state NOT IN ('cancelled', 'refunded')) AS orders,"
            " (SELECT coalesce(sum(o.total), 0) FROM orders o JOIN deal d ON d.order_id = o.id"
            "   AND d.tenant_id = o.tenant_id WHERE d.partner_id IS NOT NULL"
            "   AND d.state NOT IN ('cancelled', 'refunded')) AS turnover,"
            " (SELECT coalesce(sum(amount), 0) FROM share WHERE bucket <> 'taken_back') AS commission"
        )
    ).one()
    return {name: int(value) for name, value in row._mapping.items()}


def rolled(numbers: Numbers) -> dict[str, int]:
    names = ("clicks", "orders", "turnover", "commission")
    return {name: getattr(numbers, name) for name in names}


def test_roll_ups_say_what_the_rows_themselves_come_to(scope: Merchant) -> None:
    anna, boris = partners()
    tokens = [visit("boris", ago(n), ip=f"198.51.{n}.1") for n in (1, 2, 40)]
    visit("anna", ago(3))
    say(scope, "1", ago(1), click=tokens[0])
    say(scope, "2", ago(2), click=tokens[1], status="completed", completed_at=ago(2))
    say(scope, "3", ago(40), ref="anna")
    say(scope, "4", ago(2), ref="anna", status="cancelled")
    say(scope, "5", ago(2))
    brought_up_to_date(scope)
    assert rolled(queries.ever()) == raw_sums(scope)
    # What each partner has, and what his branch brings him, is all that there is.
    each = [queries.ever(who) for who in (anna, boris)]
    assert sum(n.earned for n in each) == queries.ever().commission
    assert each[1].network == 0
    assert (
        each[0].network == queries.ever().commission - each[0].commission - each[1].commission > 0
    )
    assert queries.by_day(MONTH, boris)[date(2026, 11, 19)].orders == 1
    assert queries.ever().fallen == 1
    figures = queries.figures_of([anna, boris])
    assert (figures[boris].clicks, figures[boris].orders, figures[boris].turnover) == (3, 2, 200000)
    assert figures[boris].conversion == 6667
    assert figures[boris].epc == each[1].epc
    assert figures[boris].last_sale_at == ago(1)


def test_each_of_several_shops_has_figures_of_its_own_since_ever(scope: Merchant) -> None:
    """The second shop opens when there are sales already; what both come to is what there is."""
    anna, boris = partners()
    token = visit("boris", ago(3), utm_source="blog")
    visit("boris", ago(1), ip="198.51.100.9")
    say(scope, "1", ago(2), click=token)
    brought_up_to_date(scope)
    assert queries.by_day(MONTH, 0, scope.shop_id) == {}
    second = open_shop("Second", Place("second.example", "/"), "Europe/Moscow").id
    for number in ("2", "3"):
        say(replace(scope, shop_id=second), number, ago(1), ref="boris")
    brought_up_to_date(scope)

    def of(shop: int, who: int = 0) -> dict[str, int]:
        return rolled(total(queries.by_day(MONTH, who, shop), MONTH.days))

    assert of(0) == raw_sums(scope)
    assert {name: of(scope.shop_id)[name] + of(second)[name] for name in of(0)} == of(0)
    assert (of(scope.shop_id)["orders"], of(second)["orders"]) == (1, 2)
    assert (of(scope.shop_id)["clicks"], of(second)["clicks"]) == (2, 0)
    assert of(second, boris) == of(second) | {"commission": 2 * 10000}
    # Anna earns by Boris, and the network's part is told by shop too.
    assert total(queries.by_day(MONTH, anna, second), MONTH.days).network == 2 * 5000
    assert queries.by_key("source", MONTH, 0, scope.shop_id)["blog"].orders == 1
    assert "blog" not in queries.by_key("source", MONTH, 0, second)
    assert [line.key for line in queries.lines("partner", MONTH, 0, second)] == ["boris", "anna"]
    assert {k: n.orders for k, n in queries.by_key("shop", MONTH).items()} == {
        str(scope.shop_id): 1,
        str(second): 2,
    }
    assert sum(n.orders for n in queries.by_hour(Period(TODAY, TODAY), second).values()) == 0
    # What lists show of partners is of all shops, once.
    assert queries.figures_of([boris])[boris].orders == 3


def test_a_merchant_with_long_pieces_rests_and_a_command_does_not(scope: Merchant) -> None:
    partners()
    visit("boris", ago(0, hours=1))
    brought_up_to_date(scope)
    visit("boris", ago(0, hours=2), ip="203.0.113.9")
    state = db.session.get_one(RollUp, scope.id)
    state.rest_until = clock.wall() + timedelta(hours=1)
    with clock.moved_to(NOON):
        assert service.step() is False
        assert queries.ever().clicks == 1
        assert service.refresh() > 0
        assert queries.ever().clicks == 2


def test_done_again_it_changes_nothing(scope: Merchant) -> None:
    partners()
    say(scope, "1", ago(1), ref="boris")
    visit("boris", ago(0, hours=1))
    brought_up_to_date(scope)
    before = db.session.execute(text("SELECT * FROM partner_figures ORDER BY partner_id")).all()
    assert service.refresh() == 0
    state = db.session.get_one(RollUp, scope.id)
    state.deal_place, state.click_day = 0, None  # a worker that lost its place
    assert service.refresh() > 2
    after = db.session.execute(text("SELECT * FROM partner_figures ORDER BY partner_id")).all()
    assert after == before
    assert rolled(queries.ever()) == raw_sums(scope)


def test_a_refund_and_a_cancellation_correct_the_day_of_the_order(scope: Merchant) -> None:
    _anna, boris = partners()
    say(scope, "1", ago(20), ref="boris")
    say(scope, "2", ago(20), ref="boris")
    brought_up_to_date(scope)
    back = (Refund(id="r1", amount=40000),)
    with clock.moved_to(NOON), scope.scope():
        say(scope, "1", ago(20), ref="boris", updated_at=ago(1), refunds=back)
        say(scope, "2", ago(20), ref="boris", updated_at=ago(1), status="cancelled")
    brought_up_to_date(scope)
    day = queries.by_day(MONTH, boris)[(ago(20)).date()]
    assert (day.orders, day.fallen, day.turnover) == (1, 1, 60000)
    assert rolled(queries.ever()) == raw_sums(scope)
    assert queries.figures_of([boris])[boris].turnover == 60000


def test_an_order_that_turns_out_older_leaves_its_old_day(scope: Merchant) -> None:
    _anna, boris = partners()
    say(scope, "1", ago(5), ref="boris")
    brought_up_to_date(scope)
    with clock.moved_to(NOON), scope.scope():
        say(scope, "1", ago(9), ref="boris", updated_at=ago(1))
    brought_up_to_date(scope)
    days = queries.by_day(MONTH, boris)
    assert {day for day, numbers in days.items() if numbers.orders} == {ago(9).date()}


def test_a_click_told_late_is_counted_in_its_day(scope: Merchant) -> None:
    partners()
    visit("boris", ago(3))
    brought_up_to_date(scope)
    with scope.scope(), clock.moved_to(NOON):
        assert count_click("boris", Seen(at=ago(8), ip="198.51.100.9", agent=FOX))
    brought_up_to_date(scope)
    assert queries.by_day(MONTH)[ago(8).date()].clicks == 1
    assert queries.ever().clicks == 2


def test_a_day_that_was_counted_too_early_is_found_and_counted_again(scope: Merchant) -> None:
    partners()
    visit("boris", ago(3))
    brought_up_to_date(scope)
    with scope.scope():
        db.session.execute(
            text(
                "INSERT INTO click (at, nonce, link_id, partner_id, kind)"
                " SELECT at - interval '1 day', 7, link_id, partner_id, kind FROM click LIMIT 1"
            )
        )
        assert queries.ever().clicks == 1
        service.verify()
    brought_up_to_date(scope)
    assert queries.ever().clicks == 2
    service.verify()
    assert service.refresh() == 0


def test_people_bots_and_repeated_visits_stand_apart(scope: Merchant) -> None:
    _anna, boris = partners()
    at = ago(1)
    visit("boris", at)
    visit("boris", at + timedelta(minutes=3))  # the same person again
    visit("boris", at + timedelta(minutes=4), agent=PHONE)
    visit("anna", at + timedelta(minutes=5))  # another link: another way to come
    visit("boris", at + timedelta(minutes=6), agent=HIDDEN_BOT)
    visit("boris", at + timedelta(days=1), ip="198.51.100.7")  # the next day: a first visit again
    visit("boris", at + timedelta(minutes=7), ip="", agent="")
    visit("boris", at + timedelta(minutes=8), ip="", agent="")  # nothing known: nothing guessed
    brought_up_to_date(scope)
    day = queries.by_day(MONTH)[at.date()]
    assert (day.people, day.repeats, day.bots) == (5, 1, 1)
    assert queries.figures_of([boris])[boris].bots == 1


def test_visits_and_sales_are_told_by_where_they_came_from(scope: Merchant) -> None:
    _anna, boris = partners()
    token = visit(
        "boris",
        ago(2),
        utm_source="letter",
        utm_campaign="spring",
        sub1="top",
        page="https://lampa.example/sale?x=1",
    )
    visit("boris", ago(2, hours=1), ip="198.51.7.7")
    say(scope, "1", ago(1), click=token)
    say(scope, "2", ago(1), ref="boris")
    brought_up_to_date(scope)
    sources = queries.by_key("source", MONTH, boris)
    assert sources["letter"].clicks == sources["letter"].orders == 1
    assert sources["direct"].clicks == 1
    assert sources[""].orders == 1  # by the code alone
    assert queries.by_key("campaign", MONTH)["spring"].turnover == 100000
    assert queries.by_key("page", MONTH)["/sale"].orders == 1
    assert queries.by_key("sub1", MONTH, boris)["top"].clicks == 1


def test_where_a_sale_came_from_stays_known_when_its_click_is_gone(scope: Merchant) -> None:
    partners()
    token = visit("boris", ago(2), utm_source="letter")
    say(scope, "1", ago(1), click=token)
    brought_up_to_date(scope)
    with scope.scope(), clock.moved_to(NOON):
        db.session.execute(text("DELETE FROM click"))
        say(
            scope, "1", ago(1), click=token, updated_at=NOON, refunds=(Refund(id="r1", amount=100),)
        )
    brought_up_to_date(scope)
    assert queries.by_key("source", MONTH)["letter"].turnover == 99900


@pytest.mark.parametrize(
    "entry", ["http://[::1/?gclid=1", "https://[x]/?gclid=1", "?" + "a&" * 500]
)
def test_an_address_that_is_none_does_not_stop_the_figures(scope: Merchant, entry: str) -> None:
    _anna, boris = partners()
    say(scope, "A1", ago(3), partner_code="boris", entry=entry)
    brought_up_to_date(scope)
    found = total(queries.by_day(MONTH, boris), MONTH.days)
    assert found.orders == 1


def test_what_is_rare_shares_a_line_so_that_nobody_can_fill_the_table(scope: Merchant) -> None:
    partners()
    for n in range(520):
        visit("boris", ago(1, seconds=n), utm_source=f"made-up-{n}", ip=f"198.{n % 250}.1.1")
    brought_up_to_date(scope)
    sources = queries.by_key("source", MONTH)
    assert len(sources) == 501
    assert sources["*"].clicks == 20


def test_another_zone_has_other_days(scope: Merchant) -> None:
    partners()
    late = datetime(2026, 11, 18, 21, 30, tzinfo=UTC)  # half past midnight in Moscow
    visit("boris", late)
    say(scope, "1", late, ref="boris")
    brought_up_to_date(scope)
    assert queries.by_day(MONTH)[date(2026, 11, 19)].orders == 1
    db.session.execute(text("UPDATE tenant SET timezone = 'UTC' WHERE id = :id"), {"id": scope.id})
    brought_up_to_date(scope)
    days = queries.by_day(MONTH)
    assert (days[date(2026, 11, 18)].orders, days[date(2026, 11, 18)].clicks) == (1, 1)
    assert date(2026, 11, 19) not in days


def test_only_merchants_with_news_are_looked_at(scope: Merchant, kniga: Merchant) -> None:
    partners()
    brought_up_to_date(scope)

    def waiting() -> list[int]:
        with role(DRAIN):
            return queries.waiting()

    db.session.execute(
        text("UPDATE roll_up SET click_day = now()::date, ready_at = now() WHERE tenant_id = :id"),
        {"id": scope.id},
    )
    assert scope.id not in waiting()
    assert kniga.id in waiting()  # has none yet
    with scope.scope():
        say(scope, "1", clock.wall(), ref="boris")
    db.session.commit()
    assert scope.id in waiting()


def test_a_partner_is_in_the_figures_from_the_moment_he_is_made(scope: Merchant) -> None:
    made = create(NewPartner(name="Vera"))
    assert db.session.get_one(PartnerFigures, (scope.id, made.id)).clicks == 0


def test_the_figures_of_one_merchant_are_none_of_anothers(scope: Merchant, kniga: Merchant) -> None:
    partners()
    say(scope, "1", ago(1), ref="boris")
    brought_up_to_date(scope)
    with kniga.scope():
        assert queries.ever() == Numbers()
        assert total(queries.by_day(MONTH), MONTH.days) == Numbers()
