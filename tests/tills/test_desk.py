"""A cashier at the till: who stands there, what is earned and spent, and what is cancelled."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import jobs
from app.bonuses import queries as bonuses
from app.bonuses import service as lots
from app.bonuses.rules import Grant
from app.extensions import db
from app.members.models import Member
from app.orders.models import Order, OrderMessage
from app.profiles.service import switch
from app.tariffs import queries as tariffs
from app.tenancy import public_id
from app.tenants import queries as tenants
from app.tenants import service as settings
from app.tills import queries as till_queries
from app.tills import service
from app.tills.models import Till, TillReceipt
from app.tills.rules import Kind
from tests.commissions.test_pages import words
from tests.harness.together import together
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.application import App
    from tests.world import Merchant

PHONE = "+79161234567"


class Desk:
    """Lampa's till with a customer who has 500.00 in bonuses, and its cashier."""

    def __init__(self, app: App, merchant: Merchant, client: FlaskClient) -> None:
        self.app, self.merchant = app, merchant
        shop = merchant.shop_id

        def open_() -> int:
            settings.change_settings({"loyalty": True})
            return service.make(shop, "Hall 1", Kind.REGISTER, "Tverskaya 7").id

        with app.app_context():
            self.till = jobs.in_transaction(open_, merchant.id)
        said = {"name": "Gleb Sokolov", "phone": PHONE}
        answer = client.put("/api/v1/members/77", json=said, headers=merchant.bearer)
        assert answer.status_code == 200
        client.put("/api/v1/members/77/card", json={"number": "5555"}, headers=merchant.bearer)
        self.member = self.scalar(select(Member.id).where(Member.key == "id:77"))
        gift = Grant(member_id=self.member, amount=50_000, reference="gift", kind="hand")
        with app.app_context():
            jobs.in_transaction(lambda: lots.grant([gift]), merchant.id)
        self.cashier = sign_in(client, merchant.staff["cashier"])

    def scalar(self, query: Any) -> Any:
        with self.app.app_context(), self.merchant.scope():
            found = db.session.scalar(query)
            db.session.rollback()
        return found

    def at(self, path: str = "") -> str:
        return self.merchant.office(f"till/{path}")

    def sell(self, client: FlaskClient | None = None, **said: str) -> TestResponse:
        form = {"receipt": public_id("rc"), "member": str(self.member), "act": "take", **said}
        return self.found(client or self.cashier).post(self.at("sale"), data=form)

    def found(self, client: FlaskClient) -> FlaskClient:
        client.get(self.at(), query_string={"who": "77"})
        return client

    def has(self) -> int:
        with self.app.app_context(), self.merchant.scope():
            found = bonuses.balance(self.member)
            db.session.rollback()
        return found.available


@pytest.fixture
def desk(app: App, lampa: Merchant, client: FlaskClient) -> Desk:
    return Desk(app, lampa, client)


def test_a_customer_is_found_by_phone_card_and_the_shops_id_and_by_no_part_of_them(
    desk: Desk,
) -> None:
    for text in ("8 916 123-45-67", "5555", "77"):
        shown = desk.cashier.get(desk.at(), query_string={"who": text}).text
        assert "500.00" in shown, text
        assert "Gleb Sokolov" not in shown, "a cashier reads no names of customers"
    for text in ("916", "555", "7", "%", "Gleb", "x" * 500, "\x00"):
        assert "500.00" not in desk.cashier.get(desk.at(), query_string={"who": text}).text, text


def test_spending_takes_as_much_as_may_be_and_a_cancel_gives_it_back(desk: Desk) -> None:
    done = desk.sell(amount="300.00", way="spend")
    assert done.status_code == 303
    shown = desk.cashier.get(done.headers["Location"]).text
    assert "200.01" in shown, "bonuses now"
    assert desk.has() == 20_001, "a kopeck of the line stays to be paid"
    for _twice in range(2):
        assert desk.cashier.post(f"{done.headers['Location']}/cancel").status_code == 303
        assert desk.has() == 50_000
    over = desk.cashier.get(done.headers["Location"]).text
    assert "Cancelled" in over
    assert "to give back in money" in over
    assert "to take in money" not in over
    order = desk.scalar(select(Order.state).order_by(Order.id.desc()).limit(1))
    assert order == "cancelled"


