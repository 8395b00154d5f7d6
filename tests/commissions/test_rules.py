from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.attribution.rules import Binding, Buyer, Claim, Enrolment, Kind, Reason
from app.commissions.rules import (
    NOTHING_TAKEN,
    Bucket,
    Deal,
    DueResult,
    Key,
    Move,
    Movement,
    Nets,
    Note,
    OrderInput,
    Share,
    World,
    apply,
    difference,
    due,
    facts_from_rows,
    hold_end,
    netted,
    split_take,
    targets,
)
from app.orders.rules import (
    SHIPPING_LINE,
    Folded,
    Line,
    Message,
    Refund,
    RefundLine,
    Snapshot,
    State,
    absorb,
)
from app.partners.rules import Edge, Identity, tree_of

FOUNDED = datetime(2026, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MOSCOW = ZoneInfo("Europe/Moscow")
ANNA, BORIS, VERA = 1, 2, 3  # Anna sponsors Boris, Boris sponsors Vera
GLEB = Buyer(member_id=7, email="gleb@example.org")
QUICK = settings(max_examples=50)


@dataclass
class Story:
    """A merchant with three levels; facts are said as the office would, in JSON values."""

    said: dict[tuple[str, str], list[tuple[datetime, Any]]] = field(default_factory=dict)
    identities: dict[int, Identity] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)

    def say(self, owner: str, name: str, value: Any, since: datetime = FOUNDED) -> "Story":
        self.said.setdefault((owner, name), []).append((since, value))
        return self

    def world(self) -> World:
        rows = [(*key, *row) for key, found in self.said.items() for row in found]
        return World(
            zone=MOSCOW,
            currency="RUB",
            base_terms=1,
            facts=facts_from_rows(rows, "RUB"),
            products={"lamp-1": 10, "book-1": 11},
            categories={"lamps": 20, "light": 21},
            edges=tree_of(self.edges),
            identities=self.identities,
        )


@pytest.fixture
def story() -> Story:
    told = Story(edges=[Edge(BORIS, ANNA, FOUNDED), Edge(VERA, BORIS, FOUNDED)])
    told.say("terms:1", "label", "Base terms v1").say("terms:1", "levels", ["10%", "5%", "1%"])
    for partner in (ANNA, BORIS, VERA):
        told.say(f"partner:{partner}", "status", "active")
    return told


def lamp(name: str = "1", amount: int = 100000, **more: Any) -> Line:
    said: dict[str, Any] = {"id": name, "quantity": Decimal(2), "amount": amount}
    return Line(**(said | more))


def folded(state: State | None, *lines: Line, **more: Any) -> Folded:
    said: dict[str, Any] = {
        "status": "word",
        "currency": "RUB",
        "created_at": NOON,
        "updated_at": NOON,
        "lines": lines or (lamp(),),
    }
    return absorb(None, Message(Snapshot(**(said | more)), received_at=NOON, state=state))


def code(partner: int) -> Claim:
    return Claim(Kind.PARTNER_CODE, f"code{partner}", partner)


def placed(order: Folded, *claims: Claim, number: int = 1, buyer: Buyer = GLEB) -> OrderInput:
    return OrderInput(number, order, buyer, claims or (code(VERA),))


def settle(story: Story, *orders: OrderInput, now: datetime = NOON, **more: Any) -> DueResult:
    return due(orders, story.world(), NOTHING_TAKEN, now, **more)


def deal(story: Story, order: OrderInput, now: datetime = NOON) -> Deal:
    return settle(story, order, now=now).deals[0]


def paid(found: Deal) -> dict[int, int]:
    """Sums by partner."""
    sums: dict[int, int] = {}
    for share in found.shares:
        sums[share.partner_id] = sums.get(share.partner_id, 0) + share.amount
    return sums


