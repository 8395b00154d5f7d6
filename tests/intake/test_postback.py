"""A sale told in one address: proven it is an order as any other, unproven it waits and moves nothing."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import pytest
from sqlalchemy import select

from app import clock
from app.commissions.queries import booked, deal_view
from app.extensions import db
from app.orders.models import Order
from app.partners.service import NewPartner, create
from app.tenants import service
from app.tenants.rules import Place
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.application import App
    from tests.world import Merchant, World

HERE = {"REMOTE_ADDR": "198.51.100.41"}


@pytest.fixture(autouse=True)
def partners(app: App, world: World) -> None:
    with app.app_context():
        for merchant in (world.lampa, world.kniga):
            with merchant.scope():
                create(NewPartner(name="Anna", refcode="anna", codes=["ANNA10"]))
                create(NewPartner(name="Boris", refcode="boris", codes=["BORIS5"]))
        db.session.commit()


def click(client: FlaskClient, merchant: Merchant, ref: str = "anna") -> str:
    answer = client.post("/api/v1/clicks", json={"ref": ref}, headers=merchant.bearer)
    return str(answer.json["click"])


def signed(merchant: Merchant, **said: str) -> dict[str, str]:
    said = {"ts": str(int(time.time())), **said}
    rest = urlencode(sorted(said.items())).encode()
    secret = merchant.webhook_secret.encode()
    return {**said, "sig": hmac.new(secret, rest, hashlib.sha256).hexdigest()}


def tell(client: FlaskClient, merchant: Merchant, said: Any, method: str = "GET") -> TestResponse:
    place = f"/postback/{merchant.slug}"
    if method == "GET":
        return client.get(place, query_string=said, environ_overrides=HERE)
    return client.post(place, data=said, environ_overrides=HERE)


def standing(
    app: App, merchant: Merchant
) -> dict[str, tuple[str, str, int, str | None, list[Any]]]:
    with app.app_context(), merchant.scope():
        found = {}
        for order in db.session.scalars(select(Order)):
            view = deal_view(order.id)
            who = view.partner.name if view and view.partner else None
            sums = sorted(booked([order.id]).values())
            found[order.external_id] = (order.state, order.status, order.total, who, sums)
        return found


def fields(answer: TestResponse) -> tuple[int, list[str]]:
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return answer.status_code, [each["field"] for each in answer.json["errors"]]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_signed_sale_is_booked_and_a_later_word_moves_it(
    app: App, client: FlaskClient, lampa: Merchant, method: str
) -> None:
    token = click(client, lampa)
    sale = signed(
        lampa, click=token, order="A 1/ж", amount="1500.00", currency="RUB", status="paid"
    )
    answer = tell(client, lampa, sale, method)
    assert (answer.status_code, answer.json) == (
        200, {"order": "A 1/ж", "state": "agreed", "confirmed": True},
    )  # fmt: skip
    assert standing(app, lampa) == {"A 1/ж": ("agreed", "paid", 150000, "Anna", [(15000, 0)])}
    assert tell(client, lampa, sale, method).status_code == 200  # once more: the same
    back = signed(lampa, order="A 1/ж", status="cancelled")
    assert tell(client, lampa, back, method).json["state"] == "cancelled"
    assert standing(app, lampa)["A 1/ж"][4] == []
    assert tell(client, lampa, sale, method).json["state"] == "cancelled"  # a replay of the first


def test_languages_write_the_same_parameters_in_their_own_ways(
    client: FlaskClient, lampa: Merchant
) -> None:
    """PHP's http_build_query and Python with a plus; JavaScript with its own stars; others with %20."""
    said = {"ts": str(int(time.time())), "order": "a b~*(1)", "amount": "10.00", "ref": "anna"}
    script = urlencode(sorted(said.items()), safe="*").replace("~", "%7E").replace("(", "%28")
    writings = [urlencode(sorted(said.items())), script,
                "&".join(f"{n}={quote(v, safe='')}" for n, v in sorted(said.items()))]  # fmt: skip
    secrets = [
        lampa.webhook_secret.encode(),
        b64decode(lampa.webhook_secret.removeprefix("whsec_")),
    ]
    for secret in secrets:
        for writing in writings:
            sig = hmac.new(secret, writing.encode(), hashlib.sha256).hexdigest()
            assert tell(client, lampa, {**said, "sig": sig}).status_code == 200
            assert tell(client, lampa, {**said, "sig": sig.upper()}).status_code == 200


