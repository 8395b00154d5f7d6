"""The captured deliveries of a running WooCommerce, replayed over HTTP as the shop sent them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import jobs
from app.commissions.queries import booked
from app.extensions import db
from app.intake.models import Inbox
from app.intake.shops import inbox, woocommerce
from app.orders.models import Order
from app.partners.service import NewPartner, create
from tests.world import make_merchant

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

SECRET = "whsec-harness"
FOLDER = Path(__file__).parent / "woocommerce"
DELIVERIES = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("0*.json"))]


@pytest.fixture
def shop(app: App) -> tuple[Merchant, str]:
    """A merchant in dollars with Anna as partner, and the address of the shop's hook."""
    with app.app_context():
        lampa = make_merchant("Lampa", currency="USD")
        with lampa.scope():
            create(NewPartner(name="Anna", refcode="anna", codes=["ANNA10"]))
            connection, _secret = inbox.connect(lampa.shop_id, "woocommerce", SECRET)
            address = f"/hooks/woocommerce/{connection.public_id}"
        db.session.commit()
    return lampa, address


def deliver(client: FlaskClient, address: str, delivery: dict[str, Any]) -> int:
    headers = {
        n: v for n, v in delivery["headers"].items() if n.startswith("X-WC") or n == "Content-Type"
    }
    return client.post(address, data=delivery["raw"].encode(), headers=headers).status_code


def drain(app: App) -> None:
    with app.app_context():
        jobs.drain_inbox()


def sums(app: App, lampa: Merchant) -> dict[str, Any]:
    """Return what is booked per order, by the shop's id."""
    with app.app_context(), lampa.scope():
        orders = db.session.scalars(select(Order)).all()
        return {o.external_id: (o.state, o.total, sorted(booked([o.id]).values())) for o in orders}


def test_the_recorded_signatures_hold() -> None:
    for delivery in DELIVERIES:
        if delivery["sig_ok"]:
            headers = {name.lower(): value for name, value in delivery["headers"].items()}
            assert woocommerce.verify(headers, delivery["raw"].encode(), SECRET)


def test_every_delivery_is_answered_200_and_the_money_is_right(
    app: App, client: FlaskClient, shop: tuple[Merchant, str]
) -> None:
    lampa, address = shop
    for number, delivery in enumerate(DELIVERIES, start=1):
        assert deliver(client, address, delivery) == 200
        drain(app)
        if number == 7:
            # 90.00 + 9.00 tax and 72.00 + 7.20 tax, at 10%: 9.90 and 7.92.
            assert sums(app, lampa)["13"][2] == [(792, 0), (990, 0)]
        if number == 10:
            # 39.60 of 178.20 came back by sum, spread over both lines: 22.00 and 17.60.
            assert sums(app, lampa)["13"][2] == [(616, 0), (770, 0)]
    assert {number: state for number, (state, _, _) in sums(app, lampa).items()} == {
        "13": "refunded",
        "16": "cancelled",
        "17": "cancelled",
    }
    assert all(not nets for _, _, nets in sums(app, lampa).values())


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_and_doubled_they_end_in_the_same_sums(
    app: App, client: FlaskClient, shop: tuple[Merchant, str], seed: int
) -> None:
    lampa, address = shop
    cut = DELIVERIES[:10]  # while order 13 still earns
    random = Random(seed)  # noqa: S311 - a seed, so that a failure can be seen again
    shuffled = random.sample(cut + cut, 2 * len(cut))
    for delivery in shuffled:
        assert deliver(client, address, delivery) == 200
    drain(app)
    assert sums(app, lampa)["13"] == ("completed", 13860, [(616, 0), (770, 0)])


@pytest.mark.parametrize("seed", range(2))
def test_all_of_them_shuffled_and_doubled_end_as_in_order(
    app: App, client: FlaskClient, shop: tuple[Merchant, str], seed: int
) -> None:
    lampa, address = shop
    random = Random(seed)  # noqa: S311 - a seed, so that a failure can be seen again
    for delivery in random.sample(DELIVERIES + DELIVERIES, 2 * len(DELIVERIES)):
        assert deliver(client, address, delivery) == 200
    drain(app)
    ended = sums(app, lampa)
    assert {number: state for number, (state, _, _) in ended.items()} == {
        "13": "refunded",
        "16": "cancelled",
        "17": "cancelled",
    }
    assert all(not nets for _, _, nets in ended.values())


