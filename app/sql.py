"""Plain statements on the session's own connection, for the hot paths.

The same transaction and the same scope as the ORM, without its cost: the driver prepares a
statement after a few uses, and what is sent inside `together()` travels in one round trip.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

import psycopg
from flask_babel import gettext
from psycopg.errors import NumericValueOutOfRange
from psycopg.rows import namedtuple_row
from sqlalchemy.exc import DBAPIError

from app.errors import DomainError
from app.extensions import db

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from psycopg import Connection, Cursor


def send(statement: str, values: Mapping[str, Any]) -> Cursor[Any]:
    """Run a statement with named values (%(name)s) and return its cursor; rows are named tuples.

    Raises SQLAlchemy's DBAPIError, as the ORM does, so that callers and retries know one kind; and
    Overflow where a number grows beyond what the database keeps.
    """
    try:
        return _connection().cursor(row_factory=namedtuple_row).execute(statement, values)
    except psycopg.Error as error:
        raise _as_orm(statement, error) from error


def rows(statement: str, values: Mapping[str, Any]) -> list[Any]:
    """Return all rows of a statement."""
    return send(statement, values).fetchall()


def one(statement: str, values: Mapping[str, Any]) -> Any:
    """Return the first row of a statement, or None."""
    return send(statement, values).fetchone()


def copy(statement: str, found: Iterable[Sequence[Any]]) -> None:
    """Copy rows into a temporary table: the database refuses it for tables with policies."""
    try:
        with _connection().cursor() as cursor, cursor.copy(statement) as into:
            for part in _batched(found, 500):
                into.write("".join(map(_line, part)))
    except psycopg.Error as error:
        raise _as_orm(statement, error) from error


def _batched(found: Iterable[Sequence[Any]], size: int) -> Iterator[list[Sequence[Any]]]:
    """Cut rows into parts."""
    rest = iter(found)
    while part := list(islice(rest, size)):
        yield part


_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def _line(row: Sequence[Any]) -> str:
    """Write a row as COPY reads it: text, numbers, yes and no."""
    return (
        "\t".join(
            r"\N" if v is None else v.translate(_ESCAPES) if isinstance(v, str) else str(v)
            for v in row
        )
        + "\n"
    )


def recordset(found: Iterable[Mapping[str, Any]]) -> str:
    """Write many rows as one parameter, for FROM json_to_recordset(%(rows)s) AS r(name type, ...).

    Half of what arrays of columns cost; times are written with their offset.
    """
    return json.dumps(list(found), default=_written, ensure_ascii=False, separators=(",", ":"))


def array(found: Iterable[int | str]) -> str:
    """Write many numbers, or plain words such as account names, as one parameter: %(ids)s::bigint[].

    The driver takes ten times as long over a list.
    """
    return "{" + ",".join(map(str, found)) + "}"


def _written(value: object) -> str:
    if isinstance(value, date):  # a time with its offset among them
        return value.isoformat()
    message = f"{type(value).__name__} is not written into a row"
    raise TypeError(message)


@contextmanager
def together() -> Iterator[None]:
    """Send what is sent in the block without waiting for each answer; read answers after it."""
    try:
        with _connection().pipeline():
            yield
    except psycopg.Error as error:
        raise _as_orm("pipeline", error) from error


@contextmanager
def read_only() -> Iterator[None]:
    """Let the block write nothing: the database itself refuses, and a savepoint ends with the block."""
    savepoint = db.session.begin_nested()
    try:
        send("SET LOCAL transaction_read_only = on", {})
        yield
    finally:
        savepoint.rollback()  # and with it the setting


@contextmanager
def tried() -> Iterator[None]:
    """Let what the block writes be seen in the block alone: a preview of what would be done."""
    savepoint = db.session.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()
        db.session.expire_all()  # what was read in the block is true there alone


def _connection() -> Connection[Any]:
    session = db.session()
    if session.new or session.dirty or session.deleted:
        session.flush()
    return cast("Connection[Any]", session.connection().connection.driver_connection)


class Overflow(DomainError):
    """A balance, or a sum, would grow beyond what can be kept; nothing of it is written."""

    def __init__(self) -> None:
        super().__init__("overflow", gettext("This sum would grow beyond what can be kept."))


def _as_orm(statement: str, error: psycopg.Error) -> DBAPIError | Overflow:
    if isinstance(error, NumericValueOutOfRange):
        return Overflow()
    made = DBAPIError.instance(statement, None, error, psycopg.Error)
    return cast("DBAPIError", made)
