"""Partner money pays in the shop: like money, to the kopeck, never more than there is, and back as it came."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app import clock
from app.bonuses import service as bonuses
from app.bonuses.rules import Program
from app.checkout import service as checkout
from app.checkout.rules import cart, due, due_money, lay, version
from app.extensions import db
from app.ledger.queries import partner_balances
from app.orders.rules import Customer, Line, Message, Refund, RefundLine, Snapshot, State, absorb
from app.partners.models import Partner
from tests.checkout.shop import open_account, post, put, said
from tests.checkout.test_orders import SOON
from tests.harness import invariants
from tests.payouts.setting import earn, partner

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant


@pytest.fixture
def anna(app: App, lampa: Merchant) -> int:
    """Anna earned 1000.00 and is the customer 77, who has 500.00 in bonuses."""
    gleb = open_account(app, lampa, 50_000)
    with app.app_context(), lampa.scope():
        found = db.session.scalars(select(Partner).where(Partner.id == partner("Anna"))).one()
        found.member_id = gleb
        earn(found.id, 100_000)
        db.session.commit()
        return found.id


def money(app: App, lampa: Merchant, partner_id: int) -> tuple[int, int]:
    with app.app_context(), lampa.scope():
        found = partner_balances([partner_id])[partner_id]
        return found.available, found.debt


def both(spend: str | None, partner_spend: str | None, **changes: Any) -> dict[str, Any]:
    wishes = {"spend": spend, "spend_partner": partner_spend}
    bonus = {name: sum_ for name, sum_ in wishes.items() if sum_ is not None}
    return said(None, **{"bonus": bonus, **changes})


def told(answer: Any) -> tuple[str, str]:
    assert answer.status_code == 200, answer.text
    found = answer.get_json()["bonus"]
    return found["spent"], found["spent_partner"]


def fields(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [error["field"] for error in answer.get_json()["errors"]]


def test_a_quote_and_its_order_lay_both_on_the_lines(
    app: App, client: FlaskClient, lampa: Merchant, anna: int
) -> None:
    body = {"member": "77", "lines": said()["lines"], "shipping": "300.00", "spend": "200.00",
            "spend_partner": "400.00"}  # fmt: skip
    found = post(client, lampa, "quotes", body).get_json()
    assert (found["balance_partner"], found["max_spend_partner"]) == ("1000.00", "1000.00")
    assert (found["spend"], found["spend_partner"], found["payable"]) == (
        "200.00", "400.00", "1900.00",
    )  # fmt: skip
    order = put(client, lampa, both("200.00", "400.00"))
    assert told(order) == ("200.00", "400.00")
    rows = order.get_json()["bonus"]["receipt"]
    assert rows == found["receipt"]
    assert sum(float(row["price"]) * int(row["quantity"]) for row in rows) == 1600.00
    assert money(app, lampa, anna) == (60_000, 0)
    assert put(client, lampa, both("200.00", "400.00")).get_json() == order.get_json()
    assert money(app, lampa, anna) == (60_000, 0), "said twice, spent once"


def test_the_whole_order_with_its_shipping_may_be_paid_so(
    app: App, client: FlaskClient, lampa: Merchant, anna: int
) -> None:
    small = {"lines": [{"id": "1", "quantity": "3", "amount": "500.00"}]}
    order = put(client, lampa, both(None, "800.00", **small))
    assert told(order) == ("0.00", "800.00")
    rows = order.get_json()["bonus"]["receipt"]
    assert [(row["line"], row["price"]) for row in rows] == [("1", "0.00"), ("", "0.00")]
    put(client, lampa, both(None, "800.00", version=2, status="cancelled", **small))
    assert money(app, lampa, anna) == (100_000, 0)


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "above what there is": (both(None, "1000.01"), {}),
    "above what is to be paid": (
        both("200.00", "400.01", lines=[{"id": "1", "quantity": "1", "amount": "300.00"}]),
        {},
    ),
    "withdraw only": (both(None, "1.00"), {"partner_mode": "withdraw"}),
    "for a customer who is no partner": (both(None, "1.00", customer={"id": "78"}), {}),
    "for a guest": (both(None, "1.00", customer={"email": "gleb@example.org"}), {}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_may_not_be_paid_so_is_refused_on_its_field(
    app: App, client: FlaskClient, lampa: Merchant, anna: int, name: str
) -> None:
    body, program = REFUSED[name]
    with app.app_context(), lampa.scope():
        bonuses.change_program(program)
        db.session.commit()
    assert fields(put(client, lampa, body | {"created_at": SOON})) == ["bonus.spend_partner"]
    assert client.get("/api/v1/orders/A1", headers=lampa.bearer).status_code == 404
    assert money(app, lampa, anna) == (100_000, 0)


@pytest.mark.parametrize("mode", ["both", "spend"])
def test_modes_that_let_partners_spend(
    app: App, client: FlaskClient, lampa: Merchant, anna: int, mode: str
) -> None:
    with app.app_context(), lampa.scope():
        bonuses.change_program({"partner_mode": mode})
        db.session.commit()
    assert told(put(client, lampa, both(None, "10.00", created_at=SOON))) == ("0.00", "10.00")


@pytest.mark.parametrize("stopped", ["blocked", "frozen"])
def test_money_that_is_stopped_pays_nothing(
    app: App, client: FlaskClient, lampa: Merchant, anna: int, stopped: str
) -> None:
    with app.app_context(), lampa.scope():
        found = db.session.scalars(select(Partner).where(Partner.id == anna)).one()
        if stopped == "blocked":
            found.status = "blocked"
        else:
            found.details_frozen_at = clock.now()
        db.session.commit()
    assert fields(put(client, lampa, both(None, "10.00"))) == ["bonus.spend_partner"]


HALF = [{"id": "r1", "lines": [{"line": "1", "quantity": "1", "amount": "950.00"}]}]
STORY: list[dict[str, Any]] = [
    {"status": "new", "version": 1},
    {"status": "paid", "version": 2},
    {"status": "paid", "version": 3, "refunds": HALF},
    {"status": "completed", "version": 4, "refunds": HALF, "lines": said()["lines"][:1]},
]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_any_order_of_messages_ends_in_the_same_money(
    app: App, client: FlaskClient, lampa: Merchant, anna: int, order: tuple[int, ...]
) -> None:
    for n in (*order, order[0]):
        answer = put(client, lampa, both("100.00", "333.33", **STORY[n]))
    assert told(answer) == ("50.00", "166.67")
    assert money(app, lampa, anna) == (100_000 - 16_667, 0)
    client.delete("/api/v1/orders/A1", headers=lampa.bearer)
    assert money(app, lampa, anna) == (100_000, 0)
    with app.app_context():
        assert invariants.broken() == []


def test_a_revived_order_is_paid_again_though_the_money_went_elsewhere(
    app: App, client: FlaskClient, lampa: Merchant, anna: int
) -> None:
    put(client, lampa, both(None, "900.00"))
    put(client, lampa, both(None, "900.00", version=2, status="cancelled"))
    assert told(put(client, lampa, both(None, "800.00"), "A2")) == ("0.00", "800.00")
    put(client, lampa, both(None, "900.00", version=3))
    assert money(app, lampa, anna) == (0, 70_000)
    client.delete("/api/v1/orders/A2", headers=lampa.bearer)
    assert money(app, lampa, anna) == (10_000, 0), "what comes back repays the debt first"


def test_it_is_a_way_to_pay_and_lessens_neither_commission_nor_bonuses(
    app: App, client: FlaskClient, lampa: Merchant, anna: int
) -> None:
    client.patch("/api/v1/merchant", json={"loyalty": True}, headers=lampa.bearer)
    plain = put(client, lampa, said(None, created_at=SOON), "A1").get_json()["bonus"]["earn"]
    paid = put(client, lampa, both(None, "900.00", created_at=SOON), "A2").get_json()["bonus"]
    assert (paid["earn"], paid["spent_partner"]) == (plain, "900.00")


def test_a_hold_takes_both_and_its_end_gives_both_back(
    app: App, client: FlaskClient, lampa: Merchant, anna: int
) -> None:
    asked = {"member": "77", "spend": "100.00", "spend_partner": "300.00", "order": "A1"}
    for end, left in (("void", 100_000), ("capture", 70_000)):
        held = post(client, lampa, "holds", asked)
        assert held.status_code == 201, held.text
        assert held.get_json()["spend_partner"] == "300.00"
        assert money(app, lampa, anna) == (70_000, 0)
        for _twice in range(2):
            ended = post(client, lampa, f"holds/{held.get_json()['id']}/{end}")
            assert ended.status_code == 200, ended.text
        other = "capture" if end == "void" else "void"
        assert post(client, lampa, f"holds/{held.get_json()['id']}/{other}").status_code == 409
        assert money(app, lampa, anna) == (left, 0)
    assert told(put(client, lampa, said(None))) == ("100.00", "300.00"), (
        "the message need not say it"
    )
    put(client, lampa, said(None, version=2, status="cancelled"))
    assert money(app, lampa, anna) == (100_000, 0)


def test_a_hold_of_money_alone_is_spent_by_its_order_or_times_out(
    app: App, client: FlaskClient, lampa: Merchant, anna: int
) -> None:
    asked = {"member": "77", "spend_partner": "300.00"}
    post(client, lampa, "holds", asked | {"order": "A1"})
    assert told(put(client, lampa, both(None, "300.00"))) == ("0.00", "300.00")
    assert money(app, lampa, anna) == (70_000, 0)
    late = post(client, lampa, "holds", asked | {"order": "A2"}).get_json()
    with app.app_context(), lampa.scope(), clock.offset_by(timedelta(hours=1)):
        checkout.end_holds([f"shop:hold:{late['id']}"])
        checkout.end_holds([f"shop:hold:{late['id']}"])
        db.session.commit()
    assert money(app, lampa, anna) == (70_000, 0)
    assert post(client, lampa, f"holds/{late['id']}/capture").status_code == 409
    assert fields(post(client, lampa, "holds", asked | {"spend_partner": "700.01"})) == [
        "spend_partner"
    ]


LINE = st.builds(
    Line,
    id=st.uuids().map(str),
    quantity=st.decimals("0.05", "9", places=2) | st.integers(1, 9).map(Decimal),
    amount=st.integers(0, 20_000),
)


@given(
    st.lists(LINE, min_size=1, max_size=4, unique_by=lambda line: line.id),
    st.integers(0, 5_000),
    st.data(),
)
def test_rows_pay_the_rest_and_any_refunds_give_all_back(
    lines: list[Line], shipping: int, data: st.DataObject
) -> None:
    snapshot = Snapshot(status="paid", currency="RUB", created_at=clock.wall(), lines=tuple(lines),
                        shipping=shipping, customer=Customer(id="77"))  # fmt: skip
    shop = cart(snapshot, {}, Program(min_unit_price=0))
    amount = data.draw(st.integers(0, shop.most(10**9)))
    paid = data.draw(st.integers(0, shop.most_money(amount)))
    found = lay(shop, amount, paid)
    assert (sum(found.shares), sum(found.moneys)) == (amount, paid)
    worth = sum(one.value for one in found.goods)
    assert sum(row.amount for row in found.receipt.rows) == worth - amount - paid
    for one, share, part in zip(found.goods, found.shares, found.moneys, strict=True):
        assert share >= 0
        assert 0 <= part <= one.value - share
    made = version(1, 7, "", shop, amount, paid, 9)
    parts = [data.draw(st.integers(0, line.amount or 0)) for line in lines]
    some = tuple(
        Refund(id=line.id, lines=(RefundLine(line=line.id, amount=part),))
        for line, part in zip(lines, parts, strict=True)
    )
    total = sum(line.amount or 0 for line in lines) + shipping
    rest = Refund(id="rest", amount=total - sum(parts))
    lefts = [(amount, paid)]
    for refunds in ((), some, (*some, rest)):
        folded = absorb(None, Message(_with(snapshot, refunds), clock.wall(), State.AGREED))
        left = (due(made, folded), due_money(made, folded))
        assert all(now <= before for now, before in zip(left, lefts[-1], strict=True))
        lefts.append(left)
    assert lefts[1] == (amount, paid)
    assert lefts[-1] == (0, 0)


def _with(snapshot: Snapshot, refunds: tuple[Refund, ...]) -> Snapshot:
    return replace(snapshot, refunds=refunds)