def signed(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


BAD = {
    "none": None,
    "empty": "",
    "of another secret": signed(DELIVERIES[6]["raw"].encode(), "other"),
    "of another body": signed(b"{}"),
    "truncated": signed(DELIVERIES[6]["raw"].encode())[:-4],
    "hexadecimal": hmac.new(
        SECRET.encode(), DELIVERIES[6]["raw"].encode(), hashlib.sha256
    ).hexdigest(),
    "not ASCII": "подпись",
}


@pytest.mark.parametrize("name", BAD)
def test_only_a_signature_that_holds_is_taken(
    app: App, client: FlaskClient, shop: tuple[Merchant, str], name: str
) -> None:
    lampa, address = shop
    headers = {"Content-Type": "application/json", "X-WC-Webhook-Topic": "order.updated"}
    if BAD[name] is not None:
        headers["X-WC-Webhook-Signature"] = BAD[name].encode().decode("latin-1")
    answer = client.post(address, data=DELIVERIES[6]["raw"].encode(), headers=headers)
    assert answer.status_code == 403
    with app.app_context(), lampa.scope():
        assert db.session.scalars(select(Inbox)).all() == []


def test_a_proven_delivery_that_cannot_be_read_is_parked_for_the_merchant(
    app: App, client: FlaskClient, shop: tuple[Merchant, str]
) -> None:
    lampa, address = shop
    body = json.dumps({**DELIVERIES[6]["json"], "currency": "EUR"}).encode()
    headers = {"X-WC-Webhook-Topic": "order.updated", "X-WC-Webhook-Signature": signed(body)}
    assert client.post(address, data=body, headers=headers).status_code == 200
    drain(app)
    with app.app_context(), lampa.scope():
        [row] = db.session.scalars(select(Inbox)).all()
        assert row.state == "parked"
        assert "EUR" in (row.problem or "")


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": "Infinity"},
        {"quantity": float("inf")},
        {"quantity": "NaN"},
        {"quantity": "1e29"},
        {"quantity": "1e900000"},
        {"quantity": "0.00000000001"},
        {"name": ["x"]},
        {"name": {"x": 1}},
        {"name": "a\x00b"},
        {"name": "\ud800"},
        {"id": "x" * 200},
        {"total": "1e900000"},
        {"status": ["processing"]},
        {"id_of_order": "x\x00y"},
        {"date_created_gmt": "9999-12-31T23:59:59"},
        {"coupon_lines": [{"code": 7}]},
    ],
)
def test_a_signed_order_that_could_not_be_read_again_is_parked_and_poisons_nobody(
    app: App, client: FlaskClient, shop: tuple[Merchant, str], change: dict[str, Any]
) -> None:
    lampa, address = shop
    good = DELIVERIES[6]["json"]
    whole = {"status", "date_created_gmt", "coupon_lines"} & set(change)
    item = {**good["line_items"][0], **({} if whole else change)}
    said = {**good, "line_items": [item], **(change if whole else {})}
    said["id"] = change.get("id_of_order", good["id"])
    body = json.dumps(said).encode()
    headers = {"X-WC-Webhook-Topic": "order.updated", "X-WC-Webhook-Signature": signed(body)}
    assert client.post(address, data=body, headers=headers).status_code == 200
    drain(app)
    with app.app_context(), lampa.scope():
        [row] = db.session.scalars(select(Inbox)).all()
        assert (row.state, row.attempts) == ("parked", 0), row.problem
        assert db.session.scalars(select(Order)).all() == []


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("order.updated", b"[" * 100_000),
        ("order.updated", b'{"a":' * 100_000),
        ("order.updated", b"null"),
        ("order.deleted", b'{"id": "a\\u0000b"}'),
        ("order.deleted", b'{"id": ""}'),
    ],
)
def test_a_signed_body_that_is_no_order_is_parked(
    app: App, client: FlaskClient, shop: tuple[Merchant, str], topic: str, body: bytes
) -> None:
    lampa, address = shop
    headers = {"X-WC-Webhook-Topic": topic, "X-WC-Webhook-Signature": signed(body)}
    assert client.post(address, data=body, headers=headers).status_code == 200
    drain(app)
    with app.app_context(), lampa.scope():
        [row] = db.session.scalars(select(Inbox)).all()
        assert (row.state, row.attempts) == ("parked", 0), row.problem


def test_an_unknown_connection_is_not_there(
    client: FlaskClient, shop: tuple[Merchant, str]
) -> None:
    assert client.post("/hooks/woocommerce/cn_0000000000000000", data=b"{}").status_code == 404
    assert client.post(shop[1].replace("woocommerce", "shopify"), data=b"{}").status_code == 404
