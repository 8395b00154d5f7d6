"""Orders that a coupon of bonuses made cheaper are read as they were before it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from app.carts.rules import Given, Seen, key_of, understood, written
from app.orders.rules import (
    Customer,
    Line,
    Refund,
    RefundLine,
    Snapshot,
    line_value,
    problems,
    refunded,
)

CODE = "BONUS-22222-33333-44444"
OURS = Given((CODE,), 20_000, "hold:hc_1", "77", "gleb@example.test")


def order(*paid: int, customer: str | None = "77", email: str | None = None) -> Snapshot:
    return Snapshot(
        status="processing",
        currency="USD",
        created_at=datetime(2026, 11, 30, tzinfo=UTC),
        customer=Customer(id=customer, email=email),
        lines=tuple(
            Line(id=str(n), quantity=Decimal(1), amount=some) for n, some in enumerate(paid)
        ),
        coupons=("ANNA10", CODE.lower()),
    )


def seen(*cuts: int, taken: int | None = None) -> Seen:
    sums = {CODE.lower(): sum(cuts) if taken is None else taken}
    return Seen(sums, {str(n): cut for n, cut in enumerate(cuts)})


def values(said: Snapshot) -> list[int]:
    return [line_value(line) for line in said.lines]


def test_what_the_coupon_took_off_is_paid_in_bonuses_and_lines_are_worth_what_they_were() -> None:
    read = understood(order(90_000, 45_000), OURS, seen(10_000, 5_000))
    assert values(read.snapshot) == [100_000, 50_000]
    assert (read.bonus, read.snapshot.bonus_spend) == (15_000, 15_000)
    assert read.snapshot.coupons == ("ANNA10",)  # ours is no foreign coupon; a partner's stays
    assert read.snapshot.bonus_hold == "hold:hc_1"


def test_never_more_than_is_held_is_spent_whatever_the_shop_took_off() -> None:
    read = understood(order(70_000), OURS, seen(30_000))
    assert (read.bonus, read.taken) == (20_000, 30_000)
    assert values(read.snapshot) == [90_000]  # the rest is a discount of the shop's own


def test_of_several_coupons_only_ours_is_paid_in_bonuses() -> None:
    read = understood(order(60_000, 60_000), OURS, seen(20_000, 10_000, taken=15_000))
    assert read.bonus == 15_000
    assert values(read.snapshot) == [70_000, 65_000]


def test_a_guest_with_the_owners_mail_is_the_owner_and_anybody_else_a_stranger() -> None:
    for who, mail, stranger, whose in (
        (None, "Gleb@example.test", False, "77"),
        (None, None, False, "77"),
        ("0", None, False, "77"),
        (None, "ivan@example.test", True, None),
        ("78", "gleb@example.test", True, "78"),
        ("77", "other@example.test", False, "77"),
    ):
        read = understood(order(100, customer=who, email=mail), OURS, seen(50))
        assert (read.stranger, read.snapshot.customer.id) == (stranger, whose), who
        assert read.bonus == 50  # it was given all the same


def test_where_a_program_names_no_discount_lines_are_read_as_before_it() -> None:
    read = understood(order(100_000), OURS, Seen({}, {}, after=False))
    assert values(read.snapshot) == [100_000]
    assert read.bonus == 20_000
    assert understood(order(15_000), OURS, Seen({}, {}, after=False)).bonus == 15_000


def test_where_a_shop_tells_only_what_is_paid_the_coupons_sum_lay_over_that() -> None:
    read = understood(order(90_000, 45_000), OURS, Seen({}, {}))
    assert (values(read.snapshot), read.bonus) == ([103_333, 51_667], 20_000)
    assert values(understood(order(0, 0), OURS, Seen({}, {})).snapshot) == [10_000, 10_000]
    assert understood(order(), OURS, Seen({}, {})).bonus == 0


def test_a_coupon_of_which_the_shop_says_that_it_took_nothing_off_costs_nothing() -> None:
    read = understood(order(90_000, 45_000), OURS, Seen({}, {"0": 0, "1": 0}))
    assert (values(read.snapshot), read.bonus) == ([90_000, 45_000], 0)


def test_a_wish_of_the_message_itself_holds_and_its_lines_stay() -> None:
    said = replace(order(100_000), bonus_spend=5_000)
    read = understood(said, OURS, seen(20_000))
    assert read.snapshot.bonus_spend == 5_000
    assert values(read.snapshot) == [100_000]


def test_a_line_that_bonuses_paid_wholly_comes_back_by_quantity() -> None:
    said = replace(
        order(0, 50_000),
        refunds=(Refund(id="1", lines=(RefundLine(line="0", quantity=Decimal(1)),)),),
    )
    read = understood(said, OURS, seen(20_000, 0))
    assert refunded(read.snapshot).lines == {"0": Fraction(20_000), "1": Fraction(0)}


def test_codes_cannot_be_guessed_and_are_read_without_mistakes() -> None:
    one, other = written(bytes(range(15))), written(bytes(range(1, 16)))
    assert one != other
    assert not set(one.removeprefix("BONUS")) & set("01OIL")
    assert key_of(f" {one.lower()} ") == key_of(one)


amounts = st.integers(0, 5_000)
baskets = st.lists(st.tuples(amounts, amounts), min_size=1, max_size=6)


@given(baskets, st.integers(1, 12_000), st.integers(0, 12_000))
@settings(deadline=None)
def test_money_adds_up_whatever_was_taken_off(
    basket: list[tuple[int, int]], held: int, taken: int
) -> None:
    said = order(*(paid for paid, _cut in basket))
    mine = replace(OURS, amount=held)
    read = understood(said, mine, seen(*(cut for _paid, cut in basket), taken=taken))
    assert 0 <= read.bonus <= held
    assert all(
        paid <= value <= paid + cut
        for value, (paid, cut) in zip(values(read.snapshot), basket, strict=True)
    )
    assert sum(values(read.snapshot)) - read.bonus == sum(paid for paid, _cut in basket)
    assert not problems(read.snapshot)


@given(baskets, st.data())
@settings(deadline=None)
def test_all_that_was_paid_brings_all_back_in_any_pieces(
    basket: list[tuple[int, int]], data: st.DataObject
) -> None:
    said = order(*(paid for paid, _cut in basket))
    refunds, left = [], {str(n): paid for n, (paid, _cut) in enumerate(basket)}
    for number in range(data.draw(st.integers(0, 5))):
        line = data.draw(st.sampled_from(sorted(left)))
        some = data.draw(st.integers(0, left[line]))
        left[line] -= some
        refunds.append(Refund(id=f"r{number}", lines=(RefundLine(line=line, amount=some),)))
    for place, (paid, _cut) in enumerate(basket):
        if not paid:
            part = RefundLine(line=str(place), quantity=Decimal(1))
            refunds.append(Refund(id=f"q{place}", lines=(part,)))
    rest = sum(left.values())
    piece = data.draw(st.integers(0, rest))
    refunds += [Refund(id="a", amount=piece), Refund(id="b", amount=rest - piece)]
    whole = replace(said, refunds=tuple(refunds))
    mine = replace(OURS, amount=10**9)
    read = understood(whole, mine, seen(*(cut for _paid, cut in basket)))
    assert not problems(read.snapshot)
    back = refunded(replace(read.snapshot, bonus_spend=0))
    assert sum(back.lines.values()) == sum(values(read.snapshot))


@given(st.integers(1, 10_000), st.integers(0, 10_000), st.lists(st.integers(0, 3_000), max_size=8))
@settings(deadline=None)
def test_a_refund_more_never_takes_back_less(paid: int, cut: int, parts: list[int]) -> None:
    said, before = order(paid), Fraction(0)
    kept: list[Refund] = []
    for number, part in enumerate(parts):
        room = paid - sum(one.lines[0].amount or 0 for one in kept)
        line = RefundLine(line="0", amount=min(part, room))
        kept.append(Refund(id=str(number), lines=(line,)))
        read = understood(
            replace(said, refunds=tuple(kept)), replace(OURS, amount=10**9), seen(cut)
        )
        now = refunded(read.snapshot).lines["0"]
        assert before <= now <= paid + cut
        before = now
