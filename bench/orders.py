"""P3 to P7: orders over HTTP and through the inbox, nine levels and eighteen entries an order."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg
from redis import Redis

from app.dev.children import Child, wait_until
from app.dev.database import with_database
from app.extensions import queue
from app.ledger.checks import broken
from bench import naive
from bench.deliveries import (
    ENTRIES,
    KEYS,
    delivery,
    hook_call,
    loyal_call,
    open_loyal_shop,
    open_shop,
    put_call,
)
from bench.pgbench import NAME, Pgbench
from bench.replay import replay
from bench.stage import READY, ROOT
from bench.trial import Trial, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.deliveries import Shop
    from bench.stage import Stage

WORKERS = 2
FIRST = 40  # deliveries a second that the first run of a drain is made for
MOST = {"hook": 6000, "put": 500}  # requests a second that are prepared for a run
FIFTY = 50
_FILL = "COPY inbox (tenant_id, connection_id, topic, body, received_at, due_at) FROM STDIN"


def orders(stage: Stage) -> list[Trial]:
    """All trials, on shops of their own."""
    return [*hook(stage), *put(stage), *inbox(stage)]


def hook(stage: Stage) -> list[Trial]:
    """P3: a webhook is in PostgreSQL before its answer leaves."""
    ground, shop = Ground(stage), open_shop(stage, "Hook")
    accepted = Web(ground, shop, hook_call, MOST["hook"])
    return [
        Trial("P3", "webhook accepted : Y2", "order", 0.7, accepted.run, Pgbench(stage).run, NAME,
              truth=lambda: ground.wrong_inbox(shop, accepted.answers)),
    ]  # fmt: skip


def put(stage: Stage) -> list[Trial]:
    """P4: an order is posted in the request."""
    ground, shop = Ground(stage), open_shop(stage, "Api", keys=KEYS)
    posted = Web(ground, shop, put_call, MOST["put"])
    return [
        Trial("P4", "PUT /orders : Y2", "order", 0.35, posted.run, Pgbench(stage).run, NAME,
              truth=lambda: ground.wrong_orders([shop], posted.answers)),
    ]  # fmt: skip


def put_loyalty(stage: Stage) -> list[Trial]:
    """P4b: the same with loyalty on: each order earns by a rule, every other is paid with bonuses in part."""
    ground, shop = Ground(stage), open_loyal_shop(stage, "Loyal", keys=KEYS)
    plain = open_shop(stage, "Plain", keys=KEYS)
    posted = Web(ground, shop, loyal_call, MOST["put"])
    without = Web(ground, plain, put_call, MOST["put"])
    return [
        Trial("P4b", "PUT /orders with loyalty : without", "order", 0.5, posted.run, without.run,
              "the same orders where loyalty is off", truth=ground.broken),
    ]  # fmt: skip


def inbox(stage: Stage) -> list[Trial]:
    """P5 to P7: what two workers make of the inbox."""
    y2, ground, hot = Pgbench(stage), Ground(stage), open_shop(stage, "Hot", keys=KEYS)
    fifty = [open_shop(stage, f"Shop{n}") for n in range(FIFTY)]
    drained = Drain(ground, [hot])
    spread = Drain(ground, fifty)
    plain = naive.Naive(stage, open_shop(stage, "Naive"))
    replayed = Replays(ground, hot)
    return [
        Trial("P5", "inbox drain : Y2", "order", 1.0, drained.run, y2.run, NAME,
              truth=lambda: ground.wrong_orders([hot], drained.sent)),
        Trial("P5b", "inbox drain : naive", "order", 15.0, drained.run, plain.run,
              "Y4 the naive ORM form, 2 processes",
              truth=lambda: ground.wrong_orders([hot], drained.sent)),
        Trial("P6", "duplicates : Y2", "delivery", 3.0, replayed.run, y2.run, NAME,
              truth=replayed.wrong),
        Trial("P7", "one hot tenant : fifty", "order", 0.95, drained.run, spread.run,
              "the same orders spread over fifty tenants",
              truth=lambda: ground.wrong_orders([hot], drained.sent)
              or ground.wrong_orders(fifty, spread.sent)),
    ]  # fmt: skip


class Ground:
    """What all trials do with the stage: fill the inbox, have it drained, ask for the truth."""

    def __init__(self, stage: Stage) -> None:
        """Nothing is started before it is needed."""
        self.stage = stage
        self.admin = with_database(stage.superuser, "partnerka_bench")

    def rows(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """Return what the superuser sees."""
        with psycopg.connect(self.admin) as connection:
            return list(connection.execute(statement, values).fetchall())

    def number(self, statement: str, *values: object) -> int:
        """Return one number."""
        return int(str(self.rows(statement, *values)[0][0]))

    def drain(self, deliveries: list[tuple[Shop, bytes]]) -> Work:
        """Leave deliveries in the inbox, call two workers, and wait until nothing waits."""
        with psycopg.connect(self.admin) as connection:
            connection.execute("DELETE FROM inbox WHERE state = 'waiting'")
            at = datetime.now(UTC)
            with connection.cursor().copy(_FILL) as copy:
                for shop, body in deliveries:
                    copy.write_row(
                        (shop.tenant_id, shop.connection_id, "order.updated", body, at, at)
                    )
        with self._workers(), self.stage.measured() as spent:
            began = time.monotonic()
            with self.stage.app.app_context():
                for _ in range(WORKERS):
                    queue.enqueue("drain_inbox")
            self._wait()
            took = time.monotonic() - began
        return Work(len(deliveries), took, spent.seconds)

    def _wait(self) -> None:
        with psycopg.connect(self.admin, autocommit=True) as connection:
            left, moved = -1, time.monotonic()
            while left != 0:
                row = connection.execute(
                    "SELECT count(*) FROM inbox WHERE state = 'waiting'"
                ).fetchone()
                now = int(row[0]) if row else 0
                if now != left:
                    left, moved = now, time.monotonic()
                if time.monotonic() - moved > READY:
                    message = f"{left} deliveries are not booked"
                    raise RuntimeError(message)
                time.sleep(0.02)

    @contextmanager
    def _workers(self) -> Iterator[None]:
        """Start the product's workers as users do, idle and with an empty queue."""
        redis = Redis.from_url(self.stage.redis.url)
        redis.flushall()
        command = [sys.executable, "worker.py", "--role", "worker"]
        made = [
            Child(f"worker{n}", command, folder=self.stage.folder, env=self.stage.inherited, cwd=ROOT)
            for n in range(WORKERS)
        ]  # fmt: skip
        try:
            for child in made:
                child.start()
                self.stage.servers.append(child)
            if not wait_until(lambda: redis.scard("rq:workers") == WORKERS, READY):
                raise RuntimeError(made[0].tail(20))
            yield
        finally:
            for child in made:
                self.stage.servers.remove(child)
                child.signal_end()
            for child in made:
                child.stop(grace=5.0)
            redis.close()

    def wrong_inbox(self, shop: Shop, answers: int) -> str | None:
        """Every accepted webhook is a row."""
        kept = "SELECT count(*) FROM inbox WHERE connection_id = %s AND tenant_id = %s"
        found = self.number(kept, shop.connection_id, shop.tenant_id)
        return None if found == answers else f"{answers} answers, {found} deliveries kept"

    def wrong_orders(self, shops: list[Shop], sent: int) -> str | None:
        """Every order is there, booked once and whole; and every invariant of the money holds."""
        ids = [shop.tenant_id for shop in shops]
        made = self.number("SELECT count(*) FROM orders WHERE tenant_id = ANY(%s)", ids)
        booked = self.number(
            "SELECT count(*) FROM (SELECT order_id FROM transfer WHERE tenant_id = ANY(%s)"
            " GROUP BY order_id HAVING count(*) = %s AND count(DISTINCT reference) = 1) t",
            ids, ENTRIES,
        )  # fmt: skip
        if not made == booked == sent:
            return f"{sent} sent, {made} orders, {booked} booked with {ENTRIES} entries"
        return self.broken()

    def broken(self) -> str | None:
        """Ask every invariant of the money."""
        with self.stage.app.app_context():
            found = broken()
        return str(found[0]) if found else None


