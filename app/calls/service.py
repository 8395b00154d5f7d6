"""Keep the last calls of each key, off the way of the calls themselves.

A call is put into this process's memory and forgotten by it; a thread masks what gathered and hands it
to Redis twice a second; the worker writes it down and forgets what is old. What a process had not
handed on when it died, or what came while Redis was away, is missing in the log, and nowhere else.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError
from sqlalchemy import delete, insert, text

from app import clock
from app.calls.models import ApiCall
from app.calls.rules import AGE_DAYS, MOST, Call, masked_call
from app.extensions import db, queue

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)
NAME, JOB = "api_calls", "keep_calls"
PAUSE = 0.5  # seconds for which calls gather
WAITING = 5_000  # calls that may wait in a process, and twenty times as many in Redis
TOGETHER = 500  # calls that are written in one go

# Of each key the last ones stay: those up to the first that is one too many go.
_FORGET = text(
    """
    DELETE FROM api_call c USING (
        SELECT key_id, id FROM (
            SELECT key_id, id, row_number() OVER (PARTITION BY key_id ORDER BY id DESC) AS n
            FROM api_call WHERE key_id = ANY(:keys)) r
        WHERE n = :most + 1) edge
    WHERE c.key_id = edge.key_id AND c.id <= edge.id
    """
)


@dataclass
class Recorder:
    """Calls of this process on their way to Redis."""

    waiting: deque[Call] = field(default_factory=lambda: deque(maxlen=WAITING))
    salt: bytes = b""
    thread: threading.Thread | None = None
    guard: threading.Lock = field(default_factory=threading.Lock)

    def note(self, call: Call, salt: str) -> None:
        """Put a call aside; costs nothing but memory, and waits for nobody."""
        self.waiting.append(call)
        if self.thread is None and queue.redis is not None:
            with self.guard:
                if self.thread is None:
                    self.salt = salt.encode()
                    self.thread = threading.Thread(target=self._run, name="calls", daemon=True)
                    self.thread.start()

    def hand_on(self) -> int:
        """Mask what gathered and give it to Redis; returns how many calls. What Redis does not take is lost."""
        rows: list[str] = []
        while self.waiting and len(rows) < TOGETHER:
            rows.append(json.dumps(masked_call(self.waiting.popleft(), self.salt)))
        if rows and queue.redis is not None:
            try:
                with queue.redis.pipeline(transaction=False) as pipe:
                    pipe.rpush(NAME, *rows)
                    pipe.ltrim(NAME, -20 * WAITING, -1)
                    pipe.execute()
            except RedisError as error:
                log.warning("calls are not kept: %s", error)
        return len(rows)

    def _run(self) -> None:
        while True:
            time.sleep(PAUSE)
            try:
                while self.hand_on() == TOGETHER:
                    pass
            except Exception:
                # An edge: a call that cannot be masked must not end the log of all others.
                log.exception("calls are not kept")


recorder = Recorder()


def fetch() -> None:
    """Ask the worker to write down now what waits: somebody wants to read it."""
    queue.kick(JOB)


def take() -> dict[int, list[dict[str, Any]]]:
    """Take from Redis what is to be written, by tenant; nothing when there is nothing, or no Redis."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    if queue.redis is None:
        return {}
    try:
        rows: Any = queue.redis.lpop(NAME, TOGETHER)
    except RedisError:
        return {}
    for row in rows or ():
        said = json.loads(row)
        found[said.pop("tenant_id")].append(said)
    return dict(found)


def write(rows: Sequence[dict[str, Any]]) -> None:
    """Write calls of the tenant in scope, and forget what is above the number kept of each key."""
    db.session.execute(insert(ApiCall), list(rows))
    keys = sorted({row["key_id"] for row in rows})
    db.session.execute(_FORGET, {"keys": keys, "most": MOST})


def prune() -> None:
    """Forget calls that are older than a month."""
    old = ApiCall.at < clock.wall() - timedelta(days=AGE_DAYS)
    db.session.execute(delete(ApiCall).where(old))
