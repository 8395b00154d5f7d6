"""F40: whoever earns by SMS that we send gets no further than a day's caps, and staff hear of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from app import clock
from app.events.models import Event
from app.extensions import db
from app.sms import queries, service
from app.sms.rules import HttpTemplate, block_of, most_of_a_block
from app.sms.service import Caps

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from tests.world import Merchant

TEMPLATE = HttpTemplate(url="https://sms.example/send", body="to={digits}&text={text}")


@dataclass(frozen=True)
class Flood:
    """Numbers that are written to on one day, the caps, how many go, and why the rest do not."""

    numbers: list[str]
    caps: Caps
    gone: int
    why: set[str | None]
    alarms: int


USUAL = Caps(most_a_day=400, most_a_number=3, price=250)
FLOODS = {
    "one number again and again": Flood(
        ["+79161234567"] * 40, USUAL, 3, {None, "cap of the number reached"}, 0
    ),
    "a row of numbers of one block": Flood(
        [f"+7916123{n:04}" for n in range(200)], USUAL, 40,
        {None, "cap of the number's block reached"}, 1,
    ),
    "a block of numbers, each up to its cap": Flood(
        [f"+7916123{n % 50:04}" for n in range(200)], USUAL, 40,
        {None, "cap of the number's block reached"}, 1,
    ),
    "many blocks": Flood(
        [f"+7916{n:03}0001" for n in range(500)], USUAL, 400, {None, "cap of the day reached"}, 1
    ),
    "dear countries that nobody named": Flood(
        [f"+882{n:09}" for n in range(50)], Caps(countries=["7", "375"]), 0,
        {"country not allowed"}, 0,
    ),
    "until the day's money is spent": Flood(
        [f"+7916{n:03}0001" for n in range(50)], Caps(price=250, most_money_a_day=2_499), 9,
        {None, "cap of the day reached"}, 1,
    ),
}  # fmt: skip


@pytest.fixture
def _lampa(db_session: Any, lampa: Merchant) -> Iterable[None]:
    with lampa.scope():
        yield


def reserved(numbers: Iterable[str]) -> list[str | None]:
    found = queries.gateway()
    assert found is not None
    return [service.reserve(found, number) for number in numbers]


def alarms() -> int:
    query = select(func.count()).select_from(Event).where(Event.type == "sms.stopped")
    return db.session.scalar(query) or 0


@pytest.mark.usefixtures("_lampa")
@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
def test_a_flood_is_stopped_by_its_cap_and_told_once(flood: Flood) -> None:
    service.set_up(TEMPLATE, flood.caps)
    said = reserved(flood.numbers)
    assert sum(why is None for why in said) == flood.gone
    assert set(said) == flood.why
    assert alarms() == flood.alarms
    sent, cost = queries.spent(clock.wall().date())
    assert (sent, cost) == (flood.gone, flood.gone * flood.caps.price), (
        "what is refused costs nothing"
    )


@pytest.mark.usefixtures("_lampa")
def test_what_did_not_go_makes_room_in_every_cap() -> None:
    service.set_up(TEMPLATE, Caps(most_a_day=20, most_a_number=1))
    numbers = [f"+7916123{n:04}" for n in range(20)]
    for _round in range(3):
        assert set(reserved(numbers)) == {None}
        for number in numbers:
            service.give_back(number)
    assert queries.spent(clock.wall().date())[0] == 0


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_block_takes_at_least_what_one_of_its_numbers_may(day: int, number: int) -> None:
    assert most_of_a_block(day, number) >= number
    assert most_of_a_block(day, number) <= max(day, number, 20)


def test_neighbours_are_of_one_block() -> None:
    assert block_of("+79161230000") == block_of("+79161239999") != block_of("+79161240000")