class Web:
    """Calls over HTTP, each sent once."""

    def __init__(
        self, ground: Ground, shop: Shop, make: Callable[[Shop], bytes], most: int
    ) -> None:
        self.ground, self.shop, self.make, self.most = ground, shop, make, most
        self.answers = 0

    def run(self, seconds: float) -> Work:
        """Send for so long; the CPU is that of the servers and of the database."""
        server = self.ground.stage.web
        calls = [self.make(self.shop) for _ in range(int(seconds * self.most))]
        with self.ground.stage.measured() as spent:
            answers, took = replay(server, calls, seconds)
        self.answers += answers
        return Work(answers, took, spent.seconds)


class Drain:
    """New orders in the inbox, dealt out to shops in turn."""

    def __init__(self, ground: Ground, shops: list[Shop]) -> None:
        self.ground, self.shops = ground, shops
        self.rate, self.sent = float(FIRST), 0

    def run(self, seconds: float) -> Work:
        """Drain about as many as the time is long, by the rate of the last run."""
        many = max(int(self.rate * seconds), 2 * WORKERS)
        dealt = (self.shops[n % len(self.shops)] for n in range(many))
        work = self.ground.drain([(shop, delivery(shop)) for shop in dealt])
        self.rate, self.sent = work.rate, self.sent + work.units
        return work


class Replays:
    """Deliveries that were booked before, delivered again and again."""

    def __init__(self, ground: Ground, shop: Shop) -> None:
        self.ground, self.shop = ground, shop
        self.rate, self.before = float(FIRST), ()  # type: tuple[float, tuple[object, ...]]

    def run(self, seconds: float) -> Work:
        """Replay about as many as the time is long."""
        self.before = self.before or self._state()
        many = max(int(self.rate * seconds), 2 * WORKERS)
        kept = self.ground.rows(
            "SELECT body FROM inbox WHERE connection_id = %s AND tenant_id = %s AND state = 'done'"
            " ORDER BY id LIMIT 500",
            self.shop.connection_id, self.shop.tenant_id,
        )  # fmt: skip
        bodies = [bytes(row[0]) for row in kept]  # type: ignore[call-overload]
        again = [(self.shop, bodies[n % len(bodies)]) for n in range(many)]
        work = self.ground.drain(again)
        self.rate = work.rate
        return work

    def wrong(self) -> str | None:
        """No row of any table of orders and money was added."""
        now = self._state()
        return None if now == self.before else f"rows before {self.before}, after {now}"

    def _state(self) -> tuple[object, ...]:
        tables = (
            "orders",
            "order_message",
            "member",
            "transfer",
            "deal",
            "share",
            "claim",
            "event",
        )
        counts = ", ".join(
            f"(SELECT count(*) FROM {t} WHERE tenant_id = {self.shop.tenant_id})" for t in tables
        )
        return self.ground.rows(f"SELECT {counts}")[0]
