"""The month page for shop and partner, and the secret address that calendar programs read."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import clock, jobs
from app.extensions import db
from app.identity import service as identity
from app.partners.models import Partner
from app.payouts import service as payouts
from app.payruns.rules import Pays, Plan
from app.payruns.service import cancel, change_plan, make
from app.tenants.service import change_settings
from tests.world import PASSWORD, World, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App


class Shop:
    """Lampa: Anna has 300.00 on hold and was paid 20.00 today, Boris has 50.00 on hold."""

    def __init__(self, app: App, client: FlaskClient, world: World) -> None:
        self.app, self.client, self.merchant = app, client, world.lampa
        self.email = f"anna@{world.lampa.slug}.example"
        self.call("PATCH", "merchant", hold_days=0)
        for name in ("anna", "boris"):
            self.call("POST", "partners", refcode=name, name=name.title(), codes=[f"{name}10"])
        self.call("PATCH", "merchant", hold_days=3)
        self.now = clock.wall().isoformat()
        self.sells("anna", "A1", "3000.00")
        self.sells("boris", "B1", "500.00")
        self.call("POST", "partners/anna/adjustments", amount="20.00", reason="A gift")
        self.do(self._pay)

    def _pay(self) -> None:
        anna = db.session.scalars(select(Partner).where(Partner.refcode == "anna")).one()
        payouts.record_paid(anna.id, 2_000, "bank", "person:1")
        person = identity.ensure_person(self.email, "Anna Petrova")
        identity.change_password(person, PASSWORD)
        identity.join(person, self.merchant.id, "partner", anna.id)

    def call(self, verb: str, path: str, **body: Any) -> Any:
        answer = self.client.open(
            f"/api/v1/{path}", method=verb, json=body, headers=self.merchant.bearer
        )
        assert answer.status_code < 300, answer.text
        return answer.get_json()

    def sells(self, partner: str, number: str, price: str) -> None:
        line = {"id": "1", "quantity": "1", "price": price}
        buyer = {"id": number, "name": "Gleb Buyer", "email": "gleb@example.org"}
        said = {"status": "completed", "currency": "RUB", "created_at": self.now, "lines": [line]}
        self.call("PUT", f"orders/{number}", **said, partner_code=partner, customer=buyer)

    def do(self, act: Any) -> Any:
        with self.app.app_context():
            return jobs.in_transaction(act, self.merchant.id)

    def signed_in(self, who: Any) -> FlaskClient:
        return sign_in(self.app.test_client(), who)


@pytest.fixture
def shop(app: App, client: FlaskClient, world: World) -> Shop:
    return Shop(app, client, world)


def both_months(client: FlaskClient, address: str) -> str:
    """Return this month's page and the next one's: three days on may be either."""
    page = client.get(address).text
    after = re.search(r"\?month=(\d{4}-\d{2})\"[^>]*><span>Next", page)
    assert after is not None
    return page + client.get(f"{address}?month={after[1]}").text


def make_feed(client: FlaskClient, address: str) -> str:
    page = client.post(f"{address}feed").text
    found = re.search(r"/[\w-]+/calendar/[\w-]+\.ics", page)
    assert found is not None
    return found[0]


def test_the_shop_sees_all_and_the_partner_his_own(shop: Shop) -> None:
    office = both_months(
        shop.signed_in(shop.merchant.staff["accountant"]), shop.merchant.office("calendar/")
    )
    assert "350.00" in office
    assert "20.00" in office
    cabinet = both_months(shop.signed_in(shop.email), shop.merchant.cabinet("calendar/"))
    assert "300.00" in cabinet
    assert "350.00" not in cabinet
    assert "Gleb" not in office + cabinet


def test_a_feed_holds_sums_and_nobodys_name_until_it_is_taken_back(shop: Shop, app: App) -> None:
    anna, address = shop.signed_in(shop.email), shop.merchant.cabinet("calendar/")
    feed = make_feed(anna, address)
    program = app.test_client()
    answer = program.get(feed)
    assert answer.status_code == 200
    assert answer.mimetype == "text/calendar"
    text = answer.text.replace("\r\n ", "")
    assert "300.00" in text
    assert "20.00" in text
    for name in ("Gleb", "gleb@", "Anna", "Boris", "50.00"):
        assert name not in text.replace("350.00", "").replace("300.00", ""), name
    assert feed.rpartition("/")[2] not in anna.get(address).text  # told once
    second = make_feed(anna, address)
    assert program.get(feed).status_code == 404
    assert program.get(second).status_code == 200
    assert anna.post(f"{address}feed/close").status_code == 303
    assert program.get(second).status_code == 404


def test_a_feed_of_staff_ends_with_their_right_to_see_it(shop: Shop, app: App) -> None:
    who = shop.merchant.staff["accountant"]
    feed = make_feed(shop.signed_in(who), shop.merchant.office("calendar/"))
    program = app.test_client()
    assert "350.00" in program.get(feed).text
    owner = shop.signed_in(shop.merchant.staff["owner"])
    gone = owner.post(shop.merchant.office(f"team/{who.id}/remove"))
    assert gone.status_code == 303, gone.text
    assert program.get(feed).status_code == 404


def test_an_address_is_good_at_its_own_shop_alone(shop: Shop, app: App, world: World) -> None:
    feed = make_feed(shop.signed_in(shop.email), shop.merchant.cabinet("calendar/"))
    elsewhere = feed.replace(shop.merchant.slug, world.kniga.slug)
    for wrong in (
        elsewhere,
        feed.replace(".ics", "x.ics"),
        f"/{shop.merchant.slug}/calendar/none.ics",
    ):
        assert app.test_client().get(wrong).status_code == 404
    developer = shop.signed_in(shop.merchant.staff["developer"])
    assert developer.get(shop.merchant.office("calendar/")).status_code == 403


def test_the_days_of_the_plan_stand_on_the_page_and_in_the_feed(shop: Shop, app: App) -> None:
    today = clock.today("Europe/Moscow")
    plan = Plan("week", (today + timedelta(days=2)).isoweekday(), "after")
    shop.do(lambda: change_plan(plan, Pays.AVAILABLE, weekend=[], second_above=None))
    days = [today + timedelta(days=2 + 7 * n) for n in range(50)]
    office = shop.signed_in(shop.merchant.staff["accountant"])
    page = both_months(office, shop.merchant.office("calendar/"))
    assert "Planned pay run" in page
    feed = make_feed(office, shop.merchant.office("calendar/"))
    events = app.test_client().get(feed).text.replace("\r\n ", "").split("BEGIN:VEVENT")
    planned = [e for e in events if "Planned pay run" in e]
    starts = [re.findall(r"DTSTART;VALUE=DATE:(\d{8})", e)[0] for e in planned]
    assert starts[:50] == [f"{day:%Y%m%d}" for day in days]
    assert "about" not in planned[0]  # all is on hold until then
    assert "Planned pay run\\, about" in planned[1]
    assert "350.00" in planned[1]
    assert "about" not in planned[-1]  # nothing is known of so far ahead
    # Where the platform pays by itself there are no runs.
    shop.do(lambda: change_settings({"settlement": "platform"}))
    assert "Planned pay run" not in app.test_client().get(feed).text


def test_a_day_of_the_plan_that_had_its_run_is_not_planned_once_more(shop: Shop, app: App) -> None:
    today = clock.today("Europe/Moscow")
    plan = Plan("week", (today + timedelta(days=2)).isoweekday(), "after")
    day = today + timedelta(days=2)

    def cancelled() -> None:
        change_plan(plan, Pays.AVAILABLE, weekend=[], second_above=None)
        run = make(Pays.AVAILABLE, clock.today("UTC"), planned_for=day, pay_on=day)
        cancel(run)

    shop.do(cancelled)
    anna = shop.signed_in(shop.email)
    text = app.test_client().get(make_feed(anna, shop.merchant.cabinet("calendar/"))).text
    planned = [e for e in text.split("BEGIN:VEVENT") if "Planned pay run" in e]
    assert planned
    assert not [e for e in planned if f"DATE:{day:%Y%m%d}" in e]
