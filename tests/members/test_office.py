"""Customers: found, whose they are and why, and what was paid for their orders."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.commissions.test_pages import Place, words
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant


@pytest.fixture
def place(app: App, client: FlaskClient, lampa: Merchant) -> Place:
    return Place(app, client, lampa).open()


def test_the_card_shows_contact_binding_claims_orders_and_commission(place: Place) -> None:
    place.order("A1", partner_code="boris", number="A-1")
    place.order("A2", number="A-2", created_at="2026-11-23T10:00:00+03:00", partner_code=None)
    place.order("A3", number="A-3", status="cancelled", created_at="2026-11-24T10:00:00+03:00")
    staff = place.staff()
    listed = staff.get(place.merchant.office("customers/?q=gleb")).text
    address = re.findall(r'href="([^"]*/customers/\d+)"', listed)[0]
    page = words(staff.get(address).text)
    assert "gleb@example.org" in page
    assert "Orders 3" in page
    assert "4,400.00" in page  # two that stand, with shipping
    assert "380.00" in page  # a tenth of their goods
    assert re.search(r"Binding .* Partner Boris Since Nov 22, 2026", page)
    assert "Partner's code on the order" in page
    order = words(
        staff.get(
            re.findall(r'href="([^"]*/orders/dl_\w+/)"', listed + staff.get(address).text)[0]
        ).text
    )
    assert "Commission for all of them ₽ 380.00" in order


def test_the_list_is_narrowed_kept_and_taken_out(place: Place) -> None:
    place.order("A1", partner_code="boris", number="A-1")
    body = {"name": "Kira", "email": "kira@example.org", "phone": "+79161234567"}
    place.client.put("/api/v1/members/78", json=body, headers=place.merchant.bearer)
    staff = place.staff()

    def rows(query: str) -> list[list[str]]:
        said = {"list": "customers", "query": query, "format": "csv"}
        answer = staff.post(place.merchant.office("lists/export"), data=said)
        return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))

    assert rows("cols=name.phone.orders&partner=no") == [
        ["Name", "Phone", "Orders"],
        ["Kira", "+79161234567", "0"],
    ]
    assert [row[0] for row in rows("partner=yes")][1:] == ["Gleb"]
    assert len(rows("created_from=2020-01-01")) == 3
    assert len(rows("created_to=2020-01-01")) == 1
    said = {"list": "customers", "query": "partner=no", "name": "Of nobody"}
    staff.post(place.merchant.office("lists/views"), data=said)
    assert "Of nobody" in staff.get(place.merchant.office("customers/")).text


def test_who_registered_through_a_partner_belongs_to_him_before_any_order(place: Place) -> None:
    body = {"name": "Gleb", "email": "gleb@example.org", "partner_code": "boris"}
    told = place.client.put("/api/v1/members/77", json=body, headers=place.merchant.bearer)
    assert told.status_code == 200, told.text
    staff = place.staff()
    listed = staff.get(place.merchant.office("customers/?q=gleb")).text
    page = words(staff.get(re.findall(r'href="([^"]*/customers/\d+)"', listed)[0]).text)
    assert re.search(r"Binding .* Partner Boris Since .* By Registration", page)
    assert "Partner's code, with the registration · Boris" in page
    assert " · boris This bound the customer." in page
    soon = f"{datetime.now(UTC) + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"
    place.order("A1", partner_code=None, created_at=soon, updated_at=soon, number="A-1")
    page = staff.get(re.findall(r'href="([^"]*/customers/\d+)"', listed)[0]).text
    order = words(staff.get(re.findall(r'href="([^"]*/orders/dl_\w+/)"', page)[0]).text)
    assert re.search(r"Won Customer bound to the partner · Boris [^·]* · since the reg", order)


def test_search_finds_by_phone_and_nobody_by_nonsense(place: Place) -> None:
    place.order("A1", partner_code="boris")
    staff = place.staff()
    for word, there in (("79161234567", True), ("GLEB", True), ("nobody-such", False)):
        page = staff.get(place.merchant.office(f"customers/?q={word}")).text
        assert ("gleb@example.org" in page) is there, word


def test_an_unknown_customer_is_not_there(client: FlaskClient, lampa: Merchant) -> None:
    sign_in(client, lampa.staff["owner"])
    assert client.get(lampa.office("customers/999999999")).status_code == 404


def test_tags_are_put_on_and_taken_off_by_hand(place: Place) -> None:
    place.order("A1", number="A-1")
    staff = place.staff("manager")
    listed = staff.get(place.merchant.office("customers/?q=gleb")).text
    address = re.findall(r'href="([^"]*/customers/\d+)"', listed)[0]
    assert "No tags." in staff.get(address).text
    for tag, status in (("опт", 303), ("Опт", 303), ("a,b", 422), ("  ", 422), ("x" * 61, 422)):
        assert staff.post(f"{address}/tags", data={"tag": tag}).status_code == status, tag
    assert words(staff.get(address).text).count("Take the tag Опт away") == 0, "an attribute"
    assert staff.get(address).text.count("Take the tag Опт away") == 1
    assert staff.post(f"{address}/tags/off", data={"tag": "никакая"}).status_code == 303
    assert staff.post(f"{address}/tags/off", data={"tag": "Опт"}).status_code == 303
    assert "No tags." in staff.get(address).text
    assert staff.post(f"{address[:-1]}999999/tags", data={"tag": "x"}).status_code == 404
    support = place.staff()
    assert support.post(f"{address}/tags", data={"tag": "x"}).status_code == 403
    assert "Add a tag" not in support.get(address).text