class TestStatesAndHold:
    @pytest.mark.parametrize(
        ("state", "bucket"),
        [
            (None, Bucket.EXPECTED),
            (State.REGISTERED, Bucket.EXPECTED),
            (State.AGREED, Bucket.PENDING),
            (State.COMPLETED, Bucket.PENDING),
        ],
    )
    def test_the_state_says_the_bucket(
        self, story: Story, state: State | None, bucket: Bucket
    ) -> None:
        found = deal(story, placed(folded(state)))
        assert found.bucket is bucket
        assert {share.bucket for share in found.shares} == {bucket}
        assert paid(found) == {VERA: 10000, BORIS: 5000, ANNA: 1000}
        assert found.commission == 16000
        assert found.reason is None

    @pytest.mark.parametrize("state", [State.CANCELLED, State.REFUNDED])
    def test_cancelled_and_refunded_earn_nothing_and_keep_their_partner(
        self, story: Story, state: State
    ) -> None:
        found = deal(story, placed(folded(state)))
        assert (found.commission, found.reason, found.bucket) == (0, state.value, None)
        assert {(s.amount, s.bucket) for s in found.shares} == {(0, Bucket.TAKEN_BACK)}
        assert found.partner_id == VERA
        assert found.terms_label == "Base terms v1"

    def test_after_the_hold_the_commission_is_available(self, story: Story) -> None:
        order = placed(folded(State.COMPLETED))
        assert deal(story, order).available_at == NOON + 14 * DAY
        just_before = NOON + 14 * DAY - timedelta(microseconds=1)
        assert deal(story, order, now=just_before).bucket is Bucket.PENDING
        assert deal(story, order, now=NOON + 14 * DAY).bucket is Bucket.AVAILABLE

    def test_without_a_hold_completed_is_available_at_once(self, story: Story) -> None:
        story.say("terms:1", "hold_days", 0)
        found = deal(story, placed(folded(State.COMPLETED)))
        assert (found.bucket, found.available_at) == (Bucket.AVAILABLE, NOON)

    def test_terms_without_a_hold_of_their_own_take_the_merchants(self, story: Story) -> None:
        story.say("terms:1", "hold_days", None).say("merchant", "hold_days", 3)
        assert deal(story, placed(folded(State.COMPLETED))).available_at == NOON + 3 * DAY

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            ("2026-03-22T10:00+01:00", "2026-03-29T10:00+02:00"),  # the clock goes forward
            ("2026-10-18T10:00+02:00", "2026-10-25T10:00+01:00"),  # and back
            ("2026-03-22T02:30+01:00", "2026-03-29T03:30+02:00"),  # a time that is skipped
            ("2026-10-18T02:30+02:00", "2026-10-25T02:30+02:00"),  # a time that comes twice
        ],
    )
    def test_the_hold_ends_at_the_same_local_time(self, start: str, end: str) -> None:
        began = datetime.fromisoformat(start).astimezone(UTC)
        ended = hold_end(began, 7, ZoneInfo("Europe/Berlin"))
        assert ended == datetime.fromisoformat(end)
        assert ended.tzinfo is UTC


