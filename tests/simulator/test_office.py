"""The simulator's page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from app.catalog import service as catalog
from app.extensions import db
from app.orders.models import Order
from tests.orders.test_api import lampa, put, said
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

__all__ = ["lampa"]


def test_staff_ask_what_an_order_would_pay_and_see_why(
    app: App,
    client: FlaskClient,
    lampa: Merchant,
) -> None:
    sign_in(client, lampa.staff["support"])
    page = lampa.office("simulator/")
    assert client.get(page).status_code == 200
    form = {"code": "ANNA10", "state": "completed", "brought": "code", "lines-0-product": "lamp-1",
            "lines-0-quantity": "2", "lines-0-price": "950"}  # fmt: skip
    answer = client.post(page, data=form)
    assert answer.status_code == 200
    assert "190.00" in answer.text
    assert "the partner terms “Base terms”, since" in answer.text
    assert "Available from" in answer.text
    link = form | {"brought": "link", "code": f"https://shop.example/r/{lampa.slug}/anna"}
    assert "190.00" in client.post(page, data=link).text
    nobody = client.post(page, data=form | {"code": "nobody"})
    assert "belongs to no partner" in nobody.text
    with app.app_context(), lampa.scope():
        assert db.session.scalar(select(func.count()).select_from(Order)) == 0


def test_a_known_e_mail_brings_the_binding(client: FlaskClient, lampa: Merchant) -> None:
    put(client, lampa, said())
    sign_in(client, lampa.staff["support"])
    form = {"brought": "nobody", "email": "gleb@example.org", "state": "agreed",
            "lines-0-quantity": "1", "lines-0-price": "100"}  # fmt: skip
    answer = client.post(lampa.office("simulator/"), data=form)
    assert "Customer bound to the partner" in answer.text


@pytest.fixture
def shelf(app: App, lampa: Merchant) -> Merchant:
    """Lampa with two lamps on the shelf; the desk lamp pays 30%, the floor lamp has no price."""
    with app.app_context(), lampa.scope():
        catalog.put_product(lampa.shop_id, "d-1", name="Desk lamp", price=100000, levels=["30%"])
        catalog.put_product(lampa.shop_id, "f-1", name="Floor lamp")
        db.session.commit()
    return lampa


def test_products_are_offered_by_name_and_taken_by_name_or_id(
    client: FlaskClient, shelf: Merchant
) -> None:
    sign_in(client, shelf.staff["support"])
    page = shelf.office("simulator/")
    listed = client.get(page).text.partition('<datalist id="known-products">')[2]
    assert '<option value="d-1">Desk lamp · ' in listed
    assert '<option value="f-1">Floor lamp</option>' in listed
    fitting = client.get(f"{page}products?row=1&lines-1-product=DESK").text
    assert re.findall(r'value="([^"]*)"', fitting) == ["d-1"]
    assert client.get(f"{page}products?row=%ff&lines-0-product=lamp").status_code == 200
    for typed in ("d-1", "Desk lamp"):
        form = {"code": "ANNA10", "state": "completed", "brought": "code",
                "lines-0-product": typed, "lines-0-quantity": "1"}  # fmt: skip
        answer = client.post(page, data=form).text
        assert "300.00" in answer
        assert re.search(r"-help\">\s*Desk lamp · [^<]*1,000.00", answer)


def test_a_product_that_the_catalogue_does_not_have_is_told(
    client: FlaskClient, shelf: Merchant
) -> None:
    sign_in(client, shelf.staff["support"])
    page = shelf.office("simulator/")
    form = {"code": "ANNA10", "state": "completed", "brought": "code",
            "lines-0-product": "Dask lamp", "lines-0-quantity": "1"}  # fmt: skip
    refused = client.post(page, data=form)
    assert refused.status_code == 422
    assert "The catalogue has no such product" in refused.text
    priced = client.post(page, data=form | {"lines-0-price": "1000"})
    assert "Not in the catalogue" in priced.text
    assert "100.00" in priced.text
    bare = client.post(page, data=form | {"lines-0-product": "f-1"})
    assert "The catalogue has no price" in bare.text


def test_what_cannot_be_read_is_told_and_kept(client: FlaskClient, lampa: Merchant) -> None:
    sign_in(client, lampa.staff["support"])
    page = lampa.office("simulator/")
    good = {"state": "agreed", "brought": "code", "lines-0-quantity": "1", "lines-0-price": "5"}
    for change in (
        {"lines-0-price": "", "lines-0-quantity": ""},
        {"lines-0-price": "", "lines-0-product": "unknown"},
        {"lines-0-price": "five"},
        {"lines-0-quantity": "-1"},
        {"lines-0-quantity": "many"},
        {"lines-0-product": "a\x00b"},
        {"state": "nonsense"},
        {"at": "soon"},
    ):
        answer = client.post(page, data=good | change)
        assert answer.status_code == 422, change
        assert "form-errors" in answer.text, change
