from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from app import clock, jobs
from app.attribution.clicks import Seen, count_click
from app.extensions import db
from app.identity import service as identity
from app.intake import service as intake
from app.orders.rules import Customer, Line, Snapshot
from app.orders.service import Incoming, read_state
from app.partners import queries as partners
from app.partners.service import NewPartner, change, create
from app.programs import queries as programs
from app.programs import service as terms
from app.statistics import service
from app.tenants import queries as tenants
from app.tenants.rules import Place
from app.tenants.service import open_shop
from tests.world import PASSWORD, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

FOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def ago(days: int) -> Any:
    return clock.wall() - timedelta(days=days)


def say(merchant: Merchant, number: str, days: int, **said: Any) -> None:
    words = tenants.words(merchant.shop_id)
    snapshot = Snapshot(
        status="paid",
        currency="RUB",
        created_at=ago(days),
        updated_at=ago(days),
        customer=Customer(id=number),
        lines=(Line(id="1", quantity=Decimal(1), price=100000),),
        **said,
    )
    told = Incoming(
        shop_id=merchant.shop_id, external_id=number, snapshot=snapshot,
        state=read_state("paid", words.words), map_version=words.version, source="api",
        received_at=clock.now(),
    )  # fmt: skip
    intake.apply(told)


@pytest.fixture
def shop(app: App, lampa: Merchant, _sound: None) -> Iterator[Merchant]:
    """Boris brought two sales of his own; a third was Vera's, whom he came before in the last minutes."""
    with app.app_context(), lampa.scope():
        with clock.moved_to(ago(80)):
            terms.change_terms(programs.base_terms(), levels=["10%", "5%"])
            boris = create(NewPartner(name="Boris", refcode="boris", email="b@lampa.example"))
            create(NewPartner(name="Vera", refcode="vera", sponsor_id=boris.id, codes=["VERA10"]))
        with clock.moved_to(ago(3)):
            token = count_click(
                "boris", Seen(ip="198.51.100.1", agent=FOX, referrer="https://blog.example/x")
            )
        with clock.moved_to(ago(40)):
            count_click("boris", Seen(ip="198.51.100.2", agent=FOX))
        say(lampa, "1", 2, click=token)
        say(lampa, "2", 2, click=token)
        say(lampa, "3", 1, click=token, coupons=("VERA10",))
        person = identity.ensure_person("b@lampa.example", "Boris")
        if boris.person_id is None:
            identity.join(person, lampa.id, "partner", boris.id)
            boris.person_id = person.id
        identity.change_password(person, PASSWORD)
        db.session.commit()
        service.refresh()
        db.session.commit()
        yield lampa
        db.session.rollback()


@pytest.fixture
def owner(client: FlaskClient, shop: Merchant) -> FlaskClient:
    return sign_in(client, shop.staff["owner"])


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_a_period_stands_beside_the_one_before(owner: FlaskClient, shop: Merchant) -> None:
    page = owner.get(shop.office("statistics/?days=30"))
    assert page.status_code == 200
    words = plain(page.text)
    assert "Sales 3" in words
    assert "3,000.00" in words
    assert "Conversion 300%" in words  # three sales of one click
    assert "data-chart=" in page.text
    assert "Show as a table" in page.text
    assert "Counted up to" in words
    assert "Sales 0" in plain(owner.get(shop.office("statistics/?days=1")).text)
    span = owner.get(
        shop.office(f"statistics/?days=own&from={ago(2):%Y-%m-%d}&to={ago(2):%Y-%m-%d}")
    )
    assert span.status_code == 200


@pytest.mark.parametrize("query", ["days=own&from=x&to=9999-99-99", "days=-1&by=evil", "by=how%20"])
def test_an_address_that_cannot_be_read_shows_the_usual(
    owner: FlaskClient, shop: Merchant, query: str
) -> None:
    assert "Sales 3" in plain(owner.get(shop.office(f"statistics/?{query}")).text)


def test_it_says_whether_the_partner_brought_the_sale(owner: FlaskClient, shop: Merchant) -> None:
    vera = plain(owner.get(shop.office("statistics/?days=30&partner=vera")).text)
    assert "In the last minutes, after another source 100%" in vera
    boris = plain(owner.get(shop.office("statistics/?days=30&partner=boris")).text)
    assert "Only touch 100%" in boris
    assert "From the network ₽ 50.00" in boris  # five of a hundred of Vera's sale
    whole = plain(owner.get(shop.office("statistics/?days=30")).text)
    assert "Only touch 66.67%" in whole
    rows = plain(owner.get(shop.office("partners/?cols=name.late.only")).text)
    assert "100%" in rows
    assert owner.get(shop.office("statistics/?partner=nobody")).status_code == 404