class TestWhoEarns:
    def test_without_a_partner_there_is_a_reason(self, story: Story) -> None:
        nobody = OrderInput(1, folded(State.AGREED), GLEB, ())
        found = deal(story, nobody)
        assert (found.partner_id, found.reason, found.shares) == (None, "no_claim", ())
        lost = deal(story, placed(folded(State.AGREED), code(99)))
        assert lost.reason == Reason.INACTIVE.value

    def test_levels_are_as_many_as_the_terms_of_the_winner_have(self, story: Story) -> None:
        story.say("terms:1", "levels", ["10%", "5%"], since=FOUNDED + DAY)
        assert paid(deal(story, placed(folded(State.AGREED)))) == {VERA: 10000, BORIS: 5000}

    def test_a_card_never_adds_levels_and_short_terms_end_a_sponsors_share(
        self, story: Story
    ) -> None:
        story.say("terms:2", "levels", ["20%"]).say("partner:2", "terms", 2)
        story.say("partner:2", "levels", ["1%", "30%"])
        found = deal(story, placed(folded(State.AGREED)))
        assert paid(found) == {VERA: 10000, ANNA: 1000}
        assert found.notes == (Note("no_such_level", level=2, partner_id=BORIS),)

    def test_a_blocked_sponsor_forfeits_and_those_above_keep_their_level(
        self, story: Story
    ) -> None:
        story.say("partner:2", "status", "blocked", since=NOON - DAY)
        found = deal(story, placed(folded(State.AGREED)))
        assert paid(found) == {VERA: 10000, ANNA: 1000}
        assert found.notes == (Note("blocked", level=2, partner_id=BORIS),)

    def test_who_is_blocked_after_the_order_still_earns(self, story: Story) -> None:
        story.say("partner:3", "status", "blocked", since=NOON + DAY)
        assert paid(deal(story, placed(folded(State.AGREED)), now=NOON + 9 * DAY))[VERA] == 10000

    def test_a_sponsor_not_yet_approved_forfeits_too(self, story: Story) -> None:
        story.said["partner:1", "status"] = [(FOUNDED, "pending")]
        note = Note("inactive", level=3, partner_id=ANNA)
        assert deal(story, placed(folded(State.AGREED))).notes == (note,)

    def test_the_buyer_earns_nothing_from_her_own_purchase_at_any_level(self, story: Story) -> None:
        story.identities[BORIS] = Identity(emails=frozenset({"gleb@example.org"}))
        found = deal(story, placed(folded(State.AGREED)))
        assert paid(found) == {VERA: 10000, ANNA: 1000}
        assert found.notes == (Note("self_referral", level=2, partner_id=BORIS),)

    def test_past_orders_keep_their_upline(self, story: Story) -> None:
        story.edges = [Edge(VERA, BORIS, FOUNDED, NOON), Edge(VERA, ANNA, NOON)]
        assert paid(deal(story, placed(folded(State.AGREED)))) == {VERA: 10000, ANNA: 5000}
        past = placed(folded(State.AGREED, created_at=NOON - DAY))
        assert paid(deal(story, past)) == {VERA: 10000, BORIS: 5000}

    def test_the_customers_earliest_order_decides_the_later_ones(self, story: Story) -> None:
        first = placed(folded(State.CANCELLED, created_at=NOON - DAY), code(ANNA), number=2)
        second = OrderInput(1, folded(State.AGREED), GLEB, ())
        found = settle(story, second, first)
        assert [one.order_id for one in found.deals] == [2, 1]
        assert [one.partner_id for one in found.deals] == [ANNA, ANNA]
        assert found.attribution.binding == Binding(ANNA, NOON - DAY, "partner_code", order_id=2)
        assert {share.order_id for share in found.shares if share.amount} == {1}

    def test_enrolments_and_nobodies_are_passed_on(self, story: Story) -> None:
        order = OrderInput(1, folded(State.AGREED), GLEB, ())
        told = Enrolment(Claim(Kind.REF, "boris", BORIS, FOUNDED), FOUNDED, "registered", GLEB)
        assert settle(story, order, enrolments=[told]).deals[0].partner_id == BORIS
        assert settle(story, order, bindable=False).attribution.binding is None


