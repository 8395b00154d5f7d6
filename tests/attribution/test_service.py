"""What a click is worth when the order comes: whose sale it is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from sqlalchemy import update

from app import clock
from app.attribution.clicks import Seen, count_click
from app.attribution.models import Click
from app.extensions import db
from app.partners import service as partners
from app.tenants.models import Tenant

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

AGO = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _partners(app: App, lampa: Merchant) -> None:
    with app.app_context():
        with lampa.scope():
            for name, code in (("Anna", "anna"), ("Борис", "борис")):
                partners.create(partners.NewPartner(name=name, refcode=code))
        db.session.commit()


def click(app: App, merchant: Merchant, code: str, at: Any = None) -> str:
    with app.app_context():
        with merchant.scope():
            token = count_click(code, Seen(at=at or clock.now() - AGO))
        db.session.commit()
    assert token is not None
    return token


def order(client: FlaskClient, merchant: Merchant, number: str, **evidence: str) -> Any:
    body = {
        "status": "paid",
        "currency": "RUB",
        "created_at": clock.now().isoformat(),
        "customer": {"id": "77", "email": "gleb@example.org"},
        "lines": [{"id": "1", "quantity": "1", "price": "1000.00"}],
        **evidence,
    }
    answer = client.put(f"/api/v1/orders/{number}", json=body, headers=merchant.bearer)
    assert answer.status_code in {200, 201}, answer.text
    return answer.json


def winner(answer: Any) -> str | None:
    return answer["deal"]["partner"]["refcode"] if answer["deal"] else None


def test_a_click_before_the_order_makes_the_sale_the_partners(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    assert winner(order(client, lampa, "A1", click=click(app, lampa, "ANNA"))) == "anna"


@pytest.mark.parametrize("held", ["ref:anna", "ref:ANNA", "ref:борис", f"ref:{quote('борис')}"])
def test_what_a_page_holds_without_an_answer_from_us_is_as_good_as_the_code(
    client: FlaskClient, lampa: Merchant, held: str
) -> None:
    wanted = "anna" if "nn" in held.lower() else "борис"
    assert winner(order(client, lampa, "A1", click=held)) == wanted


@pytest.mark.parametrize(
    "held", ["ref:", "ref:nobody", "ref:%00", "ck_", "ck_nonsense", "ref:%ed%a0%80"]
)
def test_what_proves_nothing_makes_no_sale_and_no_trouble(
    client: FlaskClient, lampa: Merchant, held: str
) -> None:
    assert winner(order(client, lampa, "A1", click=held)) is None


def test_a_code_without_a_byte_that_cannot_be_kept_is_read_from_the_entry(
    client: FlaskClient, lampa: Merchant
) -> None:
    assert winner(order(client, lampa, "A1", entry="https://x.example/?ref=an%00na")) == "anna"


def test_a_click_that_turned_out_a_machines_is_worth_nothing(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    token = click(app, lampa, "anna")
    with app.app_context():
        with lampa.scope():
            db.session.execute(update(Click).values(flag="bot"))
        db.session.commit()
    assert winner(order(client, lampa, "A1", click=token)) is None


def test_a_changed_token_and_another_shops_are_worth_nothing(
    app: App, client: FlaskClient, lampa: Merchant, world: Any
) -> None:
    token = click(app, lampa, "anna")
    changed = token[:20] + ("A" if token[20] != "A" else "B") + token[21:]
    assert winner(order(client, lampa, "A1", click=changed)) is None
    assert winner(order(client, world.kniga, "A1", click=token)) is None


def test_a_click_outside_the_window_is_worth_nothing(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    old = click(app, lampa, "anna", clock.now() - timedelta(days=91))
    assert winner(order(client, lampa, "A1", click=old)) is None


def test_clicks_of_a_test_twin_go_by_its_moved_clock(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    with app.app_context():
        twin = db.session.get_one(Tenant, lampa.twin_id)
        twin.clock_offset, slug = timedelta(days=20), twin.slug
        db.session.commit()
    made = client.post(
        "/api/v1/partners", json={"name": "Vera", "refcode": "vera"}, headers=lampa.test_bearer
    )
    assert made.status_code == 201, made.text
    answer = client.get(f"/r/{slug}/vera", headers={"User-Agent": "Mozilla/5.0"})
    token = answer.headers["Location"].partition("click=")[2]
    body = {
        "status": "paid",
        "currency": "RUB",
        "created_at": (clock.now() + timedelta(days=20)).isoformat(),
        "lines": [],
        "click": token,
    }
    put = client.put("/api/v1/orders/T1", json=body, headers=lampa.test_bearer)
    assert winner(put.json) == "vera", put.text
