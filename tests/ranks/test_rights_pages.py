"""Brands of goods, and the page of who holds rights to them: sales, what they earned, why, files."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from app.extensions import db
from app.members import queries as members
from app.partners.models import Partner
from app.profiles import service as profiles
from app.ranks.service import Rights, hold_rights
from app.tenants import service as tenants
from tests.commissions.test_pages import Place, words
from tests.earnings.test_orders import ORDER
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

MONTH = "rights/?month=2099-01"
LATE = {"created_at": "2099-01-10T10:00:00+03:00", "updated_at": "2099-01-10T10:00:00+03:00"}
LINES = [
    {"id": "1", "product": "lamp-1", "name": "Lamp", "quantity": "2", "price": "1000.00"},
    {"id": "2", "product": "lamp-2", "name": "Shade", "quantity": "1", "price": "500.00"},
]


@pytest.fixture
def place(app: App, client: FlaskClient, lampa: Merchant) -> Place:
    """Boris is the maker, and holds half of the rights to the brand Acme."""
    place = Place(app, client, lampa).open()
    with app.app_context(), lampa.scope():
        tenants.change_settings({"loyalty": True})
        profiles.switch("order", on=False)
        profiles.switch("owner", on=True)
        db.session.commit()
    client.put("/api/v1/members/maker", json={"name": "Boris"}, headers=lampa.bearer)
    with app.app_context(), lampa.scope():
        maker = members.by_external(lampa.shop_id, "maker")
        assert maker is not None
        boris = update(Partner).where(Partner.refcode == "boris")
        db.session.execute(boris.values(member_id=maker.id))
        hold_rights(Rights(of="brand", word="Acme", share=Decimal(50), member_id=maker.id))
        db.session.commit()
    return place


def product(place: Place, number: str = "lamp-1", **said: Any) -> Any:
    there = f"/api/v1/products/{number}"
    answer = place.client.put(there, json={"name": "Lamp"} | said, headers=place.merchant.bearer)
    assert answer.status_code < 300, answer.text
    return answer.get_json()


def put(place: Place, number: str = "A", **said: Any) -> None:
    body = ORDER | LATE | {"bonus": None, "lines": LINES} | said
    there = f"/api/v1/orders/{number}"
    answer = place.client.put(there, json=body, headers=place.merchant.bearer)
    assert answer.status_code == 200, answer.text


def available(place: Place) -> str:
    there = "/api/v1/members/maker/bonuses"
    told = place.client.get(there, headers=place.merchant.bearer).get_json()
    return str(told["available"])


def test_the_brand_comes_from_the_catalogue_or_from_the_order_itself(place: Place) -> None:
    put(place)
    assert available(place) == "0.00", "nobody has said whose goods they are"
    assert product(place, brand=" acme ", supplier=None)["brand"] == "acme"
    put(place, "B")
    assert available(place) == "20.00", "1 % of 2,000 of each order, half of which is his"
    other = [LINES[0] | {"brand": "Other"}, LINES[1] | {"brand": "ACME"}]
    put(place, "C", lines=other)
    assert available(place) == "22.50", "the order's own word is before the catalogue's"
    assert product(place)["brand"] == "acme", "what is absent stays"
    assert product(place, brand=None)["brand"] is None
    put(place, "D")
    put(place, "D")
    assert available(place) == "2.50", (
        "the orders are later than the catalogue's word: C alone says it"
    )


def test_the_same_message_of_before_brands_were_is_the_same_still(place: Place) -> None:
    put(place)
    put(place)
    with place.app.app_context(), place.merchant.scope():
        bodies = db.session.execute(db.text("SELECT body FROM order_message")).scalars().all()
        assert len(bodies) == 1
        assert all("brand" not in line for line in bodies[0]["lines"])


def test_who_holds_rights_sees_what_was_sold_what_it_earned_and_why(place: Place) -> None:
    product(place, brand="Acme")
    boris = place.partner("boris")
    put(place)
    refund = {"id": "r", "at": LATE["created_at"], "lines": [{"line": "1", "quantity": "1"}]}
    put(place, "B", refunds=[refund])
    put(place, "B", refunds=[refund], version=9)
    put(place, "C", status="cancelled", version=3)
    put(place, "D", lines=[LINES[1]])
    page = words(boris.get(place.merchant.cabinet(MONTH)).text).replace("₽ ", "₽")
    assert "Sold ₽3,000.00 ₽1,000.00 came back" in page
    assert "Accrued ₽15.00" in page
    assert "Available ₽15.00" in page
    assert "Shade" not in page
    assert "You hold the rights to the goods: Brand “Acme”, 50% of them." in page
    assert "The shop's rule: " in page
    assert (
        "Nothing was sold in this time"
        in boris.get(place.merchant.cabinet("rights/?month=2099-02")).text
    )
    file = boris.get(place.merchant.cabinet("rights/file?month=2099-01&format=csv"))
    rows = list(csv.reader(io.StringIO(file.get_data(as_text=True).removeprefix("\ufeff"))))
    assert [row[2:9:2] for row in rows[1:]] == [
        ["Lamp", "2000.00", "50", "5.00"],
        ["Lamp", "2000.00", "50", "10.00"],
    ]
    assert boris.get(place.merchant.cabinet("rights/file?format=exe")).status_code == 404


def test_what_comes_back_later_is_shown_as_taken_back(place: Place) -> None:
    product(place, brand="Acme")
    put(place)
    refund = {"id": "r", "at": LATE["created_at"], "lines": [{"line": "1", "quantity": "1"}]}
    put(place, version=4, refunds=[refund])
    page = words(place.partner("boris").get(place.merchant.cabinet(MONTH)).text)
    page = page.replace("₽ ", "₽")
    assert "Accrued ₽10.00" in page
    assert "Taken back ₽5.00" in page
    assert "₽10.00 was accrued, and ₽5.00 taken back with what came back." in page


def test_nobody_else_sees_the_page(place: Place) -> None:
    anna = place.partner("anna")
    put(place)
    product(place, brand="Acme")
    assert "You hold no rights" in anna.get(place.merchant.cabinet("rights/")).text
    assert "Lamp" not in anna.get(place.merchant.cabinet("rights/file?month=2099-01")).text
    assert "Sales of my goods" not in anna.get(place.merchant.cabinet("")).text
    assert "Sales of my goods" in place.partner("boris").get(place.merchant.cabinet("")).text
    own = sign_in(place.app.test_client(), place.merchant.staff["owner"])
    assert own.get(place.merchant.cabinet("rights/")).status_code == 404
