"""Tilda's cart: a form that comes once, proven by a secret, in every shape in which Tilda writes it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from app import crypto
from app.extensions import db
from app.intake.models import Inbox
from app.intake.shops import Nothing, OrderSaid, Unreadable, tilda
from app.orders.models import Order
from app.orders.rules import folded_from_json, order_total
from app.partners.service import NewPartner, create
from app.tenants.models import Connection
from tests.shops.senders import Line, open_line

if TYPE_CHECKING:
    from app.application import App
    from app.orders.rules import Snapshot
    from tests.world import Merchant

PAYMENT: dict[str, Any] = {
    "orderid": "1524", "amount": 16400, "delivery": "Courier", "delivery_price": 400,
    "promocode": "ANNA10", "discount": 1000, "subtotal": 17000,
    "products": [
        {"name": "Coat", "sku": "COAT", "quantity": 1, "amount": 12000, "price": 12000},
        {"name": "Shirt", "externalid": "x7", "quantity": 2, "amount": 5000, "price": 2500},
    ],
}  # fmt: skip


def brackets(value: Any, name: str) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [pair for k, v in value.items() for pair in brackets(v, f"{name}[{k}]")]
    if isinstance(value, list):
        return [pair for k, v in enumerate(value) for pair in brackets(v, f"{name}[{k}]")]
    return [(name, str(value))]


def form(payment: Any = PAYMENT, **fields: str) -> bytes:
    said = {"Name": "Gleb", "Phone": "+7 916 123-45-67", "Email": "gleb@example.org", **fields}
    return urlencode([*said.items(), *brackets(payment, "payment")]).encode()


SHAPES = {
    "brackets": form(),
    "JSON in a field": urlencode({"name": "Gleb", "EMAIL": "gleb@example.org", "phone": "+79161234567",
                                  "payment": json.dumps(PAYMENT)}).encode(),
    "JSON": json.dumps({"Name": "Gleb", "Email": "gleb@example.org", "Phone": "+79161234567",
                        "payment": PAYMENT}).encode(),
    "products as rows": form({**PAYMENT, "products": ["Coat - 1x12000 = 12000", "Shirt - 2x2500 = 5000"]}),
}  # fmt: skip


def read(body: bytes) -> Snapshot:
    said = tilda.parse("order", body, "RUB")
    assert isinstance(said, OrderSaid)
    assert said.external_id == "1524"
    return said.snapshot


@pytest.mark.parametrize("shape", SHAPES)
def test_an_order_is_worth_what_was_paid_however_it_is_written(shape: str) -> None:
    said = read(SHAPES[shape])
    assert order_total(said) == 1640000
    assert [(line.price, line.discount) for line in said.lines] == [
        (1200000, 70588),
        (250000, 29412),
    ]
    assert (said.shipping, said.coupons, said.status) == (40000, ("ANNA10",), "new")
    assert (said.customer.name, said.customer.email) == ("Gleb", "gleb@example.org")


def test_products_keep_their_ids_in_the_catalogue() -> None:
    assert [line.product for line in read(form()).lines] == ["COAT", "x7"]


def test_a_payment_that_the_bank_has_a_number_for_is_paid() -> None:
    assert read(form({**PAYMENT, "sys": "cloudpayments", "systranid": "1"})).status == "paid"


def test_more_paid_than_the_goods_is_a_fee_and_less_a_discount() -> None:
    assert read(form({**PAYMENT, "amount": "17500"})).fees == 10000
    assert sum(line.discount for line in read(form({**PAYMENT, "amount": "400"})).lines) == 1700000


@pytest.mark.parametrize(
    "fields",
    [{"partnerka_click": "ck_1"}, {"Partnerka_Click": "ck_1"}, {"COOKIES": "a=b; partnerka_click=ck_1; c=d"}],
)  # fmt: skip
def test_the_click_comes_in_a_hidden_field_or_with_the_cookies(fields: dict[str, str]) -> None:
    assert read(form(**fields)).click == "ck_1"


@pytest.mark.parametrize(
    "body", [urlencode({"name": "Gleb", "phone": "+7"}).encode(), b"", b"a=b&c", form({"orderid": ""}), b"{}"]
)  # fmt: skip
def test_a_form_without_an_order_says_nothing(body: bytes) -> None:
    assert tilda.parse("order", body, "RUB") == Nothing()


@pytest.mark.parametrize(
    "change",
    [{"currency": "USD"}, {"products": ["?"]}, {"products": [{"name": "a", "price": "much", "quantity": 1}]},
     {"products": [{"name": "a", "quantity": 0, "amount": 1}]}, {"delivery_price": "-5"}, {"amount": "1e50"}],
)  # fmt: skip
def test_what_cannot_be_read_is_set_aside_with_a_word(change: dict[str, Any]) -> None:
    with pytest.raises(Unreadable) as told:
        tilda.parse("order", form({**PAYMENT, **change}), "RUB")
    assert told.value.external_id == "1524"


@pytest.fixture
def cart(app: App, lampa: Merchant) -> Line:
    with app.app_context():
        with lampa.scope():
            create(NewPartner(name="Anna", refcode="anna", codes=["ANNA10"]))
        db.session.commit()
    return open_line(app, lampa, "tilda")


def test_the_trial_call_wants_200_and_leaves_nothing(cart: Line) -> None:
    trial = replace(cart.sign(b"test=test"), query="")
    assert cart.send(trial).status_code == 200
    assert cart.orders() == {}


def test_an_order_waits_for_somebody_to_say_what_became_of_it(app: App, cart: Line) -> None:
    assert cart.send(cart.sign(form())).status_code == 200
    assert cart.orders() == {"1524": ("registered", 1640000, [])}
    with app.app_context(), cart.merchant.scope():
        order, row = (
            db.session.scalars(select(Order)).one(),
            db.session.scalars(select(Inbox)).one(),
        )
        assert folded_from_json(order.folded).snapshot.created_at == row.received_at


def test_tilda_tries_three_times_and_it_is_kept_once(cart: Line) -> None:
    for _time in range(3):
        assert cart.send(cart.sign(form())).status_code == 200
    with cart.app.app_context(), cart.merchant.scope():
        assert len(db.session.scalars(select(Inbox)).all()) == 1


@pytest.mark.parametrize("place", ["query", "header", "field"])
def test_the_secret_may_stand_where_tilda_lets_it(cart: Line, place: str) -> None:
    good = cart.sign(form())
    said = {
        "query": good,
        "header": replace(good, query="", headers={**good.headers, "X-API-Key": cart.secret}),
        "field": replace(good, query="", body=form(key=cart.secret)),
    }[place]
    assert cart.send(said).status_code == 200
    assert list(cart.orders()) == ["1524"]


def test_a_secret_with_signs_of_base64_may_be_pasted_as_it_stands(
    app: App, lampa: Merchant
) -> None:
    """A plus in an address is read as a space by most; people paste what they were shown."""
    cart = replace(open_line(app, lampa, "tilda"), secret="whsec_a+b/c==")
    with app.app_context(), lampa.scope():
        own = db.session.scalars(select(Connection).where(Connection.kind == "tilda")).one()
        own.secret = crypto.seal(cart.secret)
        db.session.commit()
    for query in ("key=whsec_a+b/c==", "key=whsec_a%2Bb%2Fc%3D%3D"):
        assert cart.send(replace(cart.sign(form()), query=query)).status_code == 200
    assert cart.send(replace(cart.sign(form()), query="key=whsec_a b/c==")).status_code == 403
