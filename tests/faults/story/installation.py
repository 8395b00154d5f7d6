"""A whole installation of its own: PostgreSQL, Redis, mail, web, worker and cron, each to be killed."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress
from threading import Lock
from typing import TYPE_CHECKING, Any

import psycopg
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from app import create_app
from app.config import Config
from app.dev.children import wait_until
from app.dev.database import with_database
from app.extensions import db
from tests.harness import invariants
from tests.harness.engines import SECRET, Engines, revive, worker_database
from tests.harness.live import Web, horse_of, worker
from tests.harness.mailbox import Gate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from app.dev.children import Child

PATIENCE = 60.0
STEP = 0.05
NAME = "partnerka_story"
JOBS = ("sweep", "drain_inbox", "mature")
# A transaction that was answered must outlive its postmaster, though not its machine.
SETTINGS = {"synchronous_commit": "on", "shared_buffers": "64MB", "max_connections": "100"}
WAITING = """
SELECT pid, application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE NOT granted AND relation = %s::regclass
"""
SESSIONS = """
SELECT pid, usename, state, wait_event_type, wait_event, left(query, 100) FROM pg_stat_activity
WHERE datname = current_database()
"""
UNDONE = """
SELECT (SELECT count(*) FROM event WHERE position IS NULL)
     + (SELECT count(*) FROM inbox WHERE state = 'waiting')
     + (SELECT count(*) FROM message WHERE state IN ('due', 'sending'))
