"""What earns and by which rate: worked figures, a rule each. Sums in kopecks of an order of 1,000.00."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.attribution.rules import Claim, Kind, Reason
from app.commissions.rules import Note
from app.orders.rules import Customer, Message, Refund, Snapshot, State, absorb
from app.partners.rules import Edge, Identity
from tests.commissions.story import (
    ANNA,
    BORIS,
    DAY,
    FOUNDED,
    NOON,
    VERA,
    Story,
    code,
    folded,
    lamp,
    paid,
    placed,
)

EVERYBODY = {VERA: 10000, BORIS: 5000, ANNA: 1000}
RETAIL = Customer(id="77", group="Retail")


@pytest.fixture
def story() -> Story:
    return Story()


def campaign(levels: list[str | None], **more: Any) -> dict[str, Any]:
    said = {"levels": levels, "from": (NOON - DAY).isoformat(), "to": (NOON + DAY).isoformat()}
    return said | more


class TestPromotionalGoods:
    def test_they_earn_unless_the_merchant_says_no(self, story: Story) -> None:
        order = placed(folded(State.AGREED, lamp(promo=True)))
        assert paid(story.deal(order)) == EVERYBODY
        story.say("merchant", "promotional", value=False)
        found = story.deal(order)
        assert (found.commission, found.reason) == (0, "promotional")
        assert found.notes == (Note("promotional", line="1"),)

    def test_the_messages_flag_stands_above_the_catalogues(self, story: Story) -> None:
        story.say("merchant", "promotional", value=False).say("product:10", "promo", value=True)
        plain = lamp("1", product="lamp-1", promo=False)
        assert paid(story.deal(placed(folded(State.AGREED, plain)))) == EVERYBODY
        silent = lamp("1", product="lamp-1")
        assert story.deal(placed(folded(State.AGREED, silent))).reason == "promotional"
        unknown = lamp("1", product="nothing-we-know")
        assert paid(story.deal(placed(folded(State.AGREED, unknown)))) == EVERYBODY

    def test_other_lines_of_the_order_still_earn(self, story: Story) -> None:
        story.say("merchant", "promotional", value=False)
        order = folded(State.AGREED, lamp("1", 60000, promo=True), lamp("2", 40000))
        assert paid(story.deal(placed(order))) == {VERA: 4000, BORIS: 2000, ANNA: 400}


class TestForeignCoupons:
    def order(self, *coupons: str, claims: tuple[Claim, ...] = ()) -> Any:
        return placed(folded(State.AGREED, coupons=coupons), *(claims or (code(VERA),)))

    def test_a_foreign_coupon_takes_the_whole_order_where_it_is_said(self, story: Story) -> None:
        assert paid(story.deal(self.order("SPRING"))) == EVERYBODY
        story.say("merchant", "foreign_coupons", value=False)
        found = story.deal(self.order("SPRING"))
        assert (found.commission, found.reason, found.shares) == (0, "foreign_coupon", ())
        assert (found.partner_id, found.notes) == (VERA, (Note("foreign_coupon"),))

    def test_a_partners_own_code_is_not_foreign_and_another_partners_is(self, story: Story) -> None:
        story.say("merchant", "foreign_coupons", value=False)
        own = Claim(Kind.COUPON, "Vera10", VERA)
        other = Claim(Kind.COUPON, "BORIS10", BORIS, position=1)
        assert paid(story.deal(self.order("VERA10", claims=(own,)))) == EVERYBODY
        both = story.deal(self.order("VERA10", "BORIS10", claims=(own, other)))
        assert (both.partner_id, both.reason) == (VERA, "foreign_coupon")

    def test_the_allow_list_is_read_whatever_the_case(self, story: Story) -> None:
        story.say("merchant", "foreign_coupons", value=False)
        story.say("merchant", "allowed_coupons", ["First-Order"])
        assert paid(story.deal(self.order("FIRST-ORDER"))) == EVERYBODY
        assert story.deal(self.order("FIRST-ORDER", "SPRING")).reason == "foreign_coupon"


class TestFirstOrders:
    def orders(self, *states: State) -> list[Any]:
        return [
            placed(folded(state, created_at=NOON + n * DAY), number=n)
            for n, state in enumerate(states, start=1)
        ]

    def test_only_the_first_n_that_were_not_cancelled_earn(self, story: Story) -> None:
        story.say("merchant", "first_orders", 2)
        agreed, cancelled = State.AGREED, State.CANCELLED
        orders = self.orders(agreed, cancelled, agreed, agreed)
        found = {d.order_id: d for d in story.settle(*orders).deals}
        assert [found[n].commission for n in (1, 2, 3, 4)] == [16000, 0, 16000, 0]
        assert (found[4].reason, found[4].partner_id) == ("beyond_first", VERA)
        assert found[2].reason == "cancelled"

    def test_a_cancelled_one_makes_room_for_the_next(self, story: Story) -> None:
        story.say("merchant", "first_orders", 1)
        before = story.settle(*self.orders(State.AGREED, State.AGREED)).deals
        after = story.settle(*self.orders(State.REFUNDED, State.AGREED)).deals
        assert [d.commission for d in before] == [16000, 0]
        assert [d.commission for d in after] == [0, 16000]

    def test_orders_without_a_partner_count_and_arrival_plays_no_part(self, story: Story) -> None:
        story.say("merchant", "first_orders", 1)
        first = replace(placed(folded(State.AGREED), number=1), claims=())
        second = placed(folded(State.AGREED, created_at=NOON + DAY), number=2)
        for order in permutations((first, second)):
            assert [d.reason for d in story.settle(*order).deals] == ["no_claim", "beyond_first"]

    def test_the_number_is_that_of_the_orders_time(self, story: Story) -> None:
        story.say("merchant", "first_orders", None)
        story.say("merchant", "first_orders", 1, since=NOON + 3 * DAY)
        orders = self.orders(State.AGREED, State.AGREED, State.AGREED)
        assert [d.commission for d in story.settle(*orders).deals] == [16000, 16000, 0]


class TestBases:
    def vera(self, story: Story, **base: bool) -> int:
        """Two lamps at 1,000.00 less 100.00, tax 316.67 inside, shipping 300.00; level 1 at 10 %."""
        story.now_only("terms:1", "base", base)
        line = lamp(amount=None, price=100000, discount=10000, tax=31667)
        return paid(story.deal(placed(folded(State.AGREED, line, shipping=30000))))[VERA]

    def test_with_and_without_tax_shipping_and_discount(self, story: Story) -> None:
        assert self.vera(story) == 19000
        assert self.vera(story, tax=False) == 15833  # (1900 - 316.67) x 10 %
        assert self.vera(story, shipping=True) == 22000
        assert self.vera(story, discount=True) == 20000  # of 2,000.00
        # (1900 - 316.67) x 2000 / 1900 x 10 %: tax keeps its part
        assert self.vera(story, discount=True, tax=False) == 16667
        assert self.vera(story, discount=True, tax=False, shipping=True) == 19667

    def test_before_the_discount_refunds_and_bonuses_still_take_their_part(
        self, story: Story
    ) -> None:
        story.say("terms:1", "base", {"discount": True})
        line = lamp(amount=None, price=100000, discount=10000)
        half = Refund(id="r", amount=95000)
        order = folded(State.AGREED, line, bonus_spend=19000, refunds=(half,))
        share = story.deal(placed(order)).shares[0]
        assert share.amount == 9000  # 2000 x 9/10 x 1/2 x 10 %
        assert (share.why["undiscounted"], share.why["bonus"]) == (200000, 19000)

    def test_without_a_price_the_discount_is_added_to_the_amount(self, story: Story) -> None:
        story.say("terms:1", "base", {"discount": True})
        order = folded(State.AGREED, lamp(amount=90000, discount=10000))
        assert paid(story.deal(placed(order)))[VERA] == 10000

    def test_what_was_given_away_free_earns_nothing(self, story: Story) -> None:
        story.say("terms:1", "base", {"discount": True})
        free = lamp(amount=None, price=100000, discount=200000)
        assert story.deal(placed(folded(State.AGREED, free))).reason == "nothing_left"


class TestBuyersGroup:
    def test_the_terms_levels_for_the_buyers_group_come_first(self, story: Story) -> None:
        story.say("terms:1", "levels_by_buyer", {"retail": ["12%"], "wholesale": ["2%", "1%"]})
        retail = folded(State.AGREED, customer=RETAIL)
        found = story.deal(placed(retail))
        assert paid(found) == {VERA: 12000, BORIS: 5000, ANNA: 1000}
        assert found.shares[0].why["buyer_group"] == "Retail"
        big = folded(State.AGREED, customer=replace(RETAIL, group=" WholeSale "))
        assert paid(story.deal(placed(big))) == {VERA: 2000, BORIS: 1000, ANNA: 1000}
        assert paid(story.deal(placed(folded(State.AGREED)))) == EVERYBODY

    def test_the_partner_groups_stand_above_those_of_the_terms(self, story: Story) -> None:
        story.say("terms:1", "levels_by_buyer", {"retail": ["12%"]}).say("partner:3", "group", 5)
        story.say("group:5", "levels", ["7%"])
        order = placed(folded(State.AGREED, customer=RETAIL))
        assert paid(story.deal(order))[VERA] == 7000
        story.say("group:5", "levels_by_buyer", {"retail": [None]})
        assert paid(story.deal(order))[VERA] == 7000
        story.now_only("group:5", "levels_by_buyer", {"retail": ["3%"]})
        assert paid(story.deal(order))[VERA] == 3000

    def test_products_stand_above_and_no_level_is_added(self, story: Story) -> None:
        four = ["1%", "1%", "1%", "9%"]
        story.say("terms:1", "levels_by_buyer", {"retail": four})
        story.say("product:10", "levels", ["20%"])
        order = folded(State.AGREED, lamp(product="lamp-1"), customer=RETAIL)
        assert paid(story.deal(placed(order))) == {VERA: 20000, BORIS: 1000, ANNA: 1000}

    def test_the_group_is_that_of_the_oldest_message_that_names_one(self, story: Story) -> None:
        said = [
            Snapshot(
                status="word",
                currency="RUB",
                created_at=NOON,
                updated_at=NOON + timedelta(hours=hour),
                lines=(lamp(),),
                customer=Customer(id="77", group=group),
            )
            for hour, group in enumerate((None, "retail", "wholesale", None))
        ]
        for order in permutations(said):
            fold = None
            for snapshot in order:
                fold = absorb(fold, Message(snapshot, received_at=NOON, state=State.AGREED))
            assert fold is not None
            assert fold.buyer_group == "retail"


class TestCampaigns:
    def test_it_stands_between_the_card_and_the_product(self, story: Story) -> None:
        story.say("product:10", "levels", ["14%"])
        story.say("campaign:1", "offer", campaign(["20%", None]))
        order = placed(folded(State.AGREED, lamp(product="lamp-1")))
        found = story.deal(order)
        assert paid(found) == {VERA: 20000, BORIS: 5000, ANNA: 1000}
        assert found.shares[0].why["owner"] == "campaign:1"
        story.say("partner:3", "levels", ["3%"])
        assert paid(story.deal(order))[VERA] == 3000

    def test_it_begins_and_ends_by_itself_the_end_outside(self, story: Story) -> None:
        edges = {"from": "2026-11-20T21:00:00+00:00", "to": "2026-11-22T21:00:00+00:00"}
        story.say("campaign:1", "offer", campaign(["20%"], **edges))  # two days of Moscow
        moment = timedelta(microseconds=1)
        for at, sum_ in (
            (NOON - 2 * DAY + timedelta(hours=9) - moment, 10000),
            (NOON - 2 * DAY + timedelta(hours=9), 20000),
            (NOON + timedelta(hours=9) - moment, 20000),
            (NOON + timedelta(hours=9), 10000),
        ):
            assert paid(story.deal(placed(folded(State.AGREED, created_at=at))))[VERA] == sum_

    @pytest.mark.parametrize(
        ("scope", "lines"),
        [
            ({"products": [10]}, {"1": 20000, "2": 10000}),
            ({"categories": [21]}, {"1": 20000, "2": 10000}),
            ({"products": [11], "categories": [21]}, {"1": 10000, "2": 10000}),
            ({"partners": [VERA]}, {"1": 20000, "2": 20000}),
            ({"partners": [BORIS]}, {"1": 10000, "2": 10000}),
            ({"groups": [5]}, {"1": 20000, "2": 20000}),
            ({"groups": [6]}, {"1": 10000, "2": 10000}),
            ({"groups": [5], "products": [11]}, {"1": 10000, "2": 20000}),
        ],
    )
    def test_its_scopes_narrow_it(
        self, story: Story, scope: dict[str, list[int]], lines: dict[str, int]
    ) -> None:
        story.say("partner:3", "group", 5).say("category:20", "parent", 21)
        story.say("campaign:1", "offer", campaign(["20%"], **scope))
        order = folded(
            State.AGREED,
            lamp("1", product="lamp-1", category="lamps"),
            lamp("2", product="book-1"),
        )
        found = story.deal(placed(order))
        assert {s.line: s.amount for s in found.shares if s.level == 1} == lines

    def test_of_two_the_one_that_began_last_decides(self, story: Story) -> None:
        story.say("campaign:1", "offer", campaign(["20%"]))
        earlier = {"from": (NOON - 2 * DAY).isoformat()}
        story.say("campaign:2", "offer", campaign(["30%"], **earlier))
        story.say("campaign:3", "offer", campaign([None, "8%"]))
        assert paid(story.deal(placed(folded(State.AGREED)))) == {
            VERA: 20000,
            BORIS: 8000,
            ANNA: 1000,
        }

    def test_an_order_keeps_the_campaign_of_its_time(self, story: Story) -> None:
        story.say("campaign:1", "offer", campaign(["20%"]), since=NOON - DAY)
        ended = campaign(["20%"], to=(NOON + timedelta(hours=1)).isoformat())
        story.say("campaign:1", "offer", ended, since=NOON + timedelta(hours=1))
        assert paid(story.deal(placed(folded(State.AGREED))))[VERA] == 20000
        later = folded(State.AGREED, created_at=NOON + timedelta(hours=2))
        assert paid(story.deal(placed(later)))[VERA] == 10000

    def test_its_fixed_sum_is_once_per_order_over_the_lines_it_covers(self, story: Story) -> None:
        story.say("campaign:1", "offer", campaign(["60.00"], products=[10]))
        order = folded(
            State.AGREED,
            lamp("1", 10000, product="lamp-1"),
            lamp("2", 20000, product="lamp-1"),
            lamp("3", 10000),
        )
        found = story.deal(placed(order))
        assert [s.amount for s in found.shares if s.level == 1] == [2000, 4000, 1000]


class TestCashback:
    @pytest.fixture
    def vera_buys(self, story: Story) -> Story:
        story.identities[VERA] = Identity(emails=frozenset({"gleb@example.org"}))
        return story.say("merchant", "cashback", value=True).say("terms:1", "cashback_rate", "3%")

    def test_the_buyer_earns_it_and_her_sponsors_from_level_one(self, vera_buys: Story) -> None:
        found = vera_buys.deal(placed(folded(State.AGREED)))
        assert [(s.level, s.partner_id, s.amount) for s in found.shares] == [
            (0, VERA, 3000),
            (1, BORIS, 10000),
            (2, ANNA, 5000),
        ]

    def test_it_needs_no_claim(self, vera_buys: Story) -> None:
        bare = replace(placed(folded(State.AGREED)), claims=())
        found = vera_buys.deal(bare)
        assert paid(found) == {VERA: 3000, BORIS: 10000, ANNA: 5000}
        assert found.verdict.winner is not None
        assert found.verdict.winner.kind is Kind.OWN

    def test_another_partners_code_wins_and_his_click_does_not(self, vera_buys: Story) -> None:
        typed = vera_buys.deal(placed(folded(State.AGREED), code(ANNA)))
        assert paid(typed) == {ANNA: 10000}
        click = Claim(Kind.CLICK, "ck", ANNA, NOON - DAY)
        clicked = vera_buys.deal(placed(folded(State.AGREED), click))
        assert paid(clicked) == {VERA: 3000, BORIS: 10000, ANNA: 5000}

    def test_nobody_is_bound_to_herself(self, vera_buys: Story) -> None:
        own = placed(folded(State.AGREED))
        assert vera_buys.settle(own).attribution.binding is None

    def test_off_her_claim_is_lost_and_her_sponsors_stands(self, vera_buys: Story) -> None:
        vera_buys.now_only("merchant", "cashback", value=False)
        click = Claim(Kind.CLICK, "ck", BORIS, NOON - DAY)
        found = vera_buys.deal(placed(folded(State.AGREED), code(VERA), click))
        assert paid(found) == {BORIS: 10000, ANNA: 5000}
        assert found.verdict.outcomes[0].reason is Reason.SELF_REFERRAL

    def test_a_blocked_buyer_earns_none_and_without_a_rate_only_sponsors_earn(
        self, vera_buys: Story
    ) -> None:
        vera_buys.now_only("terms:1", "cashback_rate", None)
        found = vera_buys.deal(placed(folded(State.AGREED)))
        assert paid(found) == {BORIS: 10000, ANNA: 5000}
        assert Note("no_cashback_rate", level=0, partner_id=VERA) in found.notes
        vera_buys.say("partner:3", "status", "blocked", since=NOON - DAY)
        assert vera_buys.deal(placed(folded(State.AGREED))).partner_id is None

    def test_a_fixed_cashback_is_once_per_order(self, vera_buys: Story) -> None:
        vera_buys.now_only("terms:1", "cashback_rate", "50.00")
        order = folded(State.AGREED, lamp("1", 10000), lamp("2", 30000))
        found = vera_buys.deal(placed(order))
        assert [s.amount for s in found.shares if s.level == 0] == [1250, 3750]


class TestCompression:
    def test_off_a_blocked_sponsor_forfeits_and_on_the_next_takes_the_level(
        self, story: Story
    ) -> None:
        story.say("partner:2", "status", "blocked", since=NOON - DAY)
        order = placed(folded(State.AGREED))
        assert paid(story.deal(order)) == {VERA: 10000, ANNA: 1000}
        story.say("merchant", "compression", value=True)
        found = story.deal(order)
        assert paid(found) == {VERA: 10000, ANNA: 5000}
        assert found.notes == (Note("compressed", partner_id=BORIS),)

    def test_a_long_chain_of_blocked_ones_is_climbed(self, story: Story) -> None:
        story.say("merchant", "compression", value=True)
        story.edges = [Edge(n, n + 1, FOUNDED) for n in range(VERA, 2000)]
        story.say("partner:2000", "status", "active")
        assert paid(story.deal(placed(folded(State.AGREED)))) == {VERA: 10000, 2000: 5000}


class TestTermsByTime:
    def test_own_terms_above_the_groups_above_the_base(self, story: Story) -> None:
        for number, rate in ((2, "20%"), (3, "30%")):
            story.say(f"terms:{number}", "levels", [rate]).say(f"terms:{number}", "label", "T")
        story.say("partner:3", "group", 5).say("group:5", "terms", 2)
        order = placed(folded(State.AGREED))
        assert paid(story.deal(order)) == {VERA: 20000}
        story.say("partner:3", "terms", 3)
        assert paid(story.deal(order)) == {VERA: 30000}
        story.now_only("partner:3", "terms", 1)
        assert paid(story.deal(order)) == EVERYBODY

    def test_a_set_that_has_not_begun_or_is_over_counts_as_not_said(self, story: Story) -> None:
        story.say("terms:2", "levels", ["20%"]).say("partner:3", "terms", 2)
        story.say("terms:2", "starts", NOON.isoformat())
        story.say("terms:2", "ends", (NOON + DAY).isoformat())
        for at, sum_ in ((NOON - timedelta(seconds=1), 10000), (NOON, 20000), (NOON + DAY, 10000)):
            assert paid(story.deal(placed(folded(State.AGREED, created_at=at))))[VERA] == sum_


@settings(max_examples=50, deadline=None)
@given(
    switches=st.fixed_dictionaries(
        {
            "promotional": st.booleans(),
            "foreign_coupons": st.booleans(),
            "first_orders": st.sampled_from([None, 1, 2]),
            "cashback": st.booleans(),
            "compression": st.booleans(),
            "cap_order": st.sampled_from([None, 0, 12000]),
            "cap_customer": st.sampled_from([None, 20000]),
            "cap_partner": st.sampled_from([None, 15000]),
            "over_cap": st.sampled_from(["rest", "nothing"]),
        }
    ),
    said=st.lists(
        st.tuples(
            st.sampled_from(State),
            st.integers(-3, 0),
            st.booleans(),
            st.sampled_from([(), ("SPRING",)]),
            st.sampled_from([VERA, BORIS]),
        ),
        min_size=1,
        max_size=4,
    ),
    data=st.data(),
)
def test_whatever_is_switched_on_the_order_of_orders_plays_no_part(
    switches: dict[str, Any], said: list[tuple[Any, ...]], data: st.DataObject
) -> None:
    told = Story()
    for name, value in switches.items():
        told.say("merchant", name, value)
    told.say("terms:1", "hold_days", 0)
    orders = [
        placed(
            folded(state, lamp(promo=promo), created_at=NOON + day * DAY, coupons=coupons),
            code(partner),
            number=number,
        )
        for number, (state, day, promo, coupons, partner) in enumerate(said, start=1)
    ]
    assert told.settle(*data.draw(st.permutations(orders))) == told.settle(*orders)