class TestRates:
    def shares_of(self, story: Story, *lines: Line) -> dict[tuple[str, int], tuple[str, int]]:
        found = deal(story, placed(folded(State.AGREED, *lines)))
        return {(s.line, s.level): (s.why["owner"], s.amount) for s in found.shares}

    def test_each_strength_beats_the_next_and_falls_through_by_level(self, story: Story) -> None:
        line = lamp(product="lamp-1", category="lamps")
        story.say("partner:3", "group", 5).say("group:5", "levels", ["11%"])
        assert self.shares_of(story, line)["1", 1] == ("group:5", 11000)
        story.say("category:21", "levels", ["12%"]).say("category:20", "parent", 21)
        assert self.shares_of(story, line)["1", 1] == ("category:21", 12000)
        story.say("category:20", "levels", ["13%", "6%"])
        story.say("product:10", "levels", ["14%"])
        assert self.shares_of(story, line) == {
            ("1", 1): ("product:10", 14000),
            ("1", 2): ("category:20", 6000),
            ("1", 3): ("terms:1", 1000),
        }
        story.say("partner:3", "levels", ["0%"])
        assert self.shares_of(story, line)["1", 1] == ("partner:3", 0)

    def test_the_category_is_the_messages_else_the_catalogues(self, story: Story) -> None:
        story.say("product:10", "category", 21).say("category:21", "levels", ["20%"])
        story.say("category:20", "levels", ["30%"])
        assert self.shares_of(story, lamp(product="lamp-1"))["1", 1] == ("category:21", 20000)
        said = lamp(product="lamp-1", category="lamps")
        assert self.shares_of(story, said)["1", 1] == ("category:20", 30000)
        strange = lamp(product="lamp-1", category="unheard-of")
        assert self.shares_of(story, strange)["1", 1] == ("terms:1", 10000)

    def test_categories_in_a_circle_end_the_walk(self, story: Story) -> None:
        story.say("category:20", "parent", 21).say("category:21", "parent", 20)
        assert self.shares_of(story, lamp(category="lamps"))["1", 1] == ("terms:1", 10000)

    def test_rates_are_those_of_the_orders_time(self, story: Story) -> None:
        story.say("terms:1", "levels", ["50%"], since=NOON + DAY)
        assert self.shares_of(story, lamp())["1", 1] == ("terms:1", 10000)

    def test_a_sponsors_own_card_counts_at_her_level(self, story: Story) -> None:
        story.say("partner:2", "levels", ["90%", "7%"])
        assert self.shares_of(story, lamp())["1", 2] == ("partner:2", 7000)

    def test_a_fixed_sum_of_a_product_is_per_unit_and_shrinks_with_refunds(
        self, story: Story
    ) -> None:
        story.say("product:10", "levels", ["50.00"])
        line = lamp(product="lamp-1")
        assert self.shares_of(story, line)["1", 1] == ("product:10", 10000)
        half = Refund(id="r", lines=(RefundLine(line="1", amount=50000),))
        found = deal(story, placed(folded(State.AGREED, line, refunds=(half,))))
        assert paid(found)[VERA] == 5000

    def test_a_fixed_sum_of_terms_is_once_per_order_and_divided_by_base(self, story: Story) -> None:
        story.said["terms:1", "levels"] = [(FOUNDED, ["100.00"])]
        story.say("product:10", "levels", ["1%"])
        lines = (lamp("1", 1000, product="lamp-1"), lamp("2", 10000), lamp("3", 20000))
        assert self.shares_of(story, *lines) == {
            ("1", 1): ("product:10", 10),
            ("2", 1): ("terms:1", 3333),
            ("3", 1): ("terms:1", 6667),
        }

    def test_a_fixed_sum_once_per_order_shrinks_with_refunds_of_its_lines(
        self, story: Story
    ) -> None:
        story.said["terms:1", "levels"] = [(FOUNDED, ["100.00"])]
        back = Refund(id="r", lines=(RefundLine(line="3", amount=20000),))
        order = folded(State.AGREED, lamp("2", 10000), lamp("3", 20000), refunds=(back,))
        found = deal(story, placed(order))
        assert [share.amount for share in found.shares] == [3333, 0]
        assert found.shares[0].why["order_total"] == 3333

    def test_a_fixed_sum_over_nothing_is_nothing(self, story: Story) -> None:
        story.said["terms:1", "levels"] = [(FOUNDED, ["100.00"])]
        found = deal(story, placed(folded(State.AGREED, lamp(amount=0))))
        assert (found.commission, found.reason) == (0, "nothing_left")

    def test_shares_never_exceed_the_line_and_the_highest_level_is_cut_first(
        self, story: Story
    ) -> None:
        story.said["terms:1", "levels"] = [(FOUNDED, ["60%", "30%", "20%"])]
        found = deal(story, placed(folded(State.AGREED, lamp(amount=1000))))
        assert [share.amount for share in found.shares] == [600, 300, 100]
        assert [share.why["cut"] for share in found.shares] == [0, 0, 100]
        assert found.shares[2].why["cut_reason"] == "above_base"
        assert "cut_reason" not in found.shares[1].why


