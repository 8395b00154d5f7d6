"""The simulator's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

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
