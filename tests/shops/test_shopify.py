"""Shopify's orders, after its documentation: discounts, taxes, refunds, and where the customer came from."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app import clock
from app.extensions import db
from app.intake.shops import Nothing, OrderGone, OrderSaid, Unreadable, shopify
from app.intake.shops.figures import decimal
from app.orders.rules import Refund, RefundLine, Snapshot, order_total
from app.partners.service import NewPartner, create
from tests.shops.senders import Line, open_line, shopify_order

if TYPE_CHECKING:
    from app.application import App
    from tests.world import Merchant


def line(**changed: Any) -> dict[str, Any]:
    return {
        "id": 1, "product_id": 7, "title": "Lamp", "quantity": 2, "price": "100.00",
        "discount_allocations": [], "tax_lines": [], **changed,
    }  # fmt: skip


def read(**changed: Any) -> Snapshot:
    said = shopify.parse("orders/updated", shopify_order(1001, "0.00", **changed), "RUB")
    assert isinstance(said, OrderSaid)
    return said.snapshot


TAX = [{"title": "VAT", "price": "15.00", "rate": 0.1}]
OFF = [{"amount": "30.00", "discount_application_index": 0}, {"amount": "5.00"}]


@pytest.mark.parametrize(
    ("included", "worth"), [(True, 16500), (False, 18000)], ids=["tax inside", "tax on top"]
)
def test_a_line_is_worth_what_was_paid_for_it_with_its_tax(included: bool, worth: int) -> None:
    said = read(taxes_included=included, line_items=[line(discount_allocations=OFF, tax_lines=TAX)])
    [one] = said.lines
    assert (one.amount, one.tax, one.product, one.quantity) == (worth, 1500, "7", decimal(2))


def test_shipping_is_after_its_own_discounts() -> None:
    ship = {
        "id": 5,
        "price": "50.00",
        "discount_allocations": [{"amount": "20.00"}],
        "tax_lines": [],
    }
    said = read(line_items=[line()], shipping_lines=[ship])
    assert (said.shipping, order_total(said)) == (3000, 23000)


STATES: list[tuple[dict[str, Any], str, str]] = [
    ({"financial_status": "pending"}, "pending", "registered"),
    ({"financial_status": "authorized"}, "authorized", "registered"),
    ({"financial_status": "partially_paid"}, "partially_paid", "registered"),
    ({"financial_status": "paid"}, "paid", "agreed"),
    ({"financial_status": "paid", "fulfillment_status": "partial"}, "paid", "agreed"),
    ({"financial_status": "paid", "fulfillment_status": "fulfilled"}, "fulfilled", "completed"),
    ({"financial_status": "partially_refunded", "fulfillment_status": "fulfilled"}, "fulfilled", "completed"),
    ({"financial_status": "paid", "closed_at": "2026-11-23T10:00:00+03:00"}, "archived", "completed"),
    ({"financial_status": "pending", "fulfillment_status": "fulfilled"}, "pending", "registered"),
    ({"financial_status": "refunded", "fulfillment_status": "fulfilled"}, "refunded", "refunded"),
    ({"financial_status": "voided"}, "voided", "cancelled"),
    ({"financial_status": "paid", "cancelled_at": "2026-11-23T10:00:00+03:00"}, "cancelled", "cancelled"),
    ({"financial_status": "of a later version"}, "of a later version", ""),
]  # fmt: skip


@pytest.mark.parametrize(("said", "word", "state"), STATES)
def test_of_its_several_states_one_word_is_made(
    said: dict[str, Any], word: str, state: str
) -> None:
    assert read(**said).status == word
    assert shopify.words.get(word, "") == state


def refund(rows: list[tuple[int, str, str]], *beyond: tuple[str, str], **more: Any) -> Any:
    return {
        "id": 9, "refund_line_items": [
            {"line_item_id": n, "quantity": 1, "subtotal": s, "total_tax": t} for n, s, t in rows],
        "order_adjustments": [{"kind": k, "amount": a, "tax_amount": "0.00"} for k, a in beyond],
        "transactions": [{"kind": "refund", "status": "success"}], **more,
    }  # fmt: skip


class TestRefunds:
    def test_a_line_given_back_is_its_sum_with_tax(self) -> None:
        said = read(taxes_included=False, line_items=[line(tax_lines=TAX)],
                    refunds=[refund([(1, "100.00", "7.50")])])  # fmt: skip
        assert said.refunds == (Refund(id="9", lines=(RefundLine(line="1", amount=10750),)),)

    def test_a_sum_without_lines_is_a_refund_by_sum(self) -> None:
        said = read(line_items=[line()], refunds=[refund([], ("refund_discrepancy", "-40.00"))])
        assert said.refunds == (Refund(id="9", amount=4000),)

    def test_a_line_and_a_sum_beyond_it_are_two(self) -> None:
        said = read(
            line_items=[line()],
            refunds=[refund([(1, "100.00", "0")], ("refund_discrepancy", "-5.00"))],
        )
        assert said.refunds == (
            Refund(id="9", lines=(RefundLine(line="1", amount=10000),)), Refund(id="9-rest", amount=500),
        )  # fmt: skip

    def test_goods_taken_back_and_not_paid_out_in_full_count_by_what_was_paid(self) -> None:
        said = read(
            line_items=[line()],
            refunds=[refund([(1, "100.00", "0")], ("refund_discrepancy", "30.00"))],
        )
        assert said.refunds == (Refund(id="9", lines=(RefundLine(line="1", amount=7000),)),)

    def test_shipping_given_back_is_so_much_less_shipping(self) -> None:
        ship = {"id": 5, "price": "50.00", "discount_allocations": [], "tax_lines": []}
        said = read(line_items=[line()], shipping_lines=[ship],
                    refunds=[refund([], ("shipping_refund", "-50.00"))])  # fmt: skip
        assert (said.shipping, said.refunds) == (0, ())

    def test_a_refund_that_failed_is_none(self) -> None:
        failed = refund(
            [(1, "100.00", "0")], transactions=[{"kind": "refund", "status": "failure"}]
        )
        assert read(line_items=[line()], refunds=[failed]).refunds == ()

    def test_more_than_the_order_holds_is_cut_to_it(self) -> None:
        said = read(line_items=[line()], refunds=[refund([(1, "900.00", "0"), (77, "5.00", "0")])])
        assert sum(p.amount or 0 for r in said.refunds for p in r.lines) + sum(
            r.amount or 0 for r in said.refunds
        ) <= order_total(said)  # fmt: skip


def test_where_the_customer_came_from_is_read_from_the_visit_and_the_cart() -> None:
    said = read(
        landing_site="/collections/lamps?ref=anna&utm_source=x",
        order_status_url="https://lampa.example/1/orders/abc/authenticate?key=1",
        note_attributes=[{"name": "partnerka_click", "value": "ck_1"}, {"name": "gift", "value": "yes"},
                         {"name": "partner_code", "value": " ANNA10 "}],
    )  # fmt: skip
    assert said.entry == "https://lampa.example/collections/lamps?ref=anna&utm_source=x"
    assert (said.click, said.partner_code, said.coupons) == ("ck_1", "ANNA10", ("ANNA10",))
    assert (said.customer.id, said.customer.email, said.customer.name) == (
        "77",
        "gleb@example.org",
        "Gleb",
    )


OTHER_BODIES: list[tuple[str, Any]] = [
    ("refunds/create", {"id": 9, "order_id": 1001, "refund_line_items": []}),
    ("customers/update", {"id": 77, "email": "x@example.org"}),
    ("checkouts/create", {"id": 5, "line_items": [], "token": "x"}),
    ("products/delete", {"id": 1001}),
    ("orders/create", json.loads(shopify_order(820982911946154508, "1.00", test=True))),
]


@pytest.mark.parametrize(("topic", "said"), OTHER_BODIES)
def test_what_is_no_order_says_nothing(topic: str, said: Any) -> None:
    assert shopify.parse(topic, json.dumps(said).encode(), "RUB") == Nothing()


def test_a_deletion_holds_the_id_alone() -> None:
    assert shopify.parse("orders/delete", b'{"id": 1001}', "RUB") == OrderGone("1001")
    whole = shopify.parse("orders/delete", shopify_order(1001, "1.00"), "RUB")
    assert isinstance(whole, OrderSaid), "a whole order under another topic is no deletion"


@pytest.mark.parametrize(
    "change",
    [{"currency": "USD"}, {"created_at": "soon"}, {"line_items": [{}]}, {"line_items": [line(price="NaN")]},
     {"line_items": [line(quantity=0)]}, {"id": "x"}, {"line_items": [line(price="1e99")]}, {"line_items": 5}],
)  # fmt: skip
def test_what_cannot_be_read_is_set_aside_with_a_word(change: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        shopify.parse("orders/updated", shopify_order(1001, "1.00", **change), "RUB")


@pytest.fixture
def shop(app: App, lampa: Merchant) -> Line:
    with app.app_context():
        with lampa.scope():
            create(NewPartner(name="Anna", refcode="anna", codes=["ANNA10"]))
        db.session.commit()
    return open_line(app, lampa, "shopify")


def test_an_order_is_paid_fulfilled_given_back_in_part_and_deleted(shop: Line) -> None:
    now = clock.wall().replace(microsecond=0)  # the hold is not over

    def say(minute: int, **changed: Any) -> None:
        at = (now + timedelta(minutes=minute)).isoformat()
        body = shopify_order(1001, "0.00", updated_at=at, **changed)
        assert shop.send(shop.sign(body)).status_code == 200

    goods = {"line_items": [line()]}
    say(2, **goods)
    assert shop.orders() == {"1001": ("agreed", 20000, [(2000, 0)])}
    back = {"refunds": [refund([(1, "50.00", "0.00")])], "financial_status": "partially_refunded"}
    say(4, fulfillment_status="fulfilled", **goods, **back)
    assert shop.orders() == {"1001": ("completed", 15000, [(1500, 0)])}
    say(3, fulfillment_status="fulfilled", **goods)  # an older one comes late: nothing goes back
    say(2, **goods)
    assert shop.orders() == {"1001": ("completed", 15000, [(1500, 0)])}
    gone = shop.sign(b'{"id": 1001}')
    gone.headers["X-Shopify-Topic"] = "orders/delete"
    assert shop.send(gone).status_code == 200
    assert shop.orders()["1001"][0] == "cancelled"
