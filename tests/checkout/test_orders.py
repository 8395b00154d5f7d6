"""Orders that are paid in bonuses: spent when they come, given back as they go, the same in any order."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from app.bonuses import service as bonuses
from app.checkout.models import OrderBonus, OrderSpending
from app.extensions import db
from app.intake import service as intake
from app.ledger.models import Transfer
from app.orders import service as orders
from app.tenants.service import change_settings
from tests.checkout.shop import balance, member, open_account, post, put, said

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant, World

SOON = "2099-01-01T00:00:00+03:00"  # orders keep the program of their time
ROWS = [("1", "2", "863.64"), ("2", "1", "272.72")]


@pytest.fixture
def lampa(world: World) -> Merchant:
    return world.lampa


def rows(answer: Any) -> list[tuple[str, ...]]:
    found = answer.get_json()["bonus"]["receipt"]
    return [(row["line"], row["quantity"], row["price"]) for row in found]


def spent(answer: Any) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["bonus"]["spent"])


def test_the_example_of_the_interface(app: App, client: FlaskClient, lampa: Merchant) -> None:
    gleb = open_account(app, lampa, 20_000)
    found = put(client, lampa, said(lines=said()["lines"][:1]))
    assert found.get_json()["bonus"] == {
        "spent": "200.00",
        "spent_partner": "0.00",
        "held": "0.00",
        "earn": "0.00",
        "consideration": "0.00",
        "receipt": [{"line": "1", "quantity": "2", "price": "850.00"}],
    }
    assert balance(app, lampa, gleb).available == 0


def test_without_loyalty_there_is_no_word_of_bonuses_and_none_is_taken(
    client: FlaskClient, lampa: Merchant
) -> None:
    assert put(client, lampa, said(None)).get_json()["bonus"] is None
    refused = put(client, lampa, said(), "A2")
    assert refused.status_code == 422
    assert [e["field"] for e in refused.get_json()["errors"]] == ["bonus.spend"]
    assert client.get("/api/v1/orders/A2", headers=lampa.bearer).status_code == 404


def test_an_order_without_bonuses_has_its_own_prices_in_the_receipt(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    open_account(app, lampa)
    found = put(client, lampa, said(None))
    assert spent(found) == "0.00"
    assert rows(found) == [("1", "2", "950.00"), ("2", "1", "300.00")]
    with app.app_context(), lampa.scope():
        assert db.session.scalar(select(func.count()).select_from(OrderBonus)) == 0


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "above the balance": (said("1000.01"), {}),
    "above the goods, shipping left out": (said("2200.00"), {"amount": 10**7}),
    "above the percent": (said("1100.01"), {"amount": 10**7, "spend_percent": "50"}),
    "against the minimum cash": (said("501.00"), {"amount": 10**7, "minimum_cash": 200_000}),
    "above a category": (
        said("491.00"),
        {"category_percents": {"lamps": "10", "bulbs": "100"}},
    ),
    "off the step": (said("100.50"), {"step": 100}),
    "for nobody known": (said(customer={"id": "78"}), {}),
    "for a guest": (said(customer={"email": "gleb@example.org"}), {}),
    "for no customer": (said(customer={"id": "0"}), {}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_more_than_may_be_is_refused_on_its_field_and_nothing_is_written(
    app: App, client: FlaskClient, lampa: Merchant, name: str
) -> None:
    body, program = REFUSED[name]
    gleb = open_account(app, lampa, **{"amount": 100_000, **program})
    before = balance(app, lampa, gleb)
    refused = put(client, lampa, body | {"created_at": SOON})
    assert refused.status_code == 422, refused.text
    assert [e["field"] for e in refused.get_json()["errors"]] == ["bonus.spend"]
    assert client.get("/api/v1/orders/A1", headers=lampa.bearer).status_code == 404
    assert balance(app, lampa, gleb) == before


def test_repeated_and_paid_orders_spend_once(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    gleb = open_account(app, lampa, 20_000)  # just enough: what the order has spent is its own
    for version, status in ((1, "new"), (1, "new"), (2, "paid"), (3, "completed"), (2, "paid")):
        found = put(client, lampa, said(version=version, status=status))
        assert spent(found) == "200.00"
        assert rows(found) == ROWS
    assert balance(app, lampa, gleb).available == 0
    with app.app_context(), lampa.scope():
        assert db.session.scalar(select(func.count()).select_from(OrderSpending)) == 1


def test_an_order_that_stands_is_not_asked_again_when_the_program_changes(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    open_account(app, lampa)
    assert spent(put(client, lampa, said())) == "200.00"
    with app.app_context(), lampa.scope():
        change_settings({"loyalty": False})
        db.session.commit()
    assert put(client, lampa, said(version=2, status="completed")).status_code == 200
    assert put(client, lampa, said("300.00", version=3)).status_code == 422


@pytest.mark.parametrize("end", ["cancelled", "refunded", "deleted", "all refunded"])
@pytest.mark.parametrize("parts", [0, 1, 3])
def test_at_any_end_exactly_what_was_spent_is_back(
    app: App, client: FlaskClient, lampa: Merchant, end: str, parts: int
) -> None:
    gleb = open_account(app, lampa)
    put(client, lampa, said("333.33"))
    refunds = [{"id": f"r{n}", "lines": [{"line": "1", "amount": "33.33"}]} for n in range(parts)]
    for n in range(parts):
        put(client, lampa, said("333.33", version=2 + n, refunds=refunds[: n + 1]))
    last: dict[str, Any] = {"version": 9, "refunds": refunds}
    if end == "deleted":
        found = client.delete("/api/v1/orders/A1", headers=lampa.bearer)
    elif end == "all refunded":
        rest = [{"id": "rest", "amount": f"{2500 - 33.33 * parts:.2f}"}]
        found = put(client, lampa, said("333.33", version=9, refunds=refunds + rest))
    else:
        found = put(client, lampa, said("333.33", **last | {"status": end}))
    assert spent(found) == "0.00"
    assert balance(app, lampa, gleb).available == 100_000


def test_a_refund_gives_back_its_part_and_the_rows_stay_as_sold(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    gleb = open_account(app, lampa)
    assert rows(put(client, lampa, said())) == ROWS
    half = [{"id": "r1", "lines": [{"line": "1", "quantity": "1"}]}]
    found = put(client, lampa, said(version=2, refunds=half))
    assert spent(found) == "113.64"  # of 172.72 and 27.28; half of the first is back
    assert rows(found) == ROWS
    assert balance(app, lampa, gleb).available == 100_000 - 11_364
    taken_back = put(client, lampa, said(version=3))  # the shop took the refund back
    assert spent(taken_back) == "200.00"


def test_changed_lines_are_spread_anew_and_the_old_version_stays(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    gleb = open_account(app, lampa)
    put(client, lampa, said())
    one = said(version=2, lines=said()["lines"][:1])
    assert rows(put(client, lampa, one)) == [("1", "2", "850.00")]
    more = put(client, lampa, said("300.00", version=3))
    assert spent(more) == "300.00"
    less = put(client, lampa, said("50.00", version=4))
    assert spent(less) == "50.00"
    none = put(client, lampa, said(None, version=5))
    assert spent(none) == "0.00"
    assert rows(none) == [("1", "2", "950.00"), ("2", "1", "300.00")]
    assert balance(app, lampa, gleb).available == 100_000
    with app.app_context(), lampa.scope():
        versions = db.session.scalars(select(OrderBonus).order_by(OrderBonus.version)).all()
        assert [(v.version, v.amount) for v in versions] == [
            (1, 20_000), (2, 20_000), (3, 30_000), (4, 5_000), (5, 0),
        ]  # fmt: skip
        assert [row["price"] for row in versions[0].rows] == [86_364, 27_272]


def test_fewer_lines_than_the_bonuses_need_are_refused(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    open_account(app, lampa, 200_000)
    put(client, lampa, said("1500.00"))
    refused = put(client, lampa, said("1500.00", version=2, lines=said()["lines"][1:]))
    assert refused.status_code == 422


def test_a_revived_order_spends_again_though_the_bonuses_went_elsewhere(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    gleb = open_account(app, lampa, 20_000)
    put(client, lampa, said())
    put(client, lampa, said(version=2, status="cancelled"))
    assert spent(put(client, lampa, said("150.00"), "A2")) == "150.00"
    assert spent(put(client, lampa, said(version=3))) == "200.00"
    found = balance(app, lampa, gleb)
    assert (found.available, found.debt) == (0, 15_000)


MESSAGES = (
    said(),
    said(version=2, refunds=[{"id": "r1", "lines": [{"line": "1", "amount": "10.01"}]}]),
    said(version=3, status="cancelled"),
    said("250.00", version=4, refunds=[{"id": "r2", "amount": "77.77"}]),
)


@pytest.mark.parametrize("turn", list(permutations(range(4)))[::2])
def test_any_order_of_messages_ends_the_same(
    app: App, client: FlaskClient, lampa: Merchant, turn: tuple[int, ...]
) -> None:
    gleb = open_account(app, lampa)
    for n in turn:
        assert put(client, lampa, MESSAGES[n]).status_code == 200
        put(client, lampa, MESSAGES[n])
    found = client.get("/api/v1/orders/A1", headers=lampa.bearer)
    assert spent(found) == "241.17"
    assert balance(app, lampa, gleb).available == 100_000 - 24_117


def test_a_replay_posts_nothing(app: App, client: FlaskClient, lampa: Merchant) -> None:
    open_account(app, lampa)
    put(client, lampa, said())
    put(client, lampa, MESSAGES[1])

    def transfers() -> int:
        with app.app_context(), lampa.scope():
            return db.session.scalar(select(func.count()).select_from(Transfer)) or 0

    before = transfers()
    with app.app_context(), lampa.scope():
        order = orders.find(lampa.shop_id, "A1")
        intake.rework([order.id])
        db.session.commit()
    assert transfers() == before


def test_bonuses_wait_for_the_payment_where_the_program_says_so(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    gleb = open_account(app, lampa, spend_when="on_payment")
    now = {"created_at": SOON}
    found = put(client, lampa, said(status="new", **now))
    assert (spent(found), found.get_json()["bonus"]["held"]) == ("0.00", "200.00")
    assert rows(found) == ROWS
    assert balance(app, lampa, gleb).available == 80_000
    again = put(client, lampa, said("300.00", version=2, status="new", **now))
    assert again.get_json()["bonus"]["held"] == "300.00"
    paid = put(client, lampa, said("300.00", version=3, **now))
    assert (spent(paid), paid.get_json()["bonus"]["held"]) == ("300.00", "0.00")
    assert balance(app, lampa, gleb).available == 70_000


def test_a_cancelled_order_lets_go_what_was_held_and_a_late_payment_spends_all_the_same(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    gleb = open_account(app, lampa, spend_when="on_payment")
    now = {"created_at": SOON}
    put(client, lampa, said(status="new", **now))
    put(client, lampa, said(version=2, status="cancelled", **now))
    assert balance(app, lampa, gleb).available == 100_000
    put(client, lampa, said(version=3, status="new", **now))
    with app.app_context(), lampa.scope():
        for reference in db.session.scalars(select(OrderSpending.reference)):
            bonuses.void(reference, "timed_out")
        db.session.commit()
    late = put(client, lampa, said(version=4, status="new", number="A-1", **now))
    assert late.get_json()["bonus"]["held"] == "0.00"
    assert spent(put(client, lampa, said(version=5, **now))) == "200.00"


def test_kniga_knows_nothing_of_lampas_bonuses(
    app: App, client: FlaskClient, lampa: Merchant, world: World
) -> None:
    open_account(app, lampa)
    with app.app_context(), world.kniga.scope():
        change_settings({"loyalty": True})
        member(world.kniga)
        db.session.commit()
    assert put(client, world.kniga, said()).status_code == 422
    found = post(client, world.kniga, "quotes", {"member": "77", "lines": said()["lines"]})
    assert found.get_json()["balance"] == "0.00"


def test_consideration_leaves_the_prices(app: App, client: FlaskClient, lampa: Merchant) -> None:
    open_account(app, lampa, receipt="consideration")
    found = put(client, lampa, said(created_at=SOON))
    assert found.get_json()["bonus"]["consideration"] == "200.00"
    assert rows(found) == [("1", "2", "950.00"), ("2", "1", "300.00")]


def test_a_guests_later_id_takes_his_order_over_and_nothing_is_lost(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    gleb = open_account(app, lampa)
    contact = {"id": "77", "email": "gleb@example.org"}
    put(client, lampa, said(customer=contact))
    other = said(None, version=2, customer={"id": "78", "email": "vera@example.org"})
    assert spent(put(client, lampa, other)) == "0.00"
    assert balance(app, lampa, gleb).available == 100_000