def test_what_is_reckoned_is_what_is_taken(desk: Desk) -> None:
    reckoned = words(desk.sell(amount="300.00", way="spend", act="reckon").text)
    assert "To pay ₽ 0.01 Paid in bonuses ₽ 299.99" in reckoned, "empty: as much as may be"
    some = words(desk.sell(amount="300.00", way="spend", spend="100", act="reckon").text)
    assert "To pay ₽ 200.00 Paid in bonuses ₽ 100.00 At most ₽ 299.99" in some
    more = desk.sell(amount="300.00", way="spend", spend="300", act="reckon")
    assert more.status_code == 422
    assert "At most 299.99 may be paid in bonuses." in more.text
    assert desk.has() == 50_000


def test_a_named_sum_is_spent_and_more_than_there_is_is_refused_at_its_field(desk: Desk) -> None:
    assert desk.sell(amount="300.00", way="spend", spend="120.50").status_code == 303
    assert desk.has() == 50_000 - 12_050
    refused = desk.sell(amount="3000.00", way="spend", spend="2000.00")
    assert refused.status_code == 422
    [spend] = re.findall(r'<input[^>]*name="spend"[^>]*>', refused.text)
    assert 'aria-invalid="true"' in spend
    assert 'value="3,000.00"' in refused.text or 'value="3000.00"' in refused.text
    assert desk.has() == 50_000 - 12_050


def test_a_sum_to_spend_beside_earning_is_not_passed_over(desk: Desk) -> None:
    for act in ("reckon", "take"):
        refused = desk.sell(amount="300.00", way="earn", spend="100", act=act)
        assert refused.status_code == 422
        assert "Choose to spend bonuses, or leave this empty." in refused.text
        assert 'value="100' in refused.text
    assert desk.has() == 50_000


def test_earning_gives_by_the_rules_and_a_cancel_takes_it(desk: Desk) -> None:
    with desk.app.app_context():
        jobs.in_transaction(lambda: switch("order", on=True), desk.merchant.id)
    reckoned = desk.sell(amount="1000.00", way="earn", act="reckon")
    assert reckoned.status_code == 200
    assert desk.has() == 50_000, "to reckon books nothing"
    done = desk.sell(amount="1000.00", way="earn")
    assert done.status_code == 303
    earned = desk.has()
    pending = desk.scalar(select(TillReceipt.spent))
    assert pending == 0
    assert earned >= 50_000
    desk.cashier.post(f"{done.headers['Location']}/cancel")
    assert desk.has() == 50_000


def test_pressed_twice_or_by_many_at_once_a_receipt_is_one(desk: Desk) -> None:
    name = public_id("rc")
    form = {"receipt": name, "member": str(desk.member), "act": "take", "amount": "300.00",
            "way": "spend", "spend": "100.00"}  # fmt: skip
    clients = [
        desk.found(sign_in(desk.app.test_client(), desk.merchant.staff["cashier"]))
        for _ in range(5)
    ]
    desk.found(desk.cashier)
    said = together(
        [lambda c=c: c.post(desk.at("sale"), data=form).status_code for c in clients]  # type: ignore[misc]
    )
    assert set(said) <= {303, 503}, said
    assert 303 in said
    assert desk.cashier.post(desk.at("sale"), data=form).status_code == 303
    assert desk.has() == 40_000
    assert desk.cashier.post(desk.at("sale"), data=form | {"amount": "301.00"}).status_code == 409


def test_nobodys_bonuses_are_seen_or_spent_by_a_guessed_id(desk: Desk) -> None:
    """A customer says a phone, a card or an id; ours are counted up, and are no proof of standing there."""
    form = {"receipt": public_id("rc"), "member": str(desk.member), "amount": "300.00"}
    for more in ({"act": "reckon"}, {"act": "take", "way": "spend"}):
        told = desk.cashier.post(desk.at("sale"), data=form | more)
        assert told.status_code == 404, more
        assert "500.00" not in told.text
    assert desk.has() == 50_000
    assert desk.sell(amount="300.00", way="spend").status_code == 303