class TestWhatCounts:
    def test_a_product_that_does_not_take_part_earns_nothing(self, story: Story) -> None:
        story.say("product:10", "takes_part", value=False)
        lines = (lamp("1", product="lamp-1"), lamp("2", product="book-1"))
        found = deal(story, placed(folded(State.AGREED, *lines)))
        assert {share.line for share in found.shares} == {"2"}
        assert found.notes == (Note("not_participating", line="1"),)
        alone = deal(story, placed(folded(State.AGREED, lines[0])))
        assert alone.reason == "not_participating"
        assert alone.partner_id == VERA

    def test_an_order_without_lines_or_rates_says_so(self, story: Story) -> None:
        empty = placed(folded(State.AGREED, lines=()))
        assert deal(story, empty).reason == "no_lines"
        story.said["terms:1", "levels"] = [(FOUNDED, ["0%"])]
        assert deal(story, placed(folded(State.AGREED))).reason == "rate_is_zero"
        story.said["terms:1", "levels"] = [(FOUNDED, [None])]
        assert deal(story, placed(folded(State.AGREED))).reason == "no_rate"
        story.said["terms:1", "levels"] = [(FOUNDED, [])]
        assert deal(story, placed(folded(State.AGREED))).reason == "no_rate"

    def test_shipping_in_the_base_earns_as_a_line_without_product(self, story: Story) -> None:
        base = {"shipping": True, "tax": True, "bonus": False}
        story.say("terms:1", "base", base).say("product:10", "levels", ["20%"])
        order = folded(State.AGREED, lamp(product="lamp-1"), shipping=30000)
        found = deal(story, placed(order))
        first = {share.line: share.amount for share in found.shares if share.level == 1}
        assert first == {"1": 20000, SHIPPING_LINE: 3000}

    def test_the_base_of_the_terms_decides_on_tax(self, story: Story) -> None:
        story.say("terms:1", "base", {"tax": False})
        found = deal(story, placed(folded(State.AGREED, lamp(tax=20000))))
        assert paid(found)[VERA] == 8000

    def test_the_explanation_makes_the_amount_again(self, story: Story) -> None:
        back = Refund(id="r", amount=145000)
        order = folded(
            State.AGREED, lamp(amount=190000, tax=31667), bonus_spend=20000, refunds=(back,)
        )
        share = deal(story, placed(order)).shares[0]
        assert share.why == {
            "source": "terms",
            "owner": "terms:1",
            "rate": "10%",
            "terms": "Base terms v1",
            "value": 190000,
            "quantity": "2",
            "tax": 0,
            "bonus": 20000,
            "refunded": 145000,
            "kept": "9/38",
            "base": 40263,
            "base_exact": "765000/19",
            "rounding": "half_up",
            "cut": 0,
        }
        assert share.amount == 4026 == round(Fraction(share.why["base_exact"]) / 10)


class TestSettings:
    def test_the_merchants_word_on_attribution_is_read_as_of_the_order(self, story: Story) -> None:
        old = Claim(Kind.CLICK, "ck", VERA, NOON - 31 * DAY)
        order = placed(folded(State.AGREED), old)
        assert deal(story, order).partner_id == VERA
        story.say("merchant", "window_days", 30)
        assert deal(story, order).reason == "outside_window"
        story.say("terms:1", "window_days", 31)
        assert deal(story, order).partner_id == VERA


def share_of(level: int, amount: int, bucket: Bucket, partner: int = ANNA) -> Share:
    return Share(1, "1", level, partner, amount, bucket, {})


FIRST = Key(1, "1", 1, ANNA)


