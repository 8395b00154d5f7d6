"""Whatever the order, repetition or lateness of a customer's messages: the same money in the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from app import clock
from app.commissions.queries import booked, deal_view
from app.extensions import db
from app.orders.rules import Customer, Refund, Snapshot
from app.orders.service import find
from app.partners.service import change
from app.programs import queries as programs
from app.programs import service as terms
from app.tenants.service import change_settings
from tests.harness.profiles import CAMPAIGN
from tests.intake.scene import FOUNDED, NOON, Scene, at_lampa, order

GLEB = Customer(id="77", email="gleb@example.org", name="Gleb")
GUEST = Customer(email="GLEB@example.org")
TWIN = Customer(
    id="88", email="gleb@example.org", group="Wholesale"
)  # another account with the same e-mail
MOMENTS = (
    NOON,
    NOON + timedelta(minutes=20),
    NOON + timedelta(minutes=20),
    NOON + timedelta(days=2),
)

said = st.builds(
    lambda which, status, minute, code, customer, refund, coupon, ref: (
        which,
        order(
            status,
            created_at=MOMENTS[which],
            updated_at=NOON + timedelta(minutes=minute),
            partner_code=code,
            customer=customer,
            refunds=(Refund(id="r1", amount=refund),) if refund else (),
            coupons=(coupon,) if coupon else (),
            ref=ref,
        ),
    ),
    st.integers(0, 3),
    st.sampled_from(["new", "paid", "completed", "cancelled", "refunded", "packing"]),
    st.integers(0, 5),
    st.sampled_from([None, None, "VERA10", "ANNA10", "nobody"]),
    st.sampled_from([GLEB, GLEB, GUEST, TWIN]),
    st.sampled_from([0, 0, 50000, 190000]),
    st.sampled_from([None, None, "anna10"]),
    st.sampled_from([None, None, "vera", "boris"]),
)


History = tuple[list[tuple[int, Snapshot]], list[tuple[int, Snapshot]]]


@st.composite
def histories(draw: st.DrawFn, most: int = 6) -> History:
    """Draw messages, and the same messages in another order with some of them twice."""
    first = draw(st.lists(said, min_size=1, max_size=most))
    again = draw(st.lists(st.sampled_from(first), max_size=most - 2))
    return first, draw(st.permutations(first + again))


EVERY_RULE: dict[str, Any] = {
    "foreign_coupons": False,
    "first_orders": 2,
    "compression": True,
    "cap_order": 25000,
    "cap_customer": 40000,
    "cap_partner": 30000,
    "cap_month": 45000,
}


@pytest.fixture(scope="module", params=["plain", "every rule", "own purchases"])
def lampa(app: Any, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """One shop for all examples; each runs in a savepoint that is rolled back."""
    with app.app_context():
        with at_lampa() as scene:
            if request.param != "plain":
                with clock.moved_to(FOUNDED):
                    change_settings(EVERY_RULE | {"cashback": request.param == "own purchases"})
                    base = programs.base_terms()
                    terms.change_terms(
                        base, cashback_rate="3%", levels_by_buyer={"wholesale": ["4%"]}
                    )
                    terms.create_campaign(name="Autumn", levels=["20%"], starts_at=MOMENTS[1])
                    change(scene.boris, email="gleb@example.org")
            yield scene
        db.session.rollback()
        db.session.remove()


def outcome(
    scene: Scene, messages: list[tuple[int, Snapshot]], now_days: int, together: int = 1
) -> dict[str, Any]:
    """Play messages, so many in a batch, and return what is booked, the balances and the six partner fields."""
    savepoint = db.session.begin_nested()
    try:
        with clock.moved_to(NOON + timedelta(days=now_days)):
            for start in range(0, len(messages), together):
                batch = messages[start : start + together]
                scene.say_together((f"A{which}", snapshot) for which, snapshot in batch)
            found: dict[str, Any] = {"balances": scene.balances()}
            for which in sorted({which for which, _ in messages}):
                row = find(scene.shop_id, f"A{which}")
                view = deal_view(row.id)
                assert view is not None
                found[f"A{which}"] = (
                    sorted(
                        (k.line, k.level, k.partner_id, nets)
                        for k, nets in booked([row.id]).items()
                    ),
                    (
                        view.deal.commission,
                        view.deal.promo_code,
                        view.partner.refcode if view.partner else None,
                        view.partner.name if view.partner else None,
                        view.deal.terms_label,
                        view.deal.state,
                        view.deal.reason,
                        view.deal.available_at,
                    ),
                )
            return found
    finally:
        savepoint.rollback()
        db.session.expunge_all()


@given(histories(), st.sampled_from([3, 40]), st.sampled_from([1, 2, 3, 10]))
@settings(max_examples=25, phases=[Phase.explicit, Phase.generate])
def test_any_order_of_a_customers_messages_ends_in_the_same_money(
    lampa: Scene, history: History, now_days: int, together: int
) -> None:
    straight, shuffled = history
    assert outcome(lampa, straight, now_days) == outcome(lampa, shuffled, now_days, together)


@pytest.mark.long
@given(histories(most=14), st.sampled_from([3, 40]), st.sampled_from([1, 2, 3, 10]))
@CAMPAIGN
def test_any_order_of_many_messages_ends_in_the_same_money(
    lampa: Scene, history: History, now_days: int, together: int
) -> None:
    straight, shuffled = history
    assert outcome(lampa, straight, now_days) == outcome(lampa, shuffled, now_days, together)


def test_the_shops_ids_settle_which_of_two_orders_of_one_moment_is_first(lampa: Scene) -> None:
    one = order("paid", partner_code="VERA10")
    two = replace(one, partner_code="ANNA10")
    assert outcome(lampa, [(1, one), (2, two)], 3) == outcome(lampa, [(2, two), (1, one)], 3)