def test_two_tills_never_spend_one_balance_twice(desk: Desk) -> None:
    clients = [sign_in(desk.app.test_client(), desk.merchant.staff["cashier"]) for _ in range(6)]

    def sell(client: FlaskClient) -> int:
        return desk.sell(client, amount="1000.00", way="spend", spend="200.00").status_code

    said = together([partial(sell, c) for c in clients])
    assert sorted(said).count(303) <= 2
    assert desk.has() == 50_000 - 20_000 * said.count(303) >= 0


def test_each_receipt_names_its_till_and_the_partners_code_counts(desk: Desk) -> None:
    made = desk.app.test_client().post(
        "/api/v1/partners", json={"refcode": "anna", "name": "Anna", "codes": ["ANNA10"]},
        headers=desk.merchant.bearer,
    )  # fmt: skip
    assert made.status_code == 201
    assert desk.sell(amount="1000.00", code="anna10").status_code == 303
    order = desk.scalar(select(Order.external_id))
    client = desk.app.test_client()
    said = client.get(f"/api/v1/orders/{order}", headers=desk.merchant.bearer).json
    assert said["deal"]["refcode"] == "anna"
    assert said["deal"]["commission"] == "100.00"
    body = desk.scalar(select(OrderMessage.body))
    assert body["till"] == desk.scalar(select(Till.external_id))
    unknown = desk.sell(amount="1000.00", code="NOBODY")
    assert unknown.status_code == 422
    assert "There is no such code" in unknown.text


def test_bad_input_keeps_what_was_typed_and_writes_nothing(desk: Desk) -> None:
    bad: tuple[dict[str, Any], ...] = (
        {"amount": ""}, {"amount": "0"}, {"amount": "-5"}, {"amount": "abc"}, {"amount": "1e9"},
        {"amount": "99999999999999999999"}, {"amount": "10.00", "way": "steal"},
        {"amount": "10.00", "receipt": "x"}, {"amount": "10.00", "code": "x" * 101},
        {"amount": "10.00", "way": "spend", "spend": "-1"},
    )  # fmt: skip
    for said in bad:
        assert desk.sell(**said).status_code == 422, said
    for member in ("999999999", "x", "1" * 30):
        assert desk.sell(amount="10.00", member=member).status_code == 404, member
    assert desk.sell(amount="10.00", member="", way="spend").status_code == 422
    assert desk.scalar(select(Order.id)) is None
    assert desk.cashier.get(desk.at("receipts/rc_none")).status_code == 404


def test_a_cashier_sees_the_till_and_nothing_else(desk: Desk, kniga: Merchant) -> None:
    assert desk.cashier.get(desk.merchant.office()).headers["Location"].endswith("/office/till/")
    for path in (
        "orders/",
        "customers/",
        "partners/",
        "bonuses/",
        "till/places/",
        "settings/keys/",
    ):
        assert desk.cashier.get(desk.merchant.office(path)).status_code == 403, path
    assert desk.cashier.get(kniga.office("till/")).status_code == 404
    support = sign_in(desk.app.test_client(), desk.merchant.staff["support"])
    assert support.get(desk.at()).status_code == 403


def test_a_till_is_made_changed_and_taken_out_of_use(desk: Desk) -> None:
    owner = sign_in(desk.app.test_client(), desk.merchant.staff["owner"])
    with desk.app.app_context(), desk.merchant.scope():
        shop = tenants.shops()[0].public_id
        db.session.rollback()
    form = {"shop": shop, "name": "Hall 2", "kind": "point", "place": "Arbat 1"}
    made = owner.post(desk.at("places/new"), data=form)
    assert made.status_code == 303
    chosen = owner.get(desk.at()).text
    assert "Hall 1" in chosen
    assert "Hall 2" in chosen
    assert owner.post(made.headers["Location"], data=form | {"name": ""}).status_code == 422
    assert owner.post(f"{made.headers['Location']}/retire").status_code == 303
    assert "Hall 2" not in owner.get(desk.at()).text
    assert "Out of use" in owner.get(desk.at("places/")).text