class TestTheDifference:
    @pytest.mark.parametrize(
        ("booked", "bucket", "amount", "moves"),
        [
            ((0, 0), Bucket.EXPECTED, 100, []),
            ((0, 0), Bucket.PENDING, 0, []),
            ((0, 0), Bucket.PENDING, 100, [(Move.ACCRUE_PENDING, 100)]),
            ((0, 0), Bucket.AVAILABLE, 100, [(Move.ACCRUE_AVAILABLE, 100)]),
            ((100, 0), Bucket.PENDING, 100, []),
            ((100, 0), Bucket.AVAILABLE, 100, [(Move.RELEASE, 100)]),
            ((100, 0), Bucket.AVAILABLE, 70, [(Move.RELEASE, 70), (Move.REVERSE, 30)]),
            ((70, 0), Bucket.AVAILABLE, 100, [(Move.RELEASE, 70), (Move.ACCRUE_AVAILABLE, 30)]),
            ((100, 0), Bucket.EXPECTED, 100, [(Move.REVERSE, 100)]),
            ((0, 100), Bucket.AVAILABLE, 60, [(Move.TAKE_BACK, 40)]),
            ((0, 100), Bucket.PENDING, 100, [(Move.RETURN, 100)]),
            ((0, 100), Bucket.PENDING, 60, [(Move.RETURN, 60), (Move.TAKE_BACK, 40)]),
            ((0, 60), Bucket.PENDING, 100, [(Move.ACCRUE_PENDING, 40), (Move.RETURN, 60)]),
        ],
    )
    def test_booked_becomes_due_by_the_fewest_movements(
        self, booked: tuple[int, int], bucket: Bucket, amount: int, moves: list[tuple[Move, int]]
    ) -> None:
        found = difference([share_of(1, amount, bucket)], {FIRST: Nets(*booked)})
        assert [(movement.move, movement.amount) for movement in found] == moves

    def test_a_change_of_winner_gives_before_it_takes(self) -> None:
        booked = {FIRST: Nets(settled=100), Key(1, "1", 2, VERA): Nets(pending=5)}
        found = difference([share_of(1, 100, Bucket.AVAILABLE, BORIS)], booked)
        assert found == (
            Movement(Move.ACCRUE_AVAILABLE, Key(1, "1", 1, BORIS), 100),
            Movement(Move.REVERSE, Key(1, "1", 2, VERA), 5),
            Movement(Move.TAKE_BACK, FIRST, 100),
        )

    def test_a_plus_on_one_line_and_a_minus_on_another_are_told_as_one_change(self) -> None:
        booked = {Key(1, "1", 1, BORIS): Nets(pending=300), Key(1, "2", 1, BORIS): Nets(pending=40)}
        wanted = [
            Share(1, "1", 1, BORIS, 490, Bucket.PENDING, {}),
            Share(1, "2", 1, BORIS, 33, Bucket.PENDING, {}),
            Share(1, "2", 2, VERA, 5, Bucket.PENDING, {}),
        ]
        told = netted(difference(wanted, booked))
        assert set(told) == {
            Movement(Move.ACCRUE_PENDING, Key(1, "", 1, BORIS), 183),
            Movement(Move.ACCRUE_PENDING, Key(1, "", 2, VERA), 5),
        }
        ripe = [Share(1, "1", 1, BORIS, 310, Bucket.AVAILABLE, {})]
        assert set(netted(difference(ripe, booked))) == {
            Movement(Move.RELEASE, Key(1, "", 1, BORIS), 310),
            Movement(Move.REVERSE, Key(1, "", 1, BORIS), 30),
        }

    def test_what_is_taken_back_comes_from_available_and_the_rest_is_debt(self) -> None:
        assert split_take(100, 250) == (100, 0)
        assert split_take(100, 30) == (30, 70)
        assert split_take(100, 0) == (0, 100)


keys = st.builds(Key, st.just(1), st.sampled_from("12"), st.integers(1, 3), st.integers(1, 3))
nets = st.builds(Nets, st.integers(0, 50), st.integers(0, 50))
shares = st.dictionaries(
    keys, st.tuples(st.integers(0, 50), st.sampled_from(Bucket)), max_size=6
).map(lambda found: [Share(*key, amount, bucket, {}) for key, (amount, bucket) in found.items()])


@QUICK
@given(shares, st.dictionaries(keys, nets, max_size=6))
def test_the_difference_turns_booked_into_due_and_a_replay_moves_nothing(
    wanted: list[Share], booked: Mapping[Key, Nets]
) -> None:
    movements = difference(wanted, booked)
    after = apply(movements, booked)
    assert after == targets(wanted)
    assert difference(wanted, after) == ()
    assert all(movement.amount > 0 for movement in movements)


rates = st.one_of(
    st.none(),
    st.integers(0, 100).map(lambda number: f"{number}%"),
    st.integers(0, 900).map(lambda number: f"{number}.00"),
)
levels = st.lists(rates, min_size=1, max_size=3)


