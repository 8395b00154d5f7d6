"""The widget's door: a token makes one customer's code and no other's, whatever the shop does meanwhile."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app import clock, jobs
from app.carts import service
from app.carts.queries import Settings
from app.extensions import db
from app.intake.shops import connections
from app.tenants import queries as tenants
from app.widget import service as widget
from app.widget.rules import signed_token
from tests.carts.shop import GLEB, CartDesk

if TYPE_CHECKING:
    from flask.testing import FlaskClient

LINES = [{"id": "1", "quantity": "1", "price": "1500.00"}]


class Page:
    """A page of the shop, of one customer."""

    def __init__(self, desk: CartDesk) -> None:
        self.desk = desk
        with desk.app.app_context(), desk.lampa.scope():
            key, self.secret = widget.make_key(desk.lampa.shop_id)
            self.key = key.public_id
            shop = tenants.shop_by_id(desk.lampa.shop_id)
            assert shop is not None
            self.origin = f"https://{shop.domain}"
            db.session.commit()

    def token(self, customer: str) -> str:
        return signed_token(self.key, self.secret, customer, clock.wall() + timedelta(hours=1))

    def ask(
        self, client: FlaskClient, path: str, customer: str = GLEB, origin: str = "", **body: Any
    ) -> Any:
        heads = {"Origin": origin or self.origin, "Authorization": f"Bearer {self.token(customer)}"}
        return client.post(
            f"/w/{self.desk.lampa.slug}/{path}", json=body, headers=heads,
            environ_overrides={"REMOTE_ADDR": "10.47.1.2"},
        )  # fmt: skip

    def make(self, client: FlaskClient, spend: str = "200.00", **more: Any) -> Any:
        return self.ask(client, "discount", lines=LINES, spend=spend, **more)

    def open(self, client: FlaskClient, lines: Any = None) -> Any:
        return self.ask(client, "wallet", lines=lines or LINES, spend="0").get_json()["coupon"][
            "open"
        ]


@pytest.fixture
def shop(desk: CartDesk) -> Page:
    return Page(desk)


def test_a_customer_gets_a_code_sees_it_in_every_window_and_takes_it_back(
    desk: CartDesk, client: FlaskClient, shop: Page
) -> None:
    assert shop.open(client) is None
    answer = shop.make(client)
    assert answer.status_code == 201
    assert answer.headers["Access-Control-Allow-Origin"] == shop.origin
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    made = answer.get_json()["coupon"]
    assert (made["amount"], made["state"], made["fits"]) == ("200.00", "made", True)
    assert desk.shop.coupon(made["code"]) is not None
    assert shop.open(client) == made
    assert shop.open(client, [{"id": "1", "quantity": "1", "price": "100.00"}])["fits"] is False
    second = shop.make(client)
    assert (second.status_code, second.get_json()["type"].rpartition(":")[2]) == (
        409,
        "discount_open",
    )
    assert desk.balance() == (30_000, 20_000, 0)
    gone = shop.ask(client, f"discount/{made['id']}/drop")
    assert gone.get_json() == {"coupon": None}
    assert desk.balance() == (50_000, 0, 0)
    assert shop.open(client) is None
    desk.settle()
    assert desk.shop.coupons == {}


def test_nobody_takes_anothers_code_nor_one_that_was_ordered_with(
    desk: CartDesk, client: FlaskClient, shop: Page
) -> None:
    desk.do(lambda: desk.member("78", "ivan@example.test"))
    made = shop.make(client).get_json()["coupon"]
    assert shop.ask(client, f"discount/{made['id']}/drop", "78").status_code == 404
    assert shop.ask(client, "discount/cc_0000000000000000/drop").status_code == 404
    desk.shop.buy("1500.00", code=made["code"])
    desk.settle()
    late = shop.ask(client, f"discount/{made['id']}/drop")
    assert (late.status_code, late.get_json()["type"].rpartition(":")[2]) == (409, "discount_used")
    assert desk.balance() == (30_000, 0, 0)


def test_only_the_shops_pages_with_a_token_make_one(
    desk: CartDesk, client: FlaskClient, shop: Page
) -> None:
    assert shop.make(client, origin="https://evil.example").status_code == 403
    address = f"/w/{desk.lampa.slug}/discount"
    bare = client.post(address, json={"lines": LINES}, headers={"Origin": shop.origin})
    assert bare.status_code == 401
    asked = client.options(address, headers={"Origin": shop.origin})
    assert (asked.status_code, asked.headers["Access-Control-Allow-Methods"]) == (204, "POST")
    for body in (
        {"spend": "900.00"},
        {"spend": "-1"},
        {"spend": "NaN"},
        {"spend": "0"},
        {"lines": 7},
    ):
        said: dict[str, Any] = {"lines": LINES, **body}
        answer = shop.ask(client, "discount", **said)
        assert answer.status_code in {400, 422}, (body, answer.text)
    assert desk.shop.coupons == {}
    assert desk.balance() == (50_000, 0, 0)


def test_a_shop_that_is_away_is_told_to_the_customer_and_nothing_is_lost(
    desk: CartDesk, client: FlaskClient, shop: Page
) -> None:
    desk.shop.troubles = [(503, {"code": "busy"}, {})]
    answer = shop.make(client)
    assert answer.status_code == 503
    assert "Your bonuses are free again" in answer.get_json()["detail"]
    assert answer.headers["Access-Control-Allow-Origin"] == shop.origin
    assert desk.balance() == (50_000, 0, 0)
    assert shop.open(client) is None


def test_two_windows_at_once_make_one_code(desk: CartDesk, shop: Page) -> None:
    barrier, answers = threading.Barrier(2), []

    def go() -> None:
        client = desk.app.test_client()
        barrier.wait()
        answers.append(shop.make(client).status_code)

    threads = [threading.Thread(target=go) for _window in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201, 409]
    assert len(desk.shop.coupons) == 1
    assert desk.balance() == (30_000, 20_000, 0)


@pytest.mark.parametrize("round_", range(3))
def test_an_order_and_a_letting_go_that_meet_spend_once(
    desk: CartDesk, client: FlaskClient, shop: Page, round_: int
) -> None:
    """Whoever is first: the shop gave the discount, so the bonuses are spent."""
    made = shop.make(client).get_json()["coupon"]
    desk.shop.buy("1500.00", code=made["code"])
    desk.shop.deliver()
    barrier, codes = threading.Barrier(2), []

    def book() -> None:
        with desk.app.app_context():
            barrier.wait()
            jobs.drain_inbox()

    def let_go() -> None:
        other = desk.app.test_client()
        barrier.wait()
        codes.append(shop.ask(other, f"discount/{made['id']}/drop").status_code)

    threads = [threading.Thread(target=each) for each in (book, let_go)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    desk.hurry()
    desk.settle()
    assert codes[0] in {200, 409}, round_
    assert desk.balance() == (30_000, 0, 0)


def test_the_shop_is_never_asked_inside_a_transaction(
    desk: CartDesk, client: FlaskClient, shop: Page
) -> None:
    """While the shop is asked the hold is on disk, and nothing of ours is locked."""
    seen: list[Any] = []
    whole = desk.shop.answer

    def look(talk: Any, body: Any) -> Any:
        if talk.command == "POST":
            seen.append((desk.balance(), desk.one(
                "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
                " AND pid <> pg_backend_pid() AND datname = current_database()"
            )))  # fmt: skip
        return whole(talk, body)

    desk.shop.answer = look  # type: ignore[method-assign]
    assert shop.make(client).status_code == 201
    assert seen == [((30_000, 20_000, 0), 0)]


def test_where_the_shop_made_the_codes_the_widget_offers_the_sum_of_one(
    desk: CartDesk, client: FlaskClient, shop: Page
) -> None:
    desk.do(lambda: connections.forget(desk.id))
    desk.do(lambda: service.bring(desk.lampa.shop_id, [("B100", 10_000), ("B300", 30_000)]))
    for spend, offered in (("500.00", "300.00"), ("250.00", "100.00"), ("50.00", "0.00")):
        told = shop.ask(client, "wallet", lines=LINES, spend=spend).get_json()["coupon"]
        assert told == {"sum": offered, "open": None}, spend
    made = shop.make(client, "250.00").get_json()["coupon"]
    assert (made["code"], made["amount"]) == ("B100", "100.00")
    assert desk.balance() == (40_000, 10_000, 0)


def test_where_it_is_switched_off_the_widget_offers_nothing(
    desk: CartDesk, client: FlaskClient, shop: Page
) -> None:
    desk.do(lambda: service.change_settings(Settings(on=False)))
    assert shop.ask(client, "wallet", lines=LINES).get_json()["coupon"] is None
    assert shop.make(client).status_code == 422
