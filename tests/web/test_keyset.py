"""Keyset paging against plain lists, on real PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, DateTime, MetaData, Table, Text, delete, select

from app.web import keyset
from app.web.keyset import Cursor, Order

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.orm import Session

THINGS = Table(
    "keyset_things",
    MetaData(),
    Column("id", BigInteger, primary_key=True),
    Column("size", BigInteger),
    Column("name", Text, nullable=False),
    Column("at", DateTime(timezone=True)),
    prefixes=["TEMPORARY"],
)
START = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)
SECRET = "a secret of the tests"


@dataclass(frozen=True)
class Thing:
    id: int
    size: int | None
    name: str
    at: datetime | None


moments = st.integers(0, 4).map(lambda n: START + timedelta(microseconds=n))
things = st.lists(
    st.builds(
        Thing,
        id=st.integers(1, 40),
        size=st.none() | st.integers(-2, 2),
        name=st.sampled_from(["", "a", "B", "b", "é", "я", "Ж", "\U0001f600"]),
        at=st.none() | moments,
    ),
    unique_by=lambda thing: thing.id,
    max_size=14,
)
sorts = st.sampled_from(["id", "size", "name", "at"])


@pytest.fixture
def fill(db_session: Session) -> Callable[[Sequence[Thing]], None]:
    THINGS.create(db_session.connection())

    def replace(rows: Sequence[Thing]) -> None:
        db_session.execute(delete(THINGS))
        if rows:
            db_session.execute(THINGS.insert(), [thing.__dict__ for thing in rows])

    return replace


def order_by(sort: str, *, descending: bool) -> Order:
    return Order(
        THINGS.c[sort],
        THINGS.c.id,
        descending,
        nullable=sort in {"size", "at"},
        single=sort == "id",
    )


def read(
    session: Session, order: Order, cursor: Cursor | None, limit: int
) -> list[tuple[int, Any]]:
    """One page as (id, sort value), travelling through the sealed text as an address does."""
    if cursor is not None:
        cursor = keyset.unpack(keyset.pack(cursor, SECRET, "things"), SECRET, "things")
        assert cursor is not None
    placed = select(THINGS.c.id, order.by.label("by"))
    found = [(r[0], r[1]) for r in session.execute(keyset.page(placed, order, cursor, limit))]
    return found[::-1] if cursor is not None and cursor.backward else found


def whole(session: Session, order: Order) -> list[int]:
    """The list that the pages must add up to, by an ORDER BY of its own."""
    way = "DESC" if order.descending else "ASC"
    by = str(order.by).rpartition(".")[2]
    text = f"SELECT id FROM keyset_things ORDER BY {by} {way}, id {way}"
    return [r[0] for r in session.connection().exec_driver_sql(text)]


on_database = settings(
    max_examples=80,
)


@on_database
@given(rows=things, sort=sorts, descending=st.booleans(), limit=st.integers(1, 5))
def test_pages_forward_and_back_add_up_to_the_whole_list(
    db_session: Session,
    fill: Callable[[Sequence[Thing]], None],
    rows: list[Thing],
    sort: str,
    descending: bool,
    limit: int,
) -> None:
    fill(rows)
    order = order_by(sort, descending=descending)
    expected = whole(db_session, order)

    forward: list[tuple[int, Any]] = []
    cursor: Cursor | None = None
    while found := read(db_session, order, cursor, limit):
        forward += found
        cursor = Cursor(found[-1][1], found[-1][0])
    assert [row[0] for row in forward] == expected

    backward: list[tuple[int, Any]] = []
    if forward:
        cursor = Cursor(forward[-1][1], forward[-1][0], backward=True)
        while found := read(db_session, order, cursor, limit):
            backward = found + backward
            cursor = Cursor(found[0][1], found[0][0], backward=True)
        assert [row[0] for row in backward] == expected[:-1]


@on_database
@given(
    rows=things.filter(bool),
    sort=sorts,
    descending=st.booleans(),
    data=st.data(),
    back=st.booleans(),
)
def test_a_cursor_holds_when_its_own_row_is_gone(
    db_session: Session,
    fill: Callable[[Sequence[Thing]], None],
    rows: list[Thing],
    sort: str,
    descending: bool,
    data: st.DataObject,
    back: bool,
) -> None:
    fill(rows)
    order = order_by(sort, descending=descending)
    expected = whole(db_session, order)
    gone = data.draw(st.sampled_from(rows))
    place = expected.index(gone.id)
    db_session.execute(delete(THINGS).where(THINGS.c.id == gone.id))

    found = read(db_session, order, Cursor(getattr(gone, sort), gone.id, back), 50)

    beside = expected[:place] if back else expected[place + 1 :]
    assert [row[0] for row in found] == beside


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.text(max_size=20).filter(lambda t: not any("\ud800" <= c <= "\udfff" for c in t)),
    st.datetimes(timezones=st.just(UTC)),
    st.dates(),
    st.decimals(
        allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9
    ),
    st.uuids(),
)


@given(value=values, key=st.integers(1, 2**62), backward=st.booleans())
def test_a_cursor_comes_back_as_it_went(value: Any, key: int, backward: bool) -> None:
    cursor = Cursor(value, key, backward)
    back = keyset.unpack(keyset.pack(cursor, SECRET, "p"), SECRET, "p")
    assert back == cursor
    assert back is not None
    assert type(back.value) is type(value)


@given(text=st.text(max_size=80))
def test_a_text_that_is_no_cursor_is_none(text: str) -> None:
    assert keyset.unpack(text, SECRET, "things") is None


def test_a_cursor_fits_no_other_list_and_no_other_key() -> None:
    sealed = keyset.pack(Cursor(5, 7), SECRET, "payouts:amount")
    assert keyset.unpack(sealed, SECRET, "payouts:amount") == Cursor(5, 7)
    assert keyset.unpack(sealed, SECRET, "payouts:state") is None
    assert keyset.unpack(sealed, "another secret", "payouts:amount") is None
    assert keyset.unpack(sealed[:-1] + "x", SECRET, "payouts:amount") is None
    assert keyset.unpack("a" * 5000, SECRET, "payouts:amount") is None


def test_every_kind_of_sort_value_can_be_sealed() -> None:
    for value in (Decimal("1.10"), date(2026, 11, 22), UUID(int=5), START):
        sealed = keyset.pack(Cursor(value, 1), SECRET, "p")
        assert keyset.unpack(sealed, SECRET, "p") == Cursor(value, 1)