"""


class Installation:
    """All processes, ended by `stop`; the test looks in as the superuser, whom no lock keeps out."""

    def __init__(self, folder: Path) -> None:
        """Start everything."""
        self.engines = Engines(**SETTINGS)
        self.mail = Gate()
        self.mail.open.set()
        self.mail.start()
        addresses = worker_database(self.engines.addresses, NAME.removeprefix("partnerka_"))
        self.superuser = with_database(self.engines.addresses.superuser, NAME)
        self.line: psycopg.Connection[tuple[Any, ...]] | None = None
        self.guard = Lock()
        environ = {
            "APP_ENV": "test",
            "SECRET_KEY": SECRET,
            "DATABASE_URL": addresses.app,
            "DATABASE_OWNER_URL": addresses.owner,
            "REDIS_URL": self.engines.redis.url,
            "SMTP_URL": f"smtp://127.0.0.1:{self.mail.port}",
            "VAR_DIR": str(folder),
        }
        # Sessions say whose they are.
        self.web = Web(environ | {"PGAPPNAME": "web"}, folder)
        environ["PUBLIC_URL"] = self.web.url
        self.worker = worker(environ | {"PGAPPNAME": "worker"}, folder, "worker")
        self.cron = worker(environ | {"PGAPPNAME": "cron"}, folder, "cron")
        # This process only looks: its queue stays the one of the other tests.
        self.app = create_app(Config.from_env(environ | {"REDIS_URL": ""}))
        self.worker.start()
        self.cron.start()
        self.web.start()

    def stop(self) -> None:
        """End everything."""
        with self.app.app_context():
            db.engine.dispose()
        if self.line is not None:
            self.line.close()
        for child in (self.web.child, self.worker, self.cron):
            child.stop()
        self.mail.open.set()
        self.mail.stop()
        self.engines.stop()

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database as its superuser; committed at once. The line is made anew when it broke."""
        with self.guard:
            try:
                return self._ask(query, values)
            except psycopg.OperationalError:
                self.line = None
                return self._ask(query, values)

    def _ask(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        if self.line is None:
            self.line = psycopg.connect(self.superuser, autocommit=True)
        done = self.line.execute(query.encode(), values)
        return done.fetchall() if done.description else []

    @contextmanager
    def held(self, table: str) -> Iterator[Callable[[], bool]]:
        """Let nobody write to a table: whoever tries stands in the middle of a transaction.

        Yields what tells whether the hold was lost with the database's processes.
        """
        connection = psycopg.connect(self.superuser)
        try:
            connection.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE".encode())
            yield lambda: _is_lost(connection)
        finally:
            with suppress(psycopg.Error):  # it may have died with its server, as was meant
                connection.close()

    def who_waits(self, table: str, acts: Sequence[Future[None]], who: str = "web") -> int:
        """Wait until web or worker stands before a held table; return the database's process.

        Whoever of those under way has failed already will not come there: that error is raised.
        """
        found: list[int] = []

        def seen() -> bool:
            for act in acts:
                if act.done():
                    act.result()
            waiting = self.ask(WAITING, table)
            found[:] = [pid for pid, name in waiting if name == who]
            for pid, name in waiting:
                if name == "cron" != who:
                    self.put_off_cron(pid)  # it was quicker; the worker shall have the job
            return bool(found)

        assert wait_until(seen, PATIENCE, STEP), (f"nobody wrote to {table}", self.ask(SESSIONS))
        return found[0]

    def put_off_cron(self, session: int) -> None:
        """End the schedule as a crash does, and let the worker do what it began; `settle` starts it anew."""
        if self.cron.running:
            kill(self.cron)
        self.ask("SELECT pg_terminate_backend(%s)", session)
        self.hurry()

    def count(self, table: str) -> int:
        """Return how many rows of a table are committed."""
        return int(self.ask(f"SELECT count(*) FROM {table}")[0][0])

    def job(self) -> int:
        """Wait until the worker is in the middle of a job; return the job's process."""
        found: list[int | None] = []

        def seen() -> bool:
            found.append(horse_of(self.worker))
            return found[-1] is not None

        assert wait_until(seen, PATIENCE, 0.01), self.worker.tail(20)
        assert found[-1] is not None
        return found[-1]

    def kill_worker(self) -> None:
        """End the worker as a crash does; its running job goes on without it."""
        kill(self.worker)

    def kill_postgres(self) -> None:
        """End the postmaster as a crash does."""
        kill(self.engines.postgres.child)

    def revive_postgres(self) -> None:
        """Start it again on its data."""
        revive(self.engines.postgres)

    def is_up(self) -> bool:
        """Tell whether PostgreSQL takes connections."""
        try:
            self.ask("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def kill_redis(self) -> None:
        """End Redis as a crash does."""
        kill(self.engines.redis.child)

    def revive_redis(self) -> None:
        """Start it again, empty."""
        self.engines.redis.start()
        self.engines.redis.wait()

    @contextmanager
    def redis(self) -> Iterator[Redis]:
        """Speak to Redis."""
        with Redis.from_url(self.engines.redis.url) as connection:
            yield connection

    def hurry(self) -> None:
        """Ask now for what the schedule would do within the minute: without Redis, the schedule itself."""
        try:
            with self.redis() as connection:
                queue = Queue(connection=connection, serializer=JSONSerializer)
                for name in JOBS:
                    queue.enqueue(f"app.jobs.{name}", result_ttl=0, failure_ttl=60)
        except RedisError:
            self.cron.stop()
            self.cron.start()

    def leases_end(self) -> None:
        """Let the minute pass for which a letter, or a delivery, belongs to a sender that died."""
        self.ask("UPDATE message SET due_at = now() WHERE state IN ('due', 'sending')")
        self.ask("UPDATE inbox SET due_at = now() WHERE state = 'waiting'")

    def settle(self) -> None:
        """Wait until every event is told, every delivery booked and every letter sent."""
        if not self.cron.running:
            self.cron.start()
        self.wait_for(lambda: self.ask(UNDONE) == [(0,)])

    def wait_for(self, done: Callable[[], bool]) -> None:
        """Wait for what the worker does; calls may have been lost, so make them again now and then."""
        for _ in range(int(PATIENCE / 3)):
            if wait_until(done, 3.0, STEP):
                return
            self.hurry()
        raise AssertionError(self.logs())

    def broken(self) -> list[str]:
        """Return the invariants that do not hold."""
        with self.app.app_context():
            db.engine.dispose()  # the database may have been another process before
            found = invariants.broken()
            db.session.rollback()
        return found

    def logs(self) -> str:
        """Return the ends of what the processes said."""
        children: tuple[Child, ...] = (self.web.child, self.worker, self.cron)
        return "\n".join(f"-- {child.name}\n{child.tail(15)}" for child in children)


def kill(child: Child) -> None:
    """End one process by kill -9, and nobody with it."""
    if child.process is not None:
        os.kill(child.process.pid, signal.SIGKILL)
        child.process.wait()


def _is_lost(connection: psycopg.Connection[tuple[Any, ...]]) -> bool:
    try:
        connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return True
    return False
