"""Rights holders: defined in the office, paid by order line, and exactly that is taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from app.bonuses.service import change_program
from app.extensions import db
from app.profiles import service as profiles
from app.ranks import queries
from app.ranks.rules import Held, owners_of
from tests.commissions.test_pages import words
from tests.earnings.test_orders import ORDER
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

NOW = datetime(2026, 12, 1, tzinfo=UTC)
GOODS: dict[str, dict[str, str | None]] = {
    "1": {"supplier": "Acme", "product": "lamp-1"},
    "2": {"supplier": None, "product": "lamp-2"},
}


def held(of: str, word: str, share: int, member: int = 7, **dates: datetime) -> Held:
    said: dict[str, Any] = {"since": NOW, **dates}
    return Held(of=of, word=word, share=Fraction(share, 100), member_id=member, **said)


def test_rights_are_held_by_word_and_time_and_add_up_to_the_whole() -> None:
    found = [
        held("supplier", " ACME ", 60),
        held("product", "lamp-1", 60),
        held("product", "lamp-2", 5, 8),
    ]
    assert owners_of(found, GOODS, NOW) == [(7, "1", Fraction(1)), (8, "2", Fraction(1, 20))]
    assert owners_of(found, GOODS, NOW - timedelta(seconds=1)) == []
    ended = [held("supplier", "acme", 60, until=NOW + timedelta(days=1))]
    assert owners_of(ended, GOODS, NOW + timedelta(days=1)) == []


@pytest.fixture
def staff(app: App, client: FlaskClient, lampa: Merchant) -> FlaskClient:
    """Lampa with bonuses and the owner's preset alone; the maker has an account."""
    client.patch("/api/v1/merchant", json={"loyalty": True}, headers=lampa.bearer)
    with app.app_context(), lampa.scope():
        profiles.switch("order", on=False)
        profiles.switch("owner", on=True)
        db.session.commit()
    for number in ("77", "maker"):
        client.put(f"/api/v1/members/{number}", json={"name": number}, headers=lampa.bearer)
    return sign_in(app.test_client(), lampa.staff["manager"])


SAID = {"who": "customer", "name": "maker", "of": "supplier", "word": "Acme", "share": "50"}
LINES = [
    {"id": "1", "product": "lamp-1", "quantity": "2", "price": "1000.00", "supplier": "ACME"},
    {"id": "2", "product": "lamp-2", "quantity": "1", "price": "999.99"},
]
LATE = {"created_at": "2099-01-10T10:00:00+03:00", "updated_at": "2099-01-10T10:00:00+03:00"}


def put(client: FlaskClient, shop: Merchant, number: str = "A", **said: Any) -> None:
    body = ORDER | LATE | {"bonus": None, "lines": LINES} | said
    answer = client.put(f"/api/v1/orders/{number}", json=body, headers=shop.bearer)
    assert answer.status_code == 200, answer.text


def available(client: FlaskClient, shop: Merchant, number: str = "maker") -> str:
    told = client.get(f"/api/v1/members/{number}/bonuses", headers=shop.bearer).get_json()
    return str(told["available"])


def test_a_maker_earns_on_his_lines_and_gives_back_what_came_back(
    staff: FlaskClient, client: FlaskClient, lampa: Merchant
) -> None:
    assert staff.post(lampa.office("ranks/rights/"), data=SAID).status_code == 303
    for _time in range(2):
        put(client, lampa)
        assert available(client, lampa) == "10.00", "1 % of 2,000, half of which is his"
        assert available(client, lampa, "77") == "0.00"
    refund = {"id": "r", "at": LATE["created_at"], "lines": [{"line": "1", "quantity": "1"}]}
    for _time in range(2):
        put(client, lampa, version=4, refunds=[refund])
        assert available(client, lampa) == "5.00"
    put(client, lampa, version=5, status="cancelled", refunds=[refund])
    assert available(client, lampa) == "0.00"
    put(client, lampa, version=6)
    assert available(client, lampa) == "10.00"


def test_a_maker_earns_on_what_a_guest_buys_though_the_guest_does_not(
    staff: FlaskClient, client: FlaskClient, lampa: Merchant
) -> None:
    staff.post(lampa.office("ranks/rights/"), data=SAID)
    put(client, lampa, customer={"email": "guest@example.org", "name": "Guest"})
    assert available(client, lampa) == "10.00"
    put(client, lampa, customer={"email": "guest@example.org"}, version=5, status="cancelled")
    assert available(client, lampa) == "0.00"


def test_a_maker_earns_nothing_on_his_own_purchase_unless_the_program_says_so(
    app: App, staff: FlaskClient, client: FlaskClient, lampa: Merchant
) -> None:
    staff.post(lampa.office("ranks/rights/"), data=SAID)
    put(client, lampa, customer={"id": "maker"})
    assert available(client, lampa) == "0.00"
    with app.app_context(), lampa.scope():
        change_program({"owners_earn_on_own": True})
        db.session.commit()
    put(client, lampa, "B", customer={"id": "maker"})
    assert available(client, lampa) == "20.00", "as the program now says, for both orders"


def test_the_office_defines_and_ends_rights_within_the_whole(
    app: App, staff: FlaskClient, client: FlaskClient, lampa: Merchant
) -> None:
    there = lampa.office("ranks/rights/")
    client.post(
        "/api/v1/partners", json={"refcode": "boris", "name": "Boris"}, headers=lampa.bearer
    )
    assert "Nobody holds rights yet" in staff.get(there).text
    for said, status in (
        (SAID, 303),
        (SAID | {"share": "50,01"}, 422),
        (SAID | {"share": "50.01"}, 422),
        (SAID | {"share": "0"}, 422),
        (SAID | {"share": ""}, 422),
        (SAID | {"name": "nobody"}, 422),
        (SAID | {"of": "planet"}, 422),
        (SAID | {"who": "partner", "name": "nobody"}, 422),
        (SAID | {"who": "partner", "name": "boris", "starts_on": "2099-02-01"}, 303),
    ):
        assert staff.post(there, data=said).status_code == status, said
    page = words(staff.get(there).text)
    assert "Supplier: Acme 50% " in page
    assert page.count("Is paid nothing") == 1, "Boris is no customer"
    with app.app_context(), lampa.scope():
        ids = [each.public_id for each in queries.owners()]
    for status in (303, 409):
        assert staff.post(f"{there}{ids[0]}/end").status_code == status
    assert staff.post(f"{there}so_nothing/end").status_code == 404
    put(client, lampa)
    assert available(client, lampa) == "0.00", "the rights have ended before the order was made"