def test_a_time_may_be_written_with_its_offset(client: FlaskClient, lampa: Merchant) -> None:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    said = signed(lampa, ts=at, order="1", amount="10.00", ref="anna")
    assert tell(client, lampa, said).status_code == 200


FORGED = {
    "another merchant's secret": lambda w, s: signed(w.kniga, **s),
    "an empty signature": lambda w, s: {**signed(w.lampa, **s), "sig": ""},
    "a truncated one": lambda w, s: {**signed(w.lampa, **s), "sig": signed(w.lampa, **s)["sig"][:-2]},
    "with a tag": lambda w, s: {**signed(w.lampa, **s), "sig": "sha256=" + signed(w.lampa, **s)["sig"]},
    "no hexadecimal": lambda w, s: {**signed(w.lampa, **s), "sig": "ж" * 64},
    "another sum": lambda w, s: {**signed(w.lampa, **s), "amount": "9999.00"},
    "another click": lambda w, s: {**signed(w.lampa, **s), "ref": "boris"},
    "another time": lambda w, s: {**signed(w.lampa, **s), "ts": str(int(time.time()) + 1)},
    "another word": lambda w, s: {**signed(w.lampa, **s), "status": "completed"},
    "a parameter more": lambda w, s: {**signed(w.lampa, **s), "sub": "1"},
    "a parameter less": lambda w, s: {n: v for n, v in signed(w.lampa, **s).items() if n != "ref"},
    "of md5": lambda w, s: {**signed(w.lampa, **s), "sig": hmac.new(
        w.lampa.webhook_secret.encode(), urlencode(sorted(s.items())).encode(), "md5").hexdigest()},
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_f19_a_forged_signature_changes_nothing(
    app: App, client: FlaskClient, world: World, name: str
) -> None:
    sale = {"order": "1", "amount": "10.00", "status": "paid", "ref": "anna"}
    assert fields(tell(client, world.lampa, FORGED[name](world, sale))) == (403, ["sig"])
    assert standing(app, world.lampa) == {}


@pytest.mark.parametrize("ago", [301, 600, -360, 10**9])
def test_f18_an_old_postback_is_refused(
    app: App, client: FlaskClient, lampa: Merchant, ago: int
) -> None:
    said = signed(lampa, ts=str(int(time.time()) - ago), order="1", amount="10.00", ref="anna")
    assert fields(tell(client, lampa, said)) == (422, ["ts"])
    assert standing(app, lampa) == {}


WRONG: list[tuple[dict[str, str], str]] = [
    ({"order": ""}, "order"), ({"order": "x" * 129}, "order"), ({"amount": "1e3"}, "amount"),
    ({"amount": "NaN"}, "amount"), ({"amount": "-1.00"}, "amount"), ({"amount": "1.001"}, "amount"),
    ({"amount": ""}, "amount"), ({"amount": "9" * 30}, "amount"), ({"currency": "USD"}, "currency"),
    ({"status": "x" * 129}, "status"), ({"ts": ""}, "ts"), ({"ts": "soon"}, "ts"),
    ({"ts": "2026-11-30T10:00:00"}, "ts"), ({"ts": "99999999999999"}, "ts"), ({"click": "c" * 4001}, "click"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "field"), WRONG)
def test_what_cannot_stand_is_named(
    app: App, client: FlaskClient, lampa: Merchant, change: dict[str, str], field: str
) -> None:
    sale = {"order": "1", "amount": "10.00", "currency": "RUB", "ref": "anna", **change}
    assert fields(tell(client, lampa, signed(lampa, **sale), "POST")) == (422, [field])
    assert standing(app, lampa) == {}


def test_a_parameter_that_stands_twice_is_refused(client: FlaskClient, lampa: Merchant) -> None:
    pairs = [*signed(lampa, order="1", amount="10.00", ref="anna").items(), ("amount", "99.00")]
    assert fields(tell(client, lampa, pairs)) == (422, ["amount"])


class TestUnproven:
    def test_it_waits_and_earns_nothing_whatever_it_says(
        self, app: App, client: FlaskClient, lampa: Merchant
    ) -> None:
        said = {
            "order": "7",
            "amount": "500.00",
            "status": "completed",
            "click": click(client, lampa),
        }
        for _time in range(2):
            answer = tell(client, lampa, said)
            assert (answer.status_code, answer.json) == (202, {"confirmed": False})
        assert standing(app, lampa) == {"7": ("registered", "unconfirmed", 50000, "Anna", [])}
        tell(client, lampa, {**said, "amount": "9999.00"})  # a second story of it is not heard
        assert standing(app, lampa)["7"][2] == 50000

    def test_it_cannot_touch_an_order_that_is_proven(
        self, app: App, client: FlaskClient, lampa: Merchant
    ) -> None:
        tell(client, lampa, signed(lampa, order="8", amount="100.00", status="paid"))
        before = standing(app, lampa)
        assert before["8"][3] is None
        forged = {"order": "8", "amount": "1.00", "status": "cancelled", "ref": "anna"}
        assert tell(client, lampa, forged).status_code == 202
        assert standing(app, lampa) == before

    def test_nobody_steals_a_sale_by_guessing_the_next_number(
        self, app: App, client: FlaskClient, lampa: Merchant
    ) -> None:
        """What was said without proof is forgotten with the first proven word: its click, too."""
        tell(
            client, lampa, {"order": "9", "amount": "1.00", "click": click(client, lampa, "boris")}
        )
        assert standing(app, lampa)["9"][3] == "Boris"
        order = {
            "status": "paid", "currency": "RUB", "created_at": clock.now().isoformat(),
            "lines": [{"id": "1", "quantity": "1", "price": "900.00"}],
        }  # fmt: skip
        client.put("/api/v1/orders/9", json=order, headers=lampa.bearer)
        assert standing(app, lampa)["9"] == ("agreed", "paid", 90000, None, [])

    def test_a_signed_word_confirms_it(
        self, app: App, client: FlaskClient, lampa: Merchant
    ) -> None:
        token = click(client, lampa)
        tell(client, lampa, {"order": "10", "amount": "500.00", "click": token})
        tell(client, lampa, signed(lampa, order="10", amount="400.00", status="paid", click=token))
        assert standing(app, lampa)["10"] == ("agreed", "paid", 40000, "Anna", [(4000, 0)])

    def test_without_a_click_of_this_merchants_it_is_not_even_kept(
        self, app: App, client: FlaskClient, world: World
    ) -> None:
        for evidence in (
            {},
            {"click": "ck_forged"},
            {"click": click(client, world.kniga)},
            {"ref": "x"},
        ):
            said = {"order": "11", "amount": "5.00", **evidence}
            assert fields(tell(client, world.lampa, said)) == (422, ["click"])
        assert standing(app, world.lampa) == {}

    def test_the_merchant_confirms_it_in_the_office(
        self, app: App, client: FlaskClient, lampa: Merchant
    ) -> None:
        tell(client, lampa, {"order": "12", "amount": "500.00", "click": click(client, lampa)})
        sign_in(client, lampa.staff["owner"])
        with app.app_context(), lampa.scope():
            order = db.session.scalars(select(Order)).one()
            view = deal_view(order.id)
            assert view is not None
            deal = view.deal.public_id
        page = client.get(lampa.office(f"orders/{deal}/"))
        assert "Nobody has proven this order" in page.text
        form = client.get(lampa.office(f"orders/{deal}/edit")).text
        seen = re.search(r'name="seen"[^>]*value="(\w+)"', form)
        assert seen
        said = {"status": "paid", "seen": seen[1], "lines-0-product": "Sale",
                "lines-0-quantity": "1", "lines-0-price": "500"}  # fmt: skip
        assert 'value="Sale"' in form
        answer = client.post(lampa.office(f"orders/{deal}/edit"), data=said)
        assert answer.status_code == 303, answer.text
        assert standing(app, lampa)["12"] == ("agreed", "paid", 50000, "Anna", [(5000, 0)])
        assert "Nobody has proven" not in client.get(lampa.office(f"orders/{deal}/")).text


def test_a_nobody_of_a_merchant_is_not_there(client: FlaskClient) -> None:
    assert client.get("/postback/nobody-here", environ_overrides=HERE).status_code == 404


def test_each_shop_signs_with_its_own_secret(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    with app.app_context(), lampa.scope():
        other = service.open_shop("Second", Place("second.example", ""), "Europe/Moscow")
        _connection, secret = service.connect(other.id, "postback")
        db.session.commit()
        other_id = other.id
    said = signed(replace(lampa, webhook_secret=secret), order="1", amount="10.00", ref="anna")
    assert tell(client, lampa, said).status_code == 200
    with app.app_context(), lampa.scope():
        assert db.session.scalars(select(Order.shop_id)).all() == [other_id]