@QUICK
@given(
    terms=levels,
    product=levels,
    card=levels,
    amounts=st.lists(st.integers(0, 90000), min_size=1, max_size=3),
    given_back=st.integers(0, 100),
    bonus=st.integers(0, 30000),
)
def test_shares_of_a_line_never_exceed_its_base_and_never_fall_below_zero(
    terms: list[str | None],
    product: list[str | None],
    card: list[str | None],
    amounts: list[int],
    given_back: int,
    bonus: int,
) -> None:
    told = Story(edges=[Edge(BORIS, ANNA, FOUNDED), Edge(VERA, BORIS, FOUNDED)])
    told.say("terms:1", "levels", terms).say("product:10", "levels", product)
    told.say("partner:2", "levels", card)
    for partner in (ANNA, BORIS, VERA):
        told.say(f"partner:{partner}", "status", "active")
    lines = tuple(lamp(str(i), amount, product="lamp-1") for i, amount in enumerate(amounts))
    back = Refund(id="r", amount=sum(amounts) * given_back // 100)
    order = folded(State.AGREED, *lines, refunds=(back,), bonus_spend=bonus)
    found = deal(told, placed(order))
    for line in lines:
        own = [share for share in found.shares if share.line == line.id]
        assert all(share.amount >= 0 for share in own)
        if own:
            assert sum(share.amount for share in own) <= Fraction(own[0].why["base_exact"])


def test_the_same_orders_in_any_order_are_due_the_same(story: Story) -> None:
    first = placed(folded(State.AGREED, created_at=NOON - DAY), code(BORIS), number=5)
    second = placed(folded(State.COMPLETED), code(VERA), number=4)
    third = OrderInput(6, folded(State.AGREED, created_at=NOON + DAY), GLEB, ())
    straight, back = settle(story, first, second, third), settle(story, third, second, first)
    assert straight == back


words = st.tuples(
    st.integers(1, 2),  # which order
    st.one_of(st.none(), st.sampled_from(State)),
    st.integers(0, 3),  # hours
    st.sampled_from([0, 30000, 90000]),  # given back
)


def message_of(word: tuple[int, State | None, int, int], received_at: datetime) -> Message:
    number, state, hours, given_back = word
    refunds = (Refund(id="r", amount=given_back),) if given_back else ()
    said = Snapshot(
        status="word",
        currency="RUB",
        created_at=NOON - number * DAY,
        updated_at=NOON + timedelta(hours=hours),
        lines=(lamp(),),
        refunds=refunds,
        click="ck" if hours == 1 else None,
    )
    return Message(said, received_at=received_at, state=state)


def read(told: list[tuple[int, State | None, int, int]], received_at: datetime) -> DueResult:
    """What a customer's orders earn after these messages; order 2 is the older, and Boris's."""
    folds: dict[int, Folded] = {}
    for word in told:
        folds[word[0]] = absorb(folds.get(word[0]), message_of(word, received_at))
    inputs = []
    for number, fold in folds.items():
        clicks = [Claim(Kind.CLICK, item.value, VERA) for item in fold.evidence]
        own = [code(BORIS)] if number == 2 else []
        inputs.append(OrderInput(number, fold, GLEB, (*own, *clicks)))
    story = Story(edges=[Edge(BORIS, ANNA, FOUNDED), Edge(VERA, BORIS, FOUNDED)])
    story.say("terms:1", "levels", ["10%", "50.00"])
    for partner in (ANNA, BORIS, VERA):
        story.say(f"partner:{partner}", "status", "active")
    return settle(story, *inputs, now=NOON + 15 * DAY)


@QUICK
@given(st.lists(words, min_size=1, max_size=5), st.data())
def test_any_permutation_with_duplicates_of_a_customers_messages_is_due_the_same(
    told: list[tuple[int, State | None, int, int]], data: st.DataObject
) -> None:
    doubled = [*told, *data.draw(st.lists(st.sampled_from(told), max_size=3))]
    shuffled = data.draw(st.permutations(doubled))
    assert read(shuffled, NOON + 9 * DAY) == read(told, NOON)
