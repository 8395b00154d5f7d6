"""Group commit: rows of many threads in one transaction, on disk before each of them goes on.

The first thread that finds nobody writing writes; those that come meanwhile gather the next batch.
No thread is added, nothing waits in memory after an answer, and a lone row waits for nobody.
"""

from __future__ import annotations

import logging
import select
import threading
import time
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from psycopg.pq.abc import PGconn, PGresult

log = logging.getLogger(__name__)

SLOW, LONGEST_PAUSE = 0.001, 0.002  # seconds
Told = frozenset[tuple[int, ...]]
FAILURES = (psycopg.Error, SQLAlchemyError)  # what `write` raises when a row is not on disk
_DONE = {ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK, ExecStatus.PIPELINE_SYNC}


class Batch:
    """Rows that go into one commit, and the threads that wait for it."""

    __slots__ = ("error", "rows", "told", "waiting", "written")

    def __init__(self) -> None:
        self.rows: list[str] = []
        self.waiting: list[threading.Lock] = []
        self.written = False  # or given up: nobody need write it any more
        self.error: Exception | None = psycopg.OperationalError("not written")
        self.told: Told = frozenset()


class GroupCommit:
    """Writes rows of many threads in shared transactions: while one is under way, the next gathers.

    `statement` is an INSERT with one parameter ($1), a JSON array of the rows; it runs under the
    drain's role. After a lost answer it is sent once more: the rows have keys, or bear to come twice.
    """

    def __init__(
        self, app: Flask, name: str, statement: str, then: Callable[[], object] | None = None
    ) -> None:
        self.app, self.name, self.then = app, name, then
        # What travels in one round trip, by the names of prepared statements: planning would cost
        # the server as much as writing does.
        self.rows = f"rows_{name}".encode()
        self.steps = {
            b"rows_begin": b"BEGIN",
            b"rows_role": b"SET LOCAL ROLE partnerka_drain",
            self.rows: statement.encode(),
            b"rows_commit": b"COMMIT",
        }
        self.gathering = Batch()
        self.guard = threading.Lock()
        self.busy = False
        self.pace = 0.0  # seconds that the last commit took
        self.company = False  # whether the last batch held more than one row
        self.connection: Any = None

    def write(self, row: str) -> Told:
        """Return when the row is committed, with what the statement returns, numbers, for its whole batch.

        Raises one of FAILURES when the row is not committed, or nobody knows.
        """
        with self.guard:
            batch = self.gathering
            batch.rows.append(row)
            leads, self.busy = not self.busy, True
            if not leads:
                gate = threading.Lock()
                gate.acquire()
                batch.waiting.append(gate)
        if not leads:
            gate.acquire()  # opened when the batch is written, or when this thread shall write it
        if not batch.written:
            self._close(batch)
            try:
                self._commit(batch)
            finally:
                self._pass_on(batch)
            if batch.error is None and self.then is not None:
                self.then()
        if batch.error is not None:
            raise batch.error
        return batch.told

    def _close(self, batch: Batch) -> None:
        """Begin the next batch; where commits are slow, first let those come who were just answered."""
        if self.company and self.pace > SLOW:
            time.sleep(min(self.pace / 4, LONGEST_PAUSE))
        with self.guard:
            self.gathering = Batch()
        self.company = len(batch.rows) > 1

    def _pass_on(self, batch: Batch) -> None:
        """Let the first of the next batch write it, then let go everybody of this one."""
        batch.written = True
        with self.guard:
            following = self.gathering
            self.busy = bool(following.rows)
            gates = [following.waiting.pop(0)] if following.rows else []
        for gate in (*gates, *batch.waiting):
            gate.release()

    def _commit(self, batch: Batch) -> None:
        rows, began = f"[{','.join(batch.rows)}]", time.monotonic()
        for last in (False, True):
            try:
                batch.told = self._execute(rows)
                batch.error = None
                break
            except FAILURES as error:
                batch.error = error
                self._drop(error)
                if last:
                    log.warning("%s %s were not written: %s", len(batch.rows), self.name, error)
        self.pace = time.monotonic() - began

    def _execute(self, rows: str) -> Told:
        """One round trip, by libpq itself: a cursor costs four times the CPU, while others wait for it."""
        if self.connection is None:
            self._connect()
        wire: PGconn = self.connection.driver_connection.pgconn
        wire.enter_pipeline_mode()
        for name in self.steps:
            wire.send_query_prepared(name, [rows.encode()] if name == self.rows else [])
        wire.pipeline_sync()
        while wire.flush():
            self._wait(wire, select.POLLIN | select.POLLOUT)
        told = frozenset[tuple[int, ...]]()
        for name in self.steps:
            result = _done(self._next(wire))
            self._next(wire)  # None: no more of this step
            if name == self.rows:
                told = _numbers(result)
        _done(self._next(wire))
        wire.exit_pipeline_mode()
        return told

    def _connect(self) -> None:
        with self.app.app_context():
            self.connection = db.engine.raw_connection()
        driver = self.connection.driver_connection
        driver.autocommit = True
        for name, statement in self.steps.items():
            _done(driver.pgconn.prepare(name, statement))

    def _next(self, wire: PGconn) -> PGresult | None:
        while wire.is_busy():
            self._wait(wire, select.POLLIN)
        return wire.get_result()

    @staticmethod
    def _wait(wire: PGconn, events: int) -> None:
        """Let the other threads run until the server moves; libpq's own waiting would stop them."""
        poll = select.poll()
        poll.register(wire.socket, events)
        if any(event & ~select.POLLOUT for _, event in poll.poll()):
            wire.consume_input()

    def _drop(self, error: Exception) -> None:
        if self.connection is not None:
            self.connection.invalidate(error)
            self.connection = None


def _done(result: PGresult | None) -> PGresult:
    if result is None:
        raise psycopg.OperationalError("no answer")
    if result.status not in _DONE:
        raise error_from_result(result)
    return result


def _numbers(result: PGresult) -> Told:
    columns = range(result.nfields)
    return frozenset(
        tuple(int(result.get_value(row, column) or 0) for column in columns)
        for row in range(result.ntuples)
    )