def test_the_tariff_counts_the_tills_that_are_in_use(desk: Desk) -> None:
    def counted() -> int:
        with desk.app.app_context(), desk.merchant.scope():
            return tariffs.tills()

    def make(name: str) -> Till:
        return service.make(desk.merchant.shop_id, name, Kind.POINT, "")

    def retire(number: int, *, back: bool = False) -> None:
        till = db.session.get_one(Till, (desk.merchant.id, number))
        service.retire(till, back=back)

    with desk.app.app_context():
        assert counted() == 1
        second = jobs.in_transaction(lambda: make("Hall 2").id, desk.merchant.id)
        assert counted() == 2
        jobs.in_transaction(lambda: retire(second), desk.merchant.id)
        jobs.in_transaction(lambda: retire(second), desk.merchant.id)
        assert counted() == 1
        jobs.in_transaction(lambda: retire(second, back=True), desk.merchant.id)
        assert counted() == 2


def test_every_receipt_of_a_day_is_within_reach(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(till_queries, "MOST", 2)
    for amount in ("11.00", "12.00", "13.00"):
        assert desk.sell(amount=amount, way="earn").status_code == 303
    first = desk.cashier.get(desk.at()).text
    assert "13.00" in first
    assert "11.00" not in first.split('id="today"')[1]
    older = re.search(r'href="([^"]*before=\d+)[^"]*"', first)
    assert older
    assert "11.00" in desk.cashier.get(older[1]).text.split('id="today"')[1]


def key_of(desk: Desk) -> dict[str, str]:
    """The headers of the till's own program."""
    owner = sign_in(desk.app.test_client(), desk.merchant.staff["owner"])
    shown = owner.post(desk.at(f"places/{desk.till}/key"))
    assert shown.status_code == 200, shown.text
    secret = re.search(r"sk_live_[\w-]+", shown.text)
    assert secret
    assert "/api/v1/quotes" in shown.text, "what is to be tried is what the key may"
    return {"Authorization": f"Bearer {secret[0]}"}


def test_a_tills_key_names_its_till(desk: Desk) -> None:
    bearer = key_of(desk)
    order = {"status": "paid", "currency": "RUB", "created_at": "2026-11-22T10:00:00+03:00",
             "lines": [{"id": "1", "quantity": "1", "price": "10.00"}]}  # fmt: skip
    client = desk.app.test_client()
    for _twice in range(2):
        assert client.put("/api/v1/orders/K1", json=order, headers=bearer).status_code == 200
    external = desk.scalar(select(Till.external_id))
    assert desk.scalar(select(OrderMessage.body))["till"] == external
    assert (
        client.put("/api/v1/orders/K2", json=order | {"till": "other"}, headers=bearer).status_code
        == 200
    )
    newest = select(OrderMessage.body).order_by(OrderMessage.id.desc())
    assert desk.scalar(newest)["till"] == external, "another till's receipts are not its to make"


def test_a_tills_key_sells_and_finds_and_can_do_nothing_else(desk: Desk) -> None:
    """It lies in a machine on a counter: who takes it there gives nobody bonuses and cancels no order."""
    bearer, client = key_of(desk), desk.app.test_client()
    order = {"status": "paid", "currency": "RUB", "created_at": "2026-11-22T10:00:00+03:00",
             "lines": [{"id": "1", "quantity": "1", "price": "10.00"}]}  # fmt: skip
    web = client.put("/api/v1/orders/web-1", json=order, headers=desk.merchant.bearer)
    assert web.status_code == 200
    gift = {"member": "77", "amount": "9999.00", "reason": "Mine"}
    told = {"id": "e", "type": "registered", "data": {}}
    for said in (
        client.post("/api/v1/bonuses", json=gift, headers=bearer),
        client.post("/api/v1/members/77/events", json=told, headers=bearer),
        client.get("/api/v1/deals", headers=bearer),
        client.put("/api/v1/orders/web-1", json=order | {"status": "cancelled"}, headers=bearer),
        client.delete("/api/v1/orders/web-1", headers=bearer),
        client.get("/api/v1/orders/web-1", headers=bearer),
    ):
        assert said.status_code == 403, said.text
        assert said.get_json()["type"].endswith("till_key")
    cart = {"member": "77", "lines": order["lines"]}
    assert client.post("/api/v1/quotes", json=cart, headers=bearer).status_code == 200
    assert client.get("/api/v1/members/77/bonuses", headers=bearer).status_code == 200
    assert desk.has() == 50_000
