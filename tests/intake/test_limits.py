"""Codes that hold for a time, a number of orders or one shop; staff's word: any order of messages, the same sums."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from app import clock
from app.attribution.queries import bound_to, journal
from app.attribution.rules import Kind
from app.codes import queries as codes
from app.codes import service
from app.codes.rules import Conditions
from app.commissions.queries import deal_view
from app.events.models import Event
from app.extensions import db
from app.intake import service as intake
from app.ledger.queries import partner_balances
from app.members.service import Contact
from app.orders.rules import Customer, PartnerData, Snapshot
from app.orders.service import find
from app.programs import service as terms
from app.tenants.rules import Place
from app.tenants.service import open_shop
from tests.harness.profiles import CAMPAIGN
from tests.intake.scene import FOUNDED, NOON, Scene, at_lampa, order
from tests.intake.test_convergence import outcome

DAY = timedelta(days=1)
BUYERS = tuple(Customer(id=f"b{n}", email=f"b{n}@example.org") for n in range(3))
Told = tuple[int, Snapshot]

said = st.builds(
    lambda which, status, minute, code, buyer, coupon, staff: (
        which,
        order(
            status,
            created_at=NOON + which * timedelta(hours=5),
            updated_at=NOON + DAY * 2 + timedelta(minutes=minute),
            partner_code=code,
            customer=BUYERS[buyer],
            coupons=(coupon,) if coupon else (),
            partner_data=staff,
        ),
    ),
    st.integers(0, 5),
    st.sampled_from(["new", "paid", "paid", "completed", "cancelled"]),
    st.integers(0, 4),
    st.sampled_from([None, "TWO", "two", "TWO", "SHORT", "VERA10"]),
    st.integers(0, 2),
    st.sampled_from([None, None, "TWO", "VERA10"]),
    st.sampled_from([None, None, None, PartnerData(refcode="boris"), PartnerData(terms="Gold")]),
)


@st.composite
def histories(draw: st.DrawFn, most: int = 8) -> tuple[list[Told], list[Told]]:
    """Draw messages, and the same messages in another order with some of them twice."""
    first = draw(st.lists(said, min_size=2, max_size=most))
    again = draw(st.lists(st.sampled_from(first), max_size=most - 3))
    return first, draw(st.permutations(first + again))


def furnish(scene: Scene) -> None:
    """Anna's TWO is good for two orders (three from a later day), Boris's SHORT for half a day."""
    with clock.moved_to(FOUNDED):
        service.create(scene.anna, service.NewCode(code="TWO", conditions=Conditions(limit=2)))
        span = Conditions(starts=NOON, ends=NOON + timedelta(hours=11), limit=1)
        service.create(scene.boris, service.NewCode(code="SHORT", conditions=span))
        terms.create_terms(name="Gold", levels=["30%"])
    with clock.moved_to(NOON + timedelta(hours=18)):
        two = codes.by_code("two")
        assert two is not None
        service.change(two.code, Conditions(limit=3), "", None)


@pytest.fixture(scope="module")
def lampa(app: Any) -> Iterator[Scene]:
    """One shop for all examples; each runs in a savepoint that is rolled back."""
    with app.app_context():
        with at_lampa() as scene:
            furnish(scene)
            yield scene
        db.session.rollback()
        db.session.remove()


@pytest.fixture
def scene(lampa: Scene) -> Iterator[Scene]:
    """The same shop for a story; what it does is rolled back."""
    savepoint = db.session.begin_nested()
    yield lampa
    savepoint.rollback()
    db.session.expunge_all()


@given(histories(), st.sampled_from([3, 40]), st.sampled_from([1, 2, 10]))
@settings(max_examples=40, phases=[Phase.explicit, Phase.generate])
def test_with_limits_and_staffs_words_any_order_of_messages_ends_in_the_same_money(
    lampa: Scene, history: tuple[list[Told], list[Told]], now_days: int, together: int
) -> None:
    straight, shuffled = history
    assert outcome(lampa, straight, now_days) == outcome(lampa, shuffled, now_days, together)


@pytest.mark.long
@given(histories(most=16), st.sampled_from([3, 40]), st.sampled_from([1, 2, 10]))
@CAMPAIGN
def test_with_limits_any_order_of_many_messages_ends_in_the_same_money(
    lampa: Scene, history: tuple[list[Told], list[Told]], now_days: int, together: int
) -> None:
    straight, shuffled = history
    assert outcome(lampa, straight, now_days) == outcome(lampa, shuffled, now_days, together)


def put(scene: Scene, n: int, code: str = "TWO", status: str = "paid", **more: Any) -> str | None:
    """Say an order of a buyer of its own, `n` hours after noon; return why the code won or lost."""
    told = order(
        status,
        created_at=NOON + timedelta(hours=n),
        updated_at=NOON + timedelta(hours=n, minutes=more.pop("minute", 0)),
        partner_code=code,
        customer=Customer(id=f"own{n}", email=f"own{n}@example.org"),
        **more,
    )
    with clock.moved_to(NOON + DAY):
        scene.say(f"L{n}", told)
    return why(scene, f"L{n}", code)


def why(scene: Scene, name: str, evidence: str) -> str | None:
    found = [c.why for c in journal(find(scene.shop_id, name).id) if c.evidence == evidence]
    return found[0] if found else None


def test_a_code_is_good_for_so_many_orders_and_a_cancelled_one_makes_room(scene: Scene) -> None:
    assert [put(scene, n) for n in (0, 2, 4)] == ["won", "won", "code_used_up"]
    assert put(scene, 2, status="cancelled", minute=5) == "won"
    assert why(scene, "L4", "TWO") == "won"
    # An order of an earlier hour that is told late takes its place from the later one.
    assert put(scene, 1) == "won"
    assert why(scene, "L4", "TWO") == "code_used_up"
    assert deal_of(scene, "L4") == (None, "code_used_up")


def deal_of(scene: Scene, name: str) -> tuple[str | None, str | None]:
    view = deal_view(find(scene.shop_id, name).id)
    assert view is not None
    return (view.partner.refcode if view.partner else None), view.deal.reason


def test_a_higher_limit_holds_for_orders_from_then_on(scene: Scene) -> None:
    assert [put(scene, n) for n in (0, 1, 2)] == ["won", "won", "code_used_up"]
    # The third of the day before takes a place too: an order uses the code, whether or not it won by it.
    assert put(scene, 2, status="cancelled", minute=1) == "code_used_up"
    assert [put(scene, n) for n in (20, 21)] == ["won", "code_used_up"]


def test_a_code_holds_from_and_until_the_end_excluded(scene: Scene) -> None:
    assert put(scene, -1, "SHORT") == "code_early"
    assert put(scene, 11, "SHORT") == "code_expired"
    assert put(scene, 10, "SHORT") == "won"


def test_a_code_that_is_switched_off_loses_and_earlier_orders_keep_what_they_had(
    scene: Scene,
) -> None:
    with clock.moved_to(NOON + timedelta(hours=6)):
        found = codes.by_code("two")
        assert found is not None
        service.switch(found.code, off=True)
    assert put(scene, 5) == "won"
    assert put(scene, 7) == "code_retired"
    with clock.moved_to(NOON + timedelta(hours=8)):
        service.switch(found.code, off=False)
    assert put(scene, 9) == "won"


def test_a_code_is_good_in_its_shop_and_nowhere_else(scene: Scene) -> None:
    with clock.moved_to(FOUNDED):
        shop = open_shop("Outlet", Place("outlet.example", "/"), "Europe/Moscow")
        for partner, code, where in (
            (scene.vera, "HERE", scene.shop_id),
            (scene.vera, "THERE", shop.id),
        ):
            new = service.NewCode(code=code, conditions=Conditions(shop_id=where))
            service.create(partner, new)
    assert put(scene, 0, "HERE") == "won"
    assert put(scene, 1, "THERE") == "code_other_shop"


def test_staff_may_give_an_order_to_whoever_they_name_and_take_the_word_back(scene: Scene) -> None:
    put(scene, 0, "VERA10")
    order_id = find(scene.shop_id, "L0").id
    with clock.moved_to(NOON + DAY * 2):
        intake.say(order_id, PartnerData(promo_code="anna10", terms="gold"), "Olga")
        view = deal_view(order_id)
        assert view is not None
        assert view.partner is not None
        assert (view.partner.refcode, view.deal.promo_code) == ("anna", "ANNA10")
        assert (view.deal.terms_label, view.deal.commission) == ("Gold v1", 57000)
        again = put(scene, 0, "VERA10", status="completed", minute=30)
        assert again == "weaker", "a later message of the shop leaves staff's word"
        intake.say(order_id, PartnerData(), "Olga")
        assert deal_of(scene, "L0")[0] == "vera"
        # Anna is back to what she has as Vera's sponsor's sponsor.
        assert partner_balances([scene.anna.id])[scene.anna.id].pending == 1900


def test_what_the_shops_card_says_later_stands_above_what_staff_said_here(scene: Scene) -> None:
    put(scene, 0, "nobody", partner_data=PartnerData(refcode="boris"))
    order_id = find(scene.shop_id, "L0").id
    with clock.moved_to(NOON + timedelta(minutes=10)):
        intake.say(order_id, PartnerData(refcode="anna"), "Olga")
    assert deal_of(scene, "L0")[0] == "anna"
    put(scene, 0, "nobody", "completed", minute=20, partner_data=PartnerData(refcode="boris"))
    assert deal_of(scene, "L0")[0] == "anna", "the card only repeats itself"
    put(scene, 0, "nobody", "completed", minute=30, partner_data=PartnerData(refcode="vera"))
    assert deal_of(scene, "L0")[0] == "vera"
    put(scene, 0, "nobody", "completed", minute=40, partner_data=PartnerData())
    assert deal_of(scene, "L0") == (None, "unknown"), "a code removed there withdraws the deal"


def test_the_terms_that_staff_name_are_the_orders_and_unknown_ones_change_nothing(
    scene: Scene,
) -> None:
    put(scene, 0, "VERA10", partner_data=PartnerData(terms="Gold v7"))
    put(scene, 1, "VERA10", partner_data=PartnerData(terms="Silver"))
    one, two = (deal_view(find(scene.shop_id, name).id) for name in ("L0", "L1"))
    assert one is not None
    assert two is not None
    assert (one.deal.terms_label, [s.amount for s in one.shares]) == ("Gold v1", [57000])
    assert two.deal.terms_label.startswith("Base terms")
    assert {"reason": "unknown_terms"} in two.deal.notes


def test_the_six_fields_are_told_whenever_one_of_them_changes(scene: Scene) -> None:
    def told() -> list[tuple[Any, ...]]:
        order_id = find(scene.shop_id, "L0").id
        query = db.select(Event).where(
            Event.type == "order.partner_data", Event.subject == f"order:{order_id}"
        )
        names = ("promo_code", "refcode", "partner", "commission")
        rows = db.session.scalars(query.order_by(Event.id))
        return [tuple(e.facts[name] for name in names) for e in rows]

    put(scene, 0, "VERA10")
    put(scene, 0, "VERA10", "completed", minute=5)
    assert told() == [("VERA10", "vera", "Vera", 30400)]
    intake.say(find(scene.shop_id, "L0").id, PartnerData(refcode="anna"), "Olga")
    assert told()[1:] == [(None, "anna", "Anna", 19000)]
    put(scene, 0, "nobody", "cancelled", minute=9)
    intake.say(find(scene.shop_id, "L0").id, PartnerData(), "Olga")
    assert told()[2:] == [(None, "anna", "Anna", 0), (None, None, None, 0)]


def test_staffs_word_said_between_any_messages_ends_in_the_same_money(lampa: Scene) -> None:
    messages = [
        (0, order("paid", partner_code="VERA10", customer=BUYERS[0])),
        (1, order("paid", 1, created_at=NOON + DAY, customer=BUYERS[0])),
        (0, order("completed", 5, partner_code="VERA10", customer=BUYERS[0])),
        (1, order("cancelled", 8, created_at=NOON + DAY, customer=BUYERS[0])),
    ]
    found = []
    for place in range(1, 5):
        savepoint = db.session.begin_nested()
        with clock.moved_to(NOON + DAY * 3):
            for n, (which, told) in enumerate(messages, start=1):
                lampa.say(f"A{which}", told)
                if n == place:
                    word = PartnerData(refcode="anna")
                    intake.say(find(lampa.shop_id, "A0").id, word, "Olga")
            found.append((lampa.balances(), deal_of(lampa, "A0"), deal_of(lampa, "A1")))
        savepoint.rollback()
        db.session.expunge_all()
    assert all(each == found[0] for each in found)


def test_a_code_that_is_used_up_binds_nobody_who_registers_by_it(scene: Scene) -> None:
    put(scene, 0)
    put(scene, 1)
    with clock.moved_to(NOON + timedelta(hours=3)):
        dina = create_contact(scene, "dina@example.org")
        bound = intake.introduce(dina, [(Kind.PARTNER_CODE, "TWO")], "registered")
    put(scene, 1, status="cancelled", minute=7)
    assert bindings(bound) == [], "what was told to her stays as it was told"


def create_contact(scene: Scene, email: str) -> Contact:
    return Contact(scene.shop_id, None, email, None, None, None, clock.now())


def bindings(member_id: int) -> list[str]:
    found = bound_to(member_id)
    return [found.refcode] if found else []
