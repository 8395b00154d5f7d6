"""Keyset paging: where a page starts is told by the values of a row, never by an offset.

Null counts as greater than every value, as in PostgreSQL's own order, so one index serves both directions.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, literal, or_, tuple_

Value = int | str | bool | Decimal | datetime | date | uuid.UUID | None
LONGEST = 2000  # characters of a cursor; a row's sort value is a name or a number, not a text


@dataclass(frozen=True, slots=True)
class Order:
    """A total order of a list: a sort expression, and a unique key that breaks its ties."""

    by: SQLColumnExpression[Any]
    key: SQLColumnExpression[Any]
    descending: bool = False
    nullable: bool = False
    single: bool = False  # the expression is the key itself

    def turned(self) -> Order:
        """The same order backwards."""
        return Order(self.by, self.key, not self.descending, self.nullable, self.single)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A row's place in an order, and the way to read from it."""

    value: Value
    key: Value
    backward: bool = False


def page(statement: Select[Any], order: Order, cursor: Cursor | None, limit: int) -> Select[Any]:
    """The statement ordered, started at the cursor and limited.

    A backward page comes out reversed: the caller turns it round.
    """
    way = order.turned() if cursor and cursor.backward else order
    if cursor is not None:
        statement = statement.where(beyond(way, cursor))
    by, key = (e.desc() if way.descending else e.asc() for e in (way.by, way.key))
    return (
        statement.order_by(None)
        .order_by(key if order.single else by, *([] if order.single else [key]))
        .limit(limit)
    )


def beyond(order: Order, cursor: Cursor) -> ColumnElement[bool]:
    """The rows after the cursor in this order."""
    down = order.descending
    if order.single:
        return order.key < cursor.key if down else order.key > cursor.key
    after_key = order.key < cursor.key if down else order.key > cursor.key
    if cursor.value is None:
        tied = and_(order.by.is_(None), after_key)
        return or_(order.by.is_not(None), tied) if down else tied
    # A row comparison is what the index on (sort, key) answers directly.
    here = tuple_(order.by, order.key)
    by, key = cast("ColumnElement[Any]", order.by), cast("ColumnElement[Any]", order.key)
    there = tuple_(literal(cursor.value, by.type), literal(cursor.key, key.type))
    after: ColumnElement[bool] = here < there if down else here > there
    return or_(after, order.by.is_(None)) if order.nullable and not down else after


def pack(cursor: Cursor, secret: str, purpose: str) -> str:
    """A cursor as opaque text; `purpose` names list and order, so that it fits no other."""
    return str(
        _seal(secret, purpose).dumps([cursor.backward, _wrap(cursor.value), _wrap(cursor.key)])
    )


def unpack(text: str, secret: str, purpose: str) -> Cursor | None:
    """The cursor that we packed for this purpose, or None for anything else."""
    if not text or len(text) > LONGEST:
        return None
    try:
        backward, value, key = _seal(secret, purpose).loads(text)
        return Cursor(_unwrap(value), _unwrap(key), bool(backward))
    except (BadSignature, ValueError, TypeError, KeyError, InvalidOperation):
        return None


def _seal(secret: str, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt=f"keyset:{purpose}")


def _wrap(value: Value) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, datetime):
        return (
            {"t": value.astimezone(UTC).isoformat()} if value.tzinfo else {"t": value.isoformat()}
        )
    kind = {date: "d", Decimal: "n", uuid.UUID: "u"}[type(value)]
    return {kind: str(value)}


def _unwrap(value: Any) -> Value:
    if not isinstance(value, dict):
        return value  # type: ignore[no-any-return]
    ((kind, text),) = value.items()
    read = {"t": datetime.fromisoformat, "d": date.fromisoformat, "n": Decimal, "u": uuid.UUID}[
        kind
    ]
    return read(text)  # type: ignore[operator,no-any-return]