def test_lines_tell_where_visits_and_sales_came_from(owner: FlaskClient, shop: Merchant) -> None:
    page = plain(owner.get(shop.office("statistics/?days=90&by=source")).text)
    assert "blog.example" in page
    assert "Direct, or not told" in page
    assert "Without a click: by code, binding or staff" in page
    assert "Promo code" in plain(owner.get(shop.office("statistics/?by=how")).text)
    assert "Vera" in plain(owner.get(shop.office("statistics/?by=partner")).text)


def test_the_lines_come_as_a_file(owner: FlaskClient, shop: Merchant) -> None:
    answer = owner.get(shop.office("statistics/file?days=30&by=source"))
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    found = {row[0]: row for row in rows}
    assert found["blog.example"][1] == "1"
    assert found["blog.example"][4] == "2"
    days = owner.get(shop.office("statistics/file?days=30&what=days")).text
    assert f"{ago(2).astimezone(tz()):%Y-%m-%d}" in days
    told = db.session.execute(text("SELECT count(*) FROM event WHERE type = 'list.exported'"))
    assert told.scalar_one() == 2


def tz() -> Any:
    return ZoneInfo("Europe/Moscow")


def test_the_partner_sees_his_own_and_nothing_of_others(
    client: FlaskClient, shop: Merchant
) -> None:
    boris = sign_in(client, "b@lampa.example")
    page = plain(boris.get(shop.cabinet("statistics/?days=30&partner=vera&by=partner")).text)
    assert "Sales 2" in page
    assert "Commission ₽ 200.00" in page
    assert "From the network ₽ 50.00" in page
    assert "Vera" not in page
    assert boris.get(shop.cabinet("statistics/file?by=source&partner=vera")).text.count("\n") == 2


def test_everything_that_happened_is_listed_with_who_and_what(
    owner: FlaskClient, shop: Merchant
) -> None:
    boris = db.session.execute(text("SELECT id FROM partner WHERE refcode = 'boris'")).scalar_one()
    with shop.scope(f"person:{shop.staff['manager'].id}"):
        found = partners.by_id(boris)
        assert found is not None
        change(found, name="Boris the Blade")
        db.session.commit()
    page = plain(owner.get(shop.office("activity?kind=partner")).text)
    assert "Boris → Boris the Blade" in page
    assert "The manager" in page
    assert "Sale counted for a partner" not in page
    mine = plain(owner.get(shop.office(f"activity?actor=person:{shop.staff['manager'].id}")).text)
    assert "Boris the Blade" in mine
    assert "Sale counted for a partner" in plain(owner.get(shop.office("activity?kind=deal")).text)
    today = f"{clock.wall() + timedelta(days=2):%Y-%m-%d}"
    assert "Nothing here" in plain(owner.get(shop.office(f"activity?at_from={today}")).text)


def test_each_object_shows_its_own_activity(owner: FlaskClient, shop: Merchant) -> None:
    deal = db.session.execute(text("SELECT public_id FROM deal LIMIT 1")).scalar_one()
    order = plain(owner.get(shop.office(f"orders/{deal}/")).text)
    assert "Commission credited" in order
    base = programs.base_terms()
    assert "Terms changed" in plain(owner.get(shop.office(f"terms/{base.public_id}")).text)
    assert owner.get(shop.office(f"settings/shops/{shop.shop}")).status_code == 200


def test_the_report_is_narrowed_to_one_shop_where_there_are_several(
    owner: FlaskClient, shop: Merchant
) -> None:
    assert 'name="shop"' not in owner.get(shop.office("statistics/")).text
    second = open_shop("Second", Place("second.example", "/"), "Europe/Moscow")
    second_id = second.public_id
    say(replace(shop, shop_id=second.id), "21", 1, coupons=("VERA10",))
    db.session.commit()
    jobs.drain()
    with shop.scope():
        service.refresh()
        db.session.commit()
    page = owner.get(shop.office(f"statistics/?shop={second_id}&by=partner")).text
    assert f'value="{second_id}" selected' in page
    assert "Vera" in page
    assert f"shop={second_id}" in page  # what is pressed next stays with the shop
    for kind, first in (("csv", "text/csv"), ("xlsx", "application/vnd.")):
        address = f"statistics/file?shop={second_id}&by=partner&format={kind}"
        file = owner.get(shop.office(address))
        assert file.content_type.startswith(first)
    rows = list(
        csv.reader(io.StringIO(owner.get(shop.office(address.replace("xlsx", "csv"))).text))
    )
    assert [row[0] for row in rows[1:]] == ["Vera", "Boris"]
    # Nobody's shop is as if none was asked for; another merchant's is nobody's.
    assert "Boris" in owner.get(shop.office("statistics/?shop=sh_nobody&by=partner")).text
