import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.money import LARGEST, MoneyError, half_up, share
from app.orders.rules import (
    SHIPPING_LINE,
    BaseRule,
    Customer,
    Evidence,
    Folded,
    Line,
    LineFacts,
    Message,
    PartnerData,
    Problem,
    Refund,
    RefundLine,
    Snapshot,
    State,
    absorb,
    bases,
    body_hash,
    clamp_refunds,
    folded_from_json,
    folded_to_json,
    goods_total,
    line_value,
    mark_deleted,
    order_total,
    parse_quantity,
    problems,
    refunded,
    snapshot_from_json,
    snapshot_to_json,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
QUICK = settings(max_examples=50)
TENTH = Fraction(1, 10)


def lamp(**more: Any) -> Line:
    said: dict[str, Any] = {"id": "1", "quantity": Decimal(2), "price": 100000, "discount": 10000}
    return Line(**(said | more))


def order(*lines: Line, **more: Any) -> Snapshot:
    said: dict[str, Any] = {"status": "paid", "currency": "RUB", "created_at": NOON}
    return Snapshot(**(said | {"lines": lines or (lamp(),)} | more))


def by_line(name: str, part: str, amount: int | None = None, quantity: int | None = None) -> Refund:
    much = None if quantity is None else Decimal(quantity)
    return Refund(id=name, lines=(RefundLine(line=part, amount=amount, quantity=much),))


def by_sum(name: str, amount: int) -> Refund:
    return Refund(id=name, amount=amount)


def commission(snapshot: Snapshot, rule: BaseRule | None = None) -> int:
    return sum(share(line.base, TENTH) for line in bases(snapshot, rule or BaseRule()))


def message(state: State | None, hours: int = 0, **more: Any) -> Message:
    at = NOON + timedelta(hours=hours)
    said = order(**({"updated_at": at, "status": state or "odd"} | more))
    return Message(said, received_at=NOON + timedelta(days=1), state=state)


def fold(*messages: Message) -> Folded:
    folded = None
    for one in messages:
        folded = absorb(folded, one)
    assert folded is not None
    return folded


class TestTheWorkedFigures:
    """Those of the design: a line of 1900, 200 of it paid in bonuses, at ten percent."""

    paid = order(bonus_spend=20000)

    def test_the_part_paid_in_bonuses_earns_nothing(self) -> None:
        assert commission(self.paid) == 17000

    def test_half_the_line_given_back_halves_it(self) -> None:
        assert commission(replace(self.paid, refunds=(by_line("r1", "1", 95000),))) == 8500

    @pytest.mark.parametrize("shipping", [0, 30000])
    def test_a_refund_by_sum_after_it_goes_wholly_over_the_lines(self, shipping: int) -> None:
        refunds = (by_line("r1", "1", 95000), by_sum("r2", 50000))
        assert commission(replace(self.paid, refunds=refunds, shipping=shipping)) == 4026

    def test_without_tax_the_bonus_part_shrinks_with_it(self) -> None:
        taxed = order(lamp(tax=31667), bonus_spend=20000)
        assert commission(taxed, BaseRule(tax=False)) == 14167

    def test_a_naive_model_in_decimals_agrees(self) -> None:
        value, bonus, back = Decimal(190000), Decimal(20000), Decimal(145000)
        naive = (value - bonus) * (1 - back / value) / 10
        refunds = (by_line("r1", "1", 95000), by_sum("r2", 50000))
        assert half_up(naive) == commission(replace(self.paid, refunds=refunds))


class TestWorth:
    def test_a_line_is_worth_its_amount_else_price_by_quantity_less_discount(self) -> None:
        assert line_value(lamp()) == 190000
        assert line_value(lamp(amount=150000)) == 150000
        assert line_value(lamp(price=333, quantity=Decimal("0.5"), discount=0)) == 167
        assert line_value(lamp(price=None, discount=0)) == 0

    def test_an_order_is_worth_lines_shipping_and_fees(self) -> None:
        snapshot = order(lamp(), lamp(id="2", amount=500), shipping=300, fees=7)
        assert goods_total(snapshot) == 190500
        assert order_total(snapshot) == 190807

    def test_quantities_are_read_strictly(self) -> None:
        assert parse_quantity("0.350") == Decimal("0.35")
        for text in ("", "1e3", "-1", "1_0", "１", "1.1234567", "NaN", "1" * 13, ".5"):
            with pytest.raises(MoneyError):
                parse_quantity(text)


class TestBases:
    def test_quantity_speaks_where_a_refund_has_no_amount(self) -> None:
        thirds = order(
            lamp(amount=10000, quantity=Decimal(3)), refunds=(by_line("r", "1", None, 1),)
        )
        assert bases(thirds, BaseRule())[0].base == Fraction(20000, 3)

    def test_shipping_in_the_base_is_one_more_line_that_refunds_reach_last(self) -> None:
        sent = order(shipping=30000, fees=5000, refunds=(by_sum("r", 190000 + 10000),))
        goods, shipping = bases(sent, BaseRule(shipping=True))
        assert goods.base == 0
        assert shipping.base == 20000
        assert (shipping.line, shipping.product) == (SHIPPING_LINE, None)

    def test_free_shipping_in_the_base_is_worth_nothing(self) -> None:
        assert bases(order(), BaseRule(shipping=True))[1].base == 0

    def test_fees_are_given_back_last_of_all(self) -> None:
        sent = order(shipping=300, fees=50, refunds=(by_sum("r", 190330),))
        assert refunded(sent).shipping == 300
        assert refunded(sent).fees == 30

    def test_several_refunds_by_sum_are_spread_once_by_what_remains(self) -> None:
        lines = (lamp(amount=300), lamp(id="2", amount=100))
        refunds = (by_sum("a", 33), by_line("b", "1", 200), by_sum("c", 34))
        assert dict(refunded(order(*lines, refunds=refunds)).lines) == {"1": 234, "2": 33}

    def test_bonuses_may_count_and_never_make_the_base_negative(self) -> None:
        spent = order(bonus_spend=20000)
        assert bases(spent, BaseRule(bonus=True))[0].base == 190000
        assert bases(replace(spent, bonus_spend=999999), BaseRule())[0].base == 0

    def test_a_worthless_line_has_no_base(self) -> None:
        free = order(lamp(amount=0), refunds=(by_line("r", "1", None, 1),))
        assert bases(free, BaseRule())[0].base == 0
        assert bases(replace(free, lines=()), BaseRule()) == ()

    def test_tax_above_the_line_leaves_nothing(self) -> None:
        assert bases(order(lamp(tax=999999)), BaseRule(tax=False))[0].base == 0

    def test_what_checks_would_refuse_still_gives_a_base(self) -> None:
        odd = order(refunds=(by_line("a", "1", 999999), by_line("b", "9", 1), by_sum("c", 10**9)))
        assert bases(odd, BaseRule())[0].base == 0
        still = order(lamp(quantity=Decimal(0), amount=100), refunds=(by_line("r", "1", None, 1),))
        assert bases(still, BaseRule())[0].base == 100


class TestChecks:
    def test_a_sound_order_has_no_problems(self) -> None:
        assert problems(order(refunds=(by_line("a", "1", 95000), by_sum("b", 95000)))) == ()

    @pytest.mark.parametrize(
        ("line", "field", "code"),
        [
            (lamp(id=""), "lines.0.id", "required"),
            (lamp(quantity=Decimal(0)), "lines.0.quantity", "not_positive"),
            (lamp(price=None), "lines.0.price", "price_or_amount"),
            (lamp(price=-1, discount=0), "lines.0.price", "negative"),
            (lamp(discount=-1), "lines.0.discount", "negative"),
            (lamp(amount=-1), "lines.0.amount", "negative"),
            (lamp(tax=-1), "lines.0.tax", "negative"),
            (lamp(discount=200001), "lines.0.discount", "discount_above_line"),
            (lamp(tax=LARGEST + 1), "lines.0.amount", "too_large"),
            (lamp(quantity=Decimal(10**12), price=LARGEST), "lines.0.amount", "too_large"),
        ],
    )
    def test_each_fault_of_a_line_is_named_at_its_field(
        self, line: Line, field: str, code: str
    ) -> None:
        assert Problem(field, code) in problems(order(line))

    def test_faults_of_the_order_are_named(self) -> None:
        faulty = order(lamp(), lamp(), shipping=-1, fees=-1, bonus_spend=-1)
        assert {(found.field, found.code) for found in problems(faulty)} == {
            ("lines.1.id", "duplicate"),
            ("shipping", "negative"),
            ("fees", "negative"),
            ("bonus.spend", "negative"),
        }
        assert problems(order(shipping=LARGEST)) == (Problem("lines", "too_large"),)

    def test_faults_of_refunds_are_named(self) -> None:
        faulty = order(
            refunds=(
                Refund(id=""),
                by_sum("r", -1),
                by_sum("r", 1),
                by_line("x", "9", 1),
                by_line("y", "1"),
                by_line("z", "1", -1, -1),
            )
        )
        assert {(found.field, found.code) for found in problems(faulty)} == {
            ("refunds.0.id", "required"),
            ("refunds.0.amount", "lines_or_amount"),
            ("refunds.1.amount", "negative"),
            ("refunds.2.id", "duplicate"),
            ("refunds.3.lines.0.line", "unknown_line"),
            ("refunds.4.lines.0.amount", "quantity_or_amount"),
            ("refunds.5.lines.0.quantity", "not_positive"),
            ("refunds.5.lines.0.amount", "negative"),
        }

    def test_refunds_never_exceed_the_line_or_the_order(self) -> None:
        twice = order(refunds=(by_line("a", "1", 150000), by_line("b", "1", 50000)))
        assert problems(twice) == (Problem("refunds.1.lines.0.amount", "refund_above_line"),)
        over = order(shipping=100, refunds=(by_sum("a", 190000), by_sum("b", 101)))
        assert problems(over) == (Problem("refunds.1.amount", "refund_above_order"),)
        assert problems(replace(over, fees=1)) == ()

    def test_a_shop_that_rounds_a_third_gives_back_the_rest_in_full(self) -> None:
        thirds = order(
            lamp(amount=10000, quantity=Decimal(3)),
            refunds=(by_line("a", "1", None, 1), by_sum("b", 6667)),
        )
        assert problems(thirds) == ()
        assert bases(thirds, BaseRule())[0].base == 0


class TestClamping:
    def test_what_fits_stays_as_it_is(self) -> None:
        sound = order(refunds=(by_line("a", "1", 95000), by_sum("b", 95000)))
        assert clamp_refunds(sound) == (sound, False)

    def test_an_over_refund_is_cut_to_what_the_order_holds(self) -> None:
        wild = order(
            shipping=50,
            refunds=(
                by_line("a", "1", 150000),
                by_line("b", "1", None, 2),
                by_sum("c", 40),
                by_sum("d", 40),
            ),
        )
        clamped, changed = clamp_refunds(wild)
        assert changed
        assert problems(clamped) == ()
        assert clamped.refunds[1].lines[0].amount == 40000
        assert [refund.amount for refund in clamped.refunds[2:]] == [40, 10]

    def test_a_refund_of_a_line_that_is_not_there_counts_by_its_sum(self) -> None:
        clamped, changed = clamp_refunds(order(refunds=(by_line("a", "9", 700),)))
        assert changed
        assert clamped.refunds == (by_sum("a", 700),)


class TestTheCanonicalForm:
    full = order(
        lamp(product="lamp-1", category="lamps", promo=True, supplier="s", tax=1),
        number="A-1",
        version=3,
        updated_at=NOON,
        customer=Customer(id="77", email="gleb@example.org"),
        coupons=("SPRING",),
        paid_at=NOON,
        click="ck_1",
        partner_data=PartnerData(refcode="anna"),
        refunds=(by_line("r", "1", None, 1), by_sum("q", 5)),
    )

    def test_a_snapshot_is_read_back_as_it_was_written(self) -> None:
        assert snapshot_from_json(snapshot_to_json(self.full)) == self.full

    def test_the_same_content_has_the_same_hash_however_it_was_spelt(self) -> None:
        moscow = NOON.astimezone(timezone(timedelta(hours=3)))
        spelt = replace(self.full, created_at=moscow, lines=(
            replace(self.full.lines[0], quantity=Decimal("2.000")),
        ))  # fmt: skip
        assert body_hash(spelt) == body_hash(self.full)
        assert body_hash(replace(spelt, fees=1)) != body_hash(self.full)


class TestTheLatestWord:
    def test_version_then_time_then_rank_then_refunds_decide(self) -> None:
        later = message(State.AGREED, hours=5)
        assert message(State.AGREED, version=1).key > later.key
        assert later.key > message(State.REFUNDED, hours=4).key
        assert message(State.CANCELLED).key > message(State.COMPLETED).key
        assert message(State.REGISTERED).key > message(None).key
        one, two = by_sum("a", 5), by_sum("b", 5)
        assert (
            message(State.AGREED, refunds=(one, two)).key
            > message(State.AGREED, refunds=(one,)).key
        )
        more = by_sum("a", 6)
        assert (
            message(State.AGREED, refunds=(more,)).key > message(State.AGREED, refunds=(one,)).key
        )

    def test_refunds_by_line_count_in_the_key_and_lines_unknown_to_the_order_do_not(self) -> None:
        half, stranger = by_line("a", "1", None, 1), by_line("b", "9", 500)
        assert message(State.AGREED, refunds=(half, stranger)).key.refunded == 95000
        assert message(State.AGREED, refunds=(half, stranger)).key.refunds == 2

    def test_a_message_without_updated_at_counts_from_its_receipt(self) -> None:
        assert message(State.AGREED, updated_at=None).key.at == NOON + timedelta(days=1)

    def test_an_older_message_changes_no_field_but_its_evidence_counts(self) -> None:
        new = message(State.AGREED, hours=2, number="new", ref="boris")
        old = message(
            State.REGISTERED, hours=1, number="old", click="ck_1", entry="https://l/?ref=a"
        )
        folded = fold(new, old)
        assert folded.snapshot.number == "new"
        assert folded.state is State.AGREED
        assert folded.evidence == (
            Evidence("click", "ck_1"),
            Evidence("entry", "https://l/?ref=a"),
            Evidence("ref", "boris"),
        )

    def test_an_unmapped_word_moves_no_state_but_all_else(self) -> None:
        folded = fold(message(State.AGREED, number="a"), message(None, hours=1, number="b"))
        assert folded.state is State.AGREED
        assert folded.snapshot.number == "b"
        assert fold(message(None)).state is State.REGISTERED

    def test_the_hold_starts_at_completed_at_else_at_the_first_completed_message(self) -> None:
        first, back = message(State.COMPLETED, hours=1), message(State.AGREED, hours=2)
        again = message(State.COMPLETED, hours=3)
        assert fold(first, back).completed_since is None
        assert fold(again, back, first).completed_since == NOON + timedelta(hours=1)
        said = message(State.COMPLETED, hours=3, completed_at=NOON)
        assert fold(said, first).completed_since == NOON

    def test_line_facts_come_from_the_oldest_message_that_names_them(self) -> None:
        old = message(State.AGREED, lines=(lamp(category=None, supplier="acme"),))
        mid = message(State.AGREED, hours=1, lines=(lamp(category="lamps", promo=False),))
        new = message(State.AGREED, hours=2, lines=(lamp(category="sale", promo=True),))
        folded = fold(new, old, mid)
        assert folded.facts_of(folded.snapshot.lines[0]) == LineFacts("lamps", "acme", promo=False)

    def test_a_line_that_names_another_product_is_another_line(self) -> None:
        old = message(State.AGREED, lines=(lamp(product="lamp-1", category="lamps"),))
        new = message(State.AGREED, hours=1, lines=(lamp(product="book-1"),))
        folded = fold(old, new)
        assert folded.facts_of(folded.snapshot.lines[0]) == LineFacts(None, None, None)

    def test_a_fold_is_read_back_as_it_was_written(self) -> None:
        said = message(State.COMPLETED, lines=(lamp(category="true", promo=True),), ref="anna")
        folded = mark_deleted(fold(said, message(None, hours=1)), NOON)
        assert folded_from_json(folded_to_json(folded)) == folded


class TestDeletion:
    def test_a_deleted_order_is_cancelled_until_a_later_update_revives_it(self) -> None:
        gone = mark_deleted(fold(message(State.AGREED)), NOON + timedelta(hours=3))
        assert gone.state is State.CANCELLED
        assert absorb(gone, message(State.AGREED, hours=3)).state is State.CANCELLED
        assert absorb(gone, message(State.AGREED, hours=4)).state is State.AGREED

    def test_the_mark_is_never_older_than_the_newest_update_held(self) -> None:
        ahead = fold(message(State.AGREED, hours=9))
        gone = mark_deleted(ahead, NOON)
        assert gone.deleted_at == NOON + timedelta(hours=9)
        assert mark_deleted(gone, NOON).deleted_at == gone.deleted_at

    def test_a_message_without_updated_at_revives_nothing(self) -> None:
        gone = mark_deleted(fold(message(State.AGREED, updated_at=None)), NOON)
        assert gone.state is State.CANCELLED


states = st.one_of(st.none(), st.sampled_from(State))
lines = st.builds(
    lamp,
    id=st.sampled_from("12"),
    category=st.sampled_from([None, "lamps", "sale"]),
    promo=st.sampled_from([None, True, False]),
)
messages = st.builds(
    message,
    states,
    hours=st.integers(0, 3),
    version=st.sampled_from([None, 1, 2]),
    lines=st.lists(lines, max_size=2, unique_by=lambda line: line.id).map(tuple),
    click=st.sampled_from([None, "ck_1", "ck_2"]),
    ref=st.sampled_from([None, "anna"]),
    completed_at=st.sampled_from([None, NOON]),
)


@QUICK
@given(st.lists(messages, min_size=1, max_size=4), st.data())
def test_any_permutation_with_duplicates_ends_in_the_same_fold(
    said: list[Message], data: st.DataObject
) -> None:
    doubled = [*said, *data.draw(st.lists(st.sampled_from(said), max_size=3))]
    late = [replace(one, received_at=NOON + timedelta(days=9)) for one in doubled]
    assert fold(*data.draw(st.permutations(late))) == fold(*said)


def test_a_stored_fold_goes_on_as_if_it_had_never_been_stored() -> None:
    said = [
        message(State.AGREED, lines=(lamp(category="lamps"),)),
        message(State.COMPLETED, hours=1, ref="anna"),
        message(None, hours=2),
    ]
    for first, *others in itertools.permutations(said):
        folded = fold(first)
        for one in others:
            folded = absorb(folded_from_json(folded_to_json(folded)), one)
        assert folded == fold(*said)


amounts = st.lists(st.integers(0, 5000), min_size=1, max_size=4)
rough_refunds = st.lists(
    st.one_of(
        st.builds(by_sum, st.just("r"), st.integers(0, 6000)),
        st.builds(by_line, st.just("r"), st.sampled_from("0123x"), st.integers(0, 6000)),
        st.builds(by_line, st.just("r"), st.sampled_from("0123"), st.none(), st.integers(1, 4)),
    ),
    max_size=5,
)


@QUICK
@given(amounts, rough_refunds, st.integers(0, 500), st.integers(0, 500))
def test_clamped_refunds_pass_the_checks_and_are_laid_out_to_the_last_unit(
    values: list[int], refunds: list[Refund], shipping: int, fees: int
) -> None:
    said = tuple(
        lamp(id=str(i), amount=value, quantity=Decimal(3)) for i, value in enumerate(values)
    )
    numbered = tuple(replace(refund, id=str(i)) for i, refund in enumerate(refunds))
    clamped, _ = clamp_refunds(order(*said, shipping=shipping, fees=fees, refunds=numbered))
    assert problems(clamped) == ()
    laid = refunded(clamped)
    whole_amounts = all(
        part.amount is not None for refund in clamped.refunds for part in refund.lines
    )
    if whole_amounts:
        asked = sum(
            sum(part.amount or 0 for part in refund.lines) or refund.amount or 0
            for refund in clamped.refunds
        )
        assert sum(laid.lines.values()) + laid.shipping + laid.fees == asked
    for line in bases(clamped, BaseRule()):
        assert 0 <= line.base <= line.value
        assert 0 <= line.kept <= 1


class Told(tuple[Any, ...]):
    """Facts that count how often somebody goes through all of them."""

    __slots__ = ()
    looks = 0

    def __iter__(self) -> Any:
        Told.looks += 1
        return super().__iter__()


def test_lines_of_a_long_cart_are_not_compared_with_each_other() -> None:
    lines = [lamp(id=str(n), category=f"c{n}") for n in range(300)]
    found = fold(message(State.AGREED, lines=tuple(lines)))
    found = replace(found, facts=Told(found.facts))
    Told.looks = 0
    assert [found.facts_of(line).category for line in lines] == [f"c{n}" for n in range(300)]
    assert Told.looks == 1
