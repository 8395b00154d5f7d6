from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from app import clock
from app.attribution.clicks import count_click
from app.catalog.service import put_product
from app.extensions import db
from app.intake import service as intake
from app.orders.queries import unexplained
from app.orders.rules import Customer, Line, Snapshot
from app.orders.service import Incoming, read_state
from app.partners.rules import Status
from app.partners.service import NewPartner, create
from app.payouts import service as payouts
from app.programs import queries as programs
from app.programs import service as terms
from app.reports import queries
from app.reports.rules import Figures
from app.statistics import service as statistics
from app.tenants import queries as tenants
from app.tenants import service as tenants_service
from tests.world import sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from app.application import App
    from app.tenants.models import Tenant
    from tests.world import Merchant


@pytest.fixture
def scope(app: App, lampa: Merchant, _sound: None) -> Iterator[Merchant]:
    with app.app_context(), lampa.scope():
        yield lampa
        db.session.rollback()


def days_ago(days: int) -> datetime:
    return clock.wall() - timedelta(days=days)


def tenant(merchant: Merchant) -> Tenant:
    found = tenants.tenant(merchant.id)
    assert found is not None
    return found


def say(merchant: Merchant, number: str, at: datetime, status: str = "paid", **said: Any) -> None:
    snapshot = Snapshot(
        status=status,
        currency="RUB",
        created_at=at,
        updated_at=at,
        customer=Customer(id=number),
        lines=(Line(id="1", quantity=Decimal(1), price=100000),),
    )
    words = tenants.words(merchant.shop_id)
    with clock.moved_to(at):
        intake.apply(
            Incoming(
                shop_id=merchant.shop_id,
                external_id=number,
                snapshot=replace(snapshot, **said),
                state=read_state(status, words.words),
                map_version=words.version,
                source="api",
                received_at=at,
            )
        )


def anna() -> int:
    with clock.moved_to(days_ago(70)):
        return create(NewPartner(name="Anna", refcode="anna")).id


def test_the_last_thirty_days_stand_beside_those_before_and_all_time(scope: Merchant) -> None:
    anna()
    for days in (1, 2, 40):
        with clock.moved_to(days_ago(days)):
            count_click("anna")
    say(scope, "1", days_ago(1), ref="anna")
    say(scope, "2", days_ago(3), ref="anna")
    say(scope, "3", days_ago(40), ref="anna")
    say(scope, "4", days_ago(2), ref="anna", status="cancelled")
    say(scope, "5", days_ago(2))
    statistics.refresh()
    found = queries.overview(tenant(scope))
    assert found.now == Figures(2, 200000, 20000, 2)
    assert found.before == Figures(1, 100000, 10000, 1)
    assert found.ever == Figures(3, 300000, 30000, 3)
    assert [day.orders for day in found.daily].count(1) == 2
    assert len(found.days) == len(found.daily) == 30


def test_what_is_owed_is_sorted_by_when_it_is_free(scope: Merchant) -> None:
    boss = anna()
    done = days_ago(20)
    say(scope, "1", done, status="completed", completed_at=done, ref="anna")  # its hold has ended
    late = days_ago(5)
    say(scope, "2", late, status="completed", completed_at=late, ref="anna")
    say(scope, "3", days_ago(1), ref="anna")
    for owner, order_id, _offset in intake.ripe():
        if owner == scope.id:
            intake.rework([order_id])
    payouts.request_for(boss, 4000, "bank", "person:1")
    found = queries.liability(tenant(scope))
    assert (found.available, found.reserved, found.debt) == (6000, 4000, 0)
    assert found.hold.soon[0][2] + found.hold.soon[1][2] == 10000
    assert found.hold.undated == 10000


def test_the_best_partner_stands_first(scope: Merchant) -> None:
    anna()
    with clock.moved_to(days_ago(70)):
        create(NewPartner(name="Boris", refcode="boris"))
    say(scope, "1", days_ago(1), ref="boris")
    say(
        scope,
        "2",
        days_ago(1),
        ref="anna",
        lines=(Line(id="1", quantity=Decimal(1), price=500000),),
    )
    found = queries.top_partners(tenant(scope))
    assert [(row.name, row.orders, row.turnover) for row in found] == [
        ("Anna", 1, 500000),
        ("Boris", 1, 100000),
    ]


def test_what_waits_is_told_and_leads_there(scope: Merchant, client: FlaskClient) -> None:
    boss = anna()
    create(NewPartner(name="Kira", status=Status.PENDING))
    done = days_ago(20)
    say(scope, "1", done, status="completed", completed_at=done, ref="anna")
    for owner, order_id, _offset in intake.ripe():
        if owner == scope.id:
            intake.rework([order_id])
    payouts.request_for(boss, 5000, "bank", "person:1")
    say(scope, "2", days_ago(1), status="awaiting-pickup")
    db.session.commit()
    answer = sign_in(client, scope.staff["owner"].email).get(scope.office())
    assert "1 application to become a partner" in answer.text
    assert "1 payout request" in answer.text
    assert f"/{scope.slug}/office/payouts/?state=requested" in answer.text
    assert "awaiting-pickup" in answer.text


def test_a_word_that_was_explained_by_a_newer_message_waits_no_more(scope: Merchant) -> None:
    say(scope, "1", days_ago(2), status="awaiting-pickup")
    assert queries.waiting().words == ("awaiting-pickup",)
    say(scope, "1", days_ago(1), status="completed")
    assert queries.waiting().words == ()


def test_an_unknown_word_is_offered_in_its_shops_form_and_waits_until_it_is_explained(
    client: FlaskClient, scope: Merchant
) -> None:
    say(scope, "1", days_ago(2), status="awaiting-pickup")
    db.session.commit()
    owner = sign_in(client, scope.staff["owner"].email)
    address = f"{scope.office()}settings/shops/{scope.shop}"
    assert address in owner.get(scope.office()).text
    form = owner.get(address).text
    assert 'value="awaiting-pickup"' in form
    assert "not explained yet" in form
    assert unexplained() == {scope.shop_id: ["awaiting-pickup"]}
    shop = tenants.shop_by_id(scope.shop_id)
    assert shop is not None
    tenants_service.change_shop(shop, words={"awaiting-pickup": "agreed"})
    assert queries.waiting().words == ()


def test_first_steps_are_seen_as_they_are_done(scope: Merchant) -> None:
    seen = queries.first_steps(tenant(scope))
    assert seen == {
        "domain": True, "terms": False, "product": False, "partner": False, "snippet": False, "order": False,
        "click": False, "words": False, "mail": False,
    }  # fmt: skip
    terms.change_terms(programs.base_terms(), levels=["10%", "5%", "1%"])
    put_product(scope.shop_id, "lamp-1", name="Lamp")
    anna()
    say(scope, "1", days_ago(1))
    seen = queries.first_steps(tenant(scope))
    assert seen is not None
    assert {name for name, done in seen.items() if not done} == {"snippet", "click", "mail"}


def test_a_merchant_of_a_quarter_has_made_the_first_steps(scope: Merchant) -> None:
    with clock.moved_to(clock.wall() + timedelta(days=91)):
        assert queries.first_steps(tenant(scope)) is None


def test_an_empty_shop_sees_what_will_stand_here(client: FlaskClient, lampa: Merchant) -> None:
    page = sign_in(client, lampa.staff["support"].email).get(lampa.office())
    assert page.status_code == 200
    for words in (
        "First steps",
        "1 of 9 done",
        "Nothing in the last 30 days",
        "Nothing waits",
        "Available now",
    ):
        assert words in page.text


def test_the_accountant_starts_at_the_money_desk(client: FlaskClient, lampa: Merchant) -> None:
    answer = sign_in(client, lampa.staff["accountant"].email).get(lampa.office())
    assert answer.status_code == 302
    assert answer.location.endswith(lampa.office("payouts/"))


def test_the_overview_takes_ten_statements_however_much_there_is(scope: Merchant) -> None:
    asked: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    merchant = tenant(scope)
    event.listen(db.engine, "before_cursor_execute", note)
    queries.overview(merchant)
    queries.liability(merchant)
    queries.top_partners(merchant)
    queries.waiting()
    queries.first_steps(merchant)
    event.remove(db.engine, "before_cursor_execute", note)
    assert len(asked) <= 11
