"""Shops' webhooks, in front of Flask: a delivery is in PostgreSQL before its answer leaves, many in one commit.

Only what is proven is answered here. Everything else, and what could not be written, goes on to
the Flask route, which says why.
"""

from __future__ import annotations

import base64
import json
import logging
import threading
import time
from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import SecurityError
from werkzeug.wsgi import get_host

from app import clock
from app.crypto import Unsealable, digest
from app.errors import DomainError
from app.extensions import queue
from app.group_commit import FAILURES, GroupCommit
from app.intake.shops import QUERY, reception
from app.web.headers import secure
from app.web.log import named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from flask import Flask

    from app.intake.shops.reception import Admitted, Channel

log = logging.getLogger(__name__)
Environ = dict[str, Any]

REMEMBERED = 5.0  # seconds that a connection is known without asking
MOST_REMEMBERED = 10_000
PAUSE = 0.02  # seconds between two calls of the worker
STEPS = 4  # of /hooks/<kind>/<connection>, with the nothing in front
PLAIN = {"CONTENT_TYPE", "CONTENT_LENGTH"}  # headers that WSGI gives no prefix
# A connection that was closed is out of the directory, and its rows are not written. A row that
# comes twice, because the answer to its commit was lost, is a delivery that comes twice: it books
# nothing. The tenant's offset counts by the second, as in app.clock, not by the calendar.
# An id that was there before writes nothing, and nothing is told of it: Flask looks whether it is the
# same message. The last number is `reception.print_of`.
INSERT = """INSERT INTO inbox (tenant_id, connection_id, topic, body, received_at, due_at, mark)
SELECT d.tenant_id, d.target_id, r.topic, decode(r.body, 'base64'),
       r.now + make_interval(secs => extract(epoch FROM t.clock_offset)::float8), r.wall, r.mark
FROM json_to_recordset($1::json)
     AS r(key text, topic text, body text, now timestamptz, wall timestamptz, mark text)
JOIN directory d ON d.kind = 'connection' AND d.key_hash = r.key
JOIN tenant t ON t.id = d.tenant_id
ON CONFLICT (tenant_id, connection_id, mark) WHERE mark IS NOT NULL DO NOTHING
RETURNING tenant_id, connection_id, CASE WHEN mark IS NULL THEN 0 ELSE ('x' || left(encode(sha256(
          convert_to(mark || '.', 'UTF8') || body), 'hex'), 15))::bit(60)::bigint END"""


class Sent(Mapping[str, str]):
    """The headers of a request, by their names in small letters, and its query under QUERY."""

    def __init__(self, environ: Environ) -> None:
        self.environ = environ

    def __getitem__(self, name: str) -> str:
        if name == QUERY:
            return str(self.environ.get("QUERY_STRING", ""))
        key = name.upper().replace("-", "_")
        return str(self.environ[key if key in PLAIN else f"HTTP_{key}"])

    def __iter__(self) -> Iterator[str]:
        yield QUERY
        for key in self.environ:
            if key.startswith("HTTP_") or key in PLAIN:
                yield key.removeprefix("HTTP_").replace("_", "-").lower()

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Kicks:
    """Calls the worker from a thread of its own, so that no answer waits for a Redis that does not answer.

    What is asked for while a call is under way, or just after it, is one call more. A call that dies
    with the process is made good by the schedule, which looks into the inbox by itself.
    """

    def __init__(self, job: str) -> None:
        self.job = job
        self.wanted = threading.Event()
        self.guard = threading.Lock()
        self.thread: threading.Thread | None = None

    def ask(self) -> None:
        """Have the job called soon."""
        self.wanted.set()
        if self.thread is None or not self.thread.is_alive():
            with self.guard:
                if self.thread is None or not self.thread.is_alive():
                    self.thread = threading.Thread(target=self._run, name=self.job, daemon=True)
                    self.thread.start()

    def _run(self) -> None:
        while self.wanted.wait():
            self.wanted.clear()
            queue.kick(self.job)
            time.sleep(PAUSE)


class Remembered(NamedTuple):
    """A connection and the moment from which it must be looked up again."""

    until: float
    key: str  # of the directory
    channel: Channel


class Hooks:
    """The WSGI function: takes proven deliveries, and leaves the rest to Flask."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.inner: Callable[..., Iterable[bytes]] = app.wsgi_app
        self.kicks = Kicks("drain_inbox")
        self.commits = GroupCommit(app, "deliveries", INSERT, self.kicks.ask)
        self.known: dict[str, Remembered] = {}
        self.headers: list[tuple[str, str]] = []

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer 200 once a delivery is on disk."""
        if not environ["PATH_INFO"].startswith("/hooks/") or not self.takes(environ):
            return self.inner(environ, start_response)
        request_id = named(environ.get("HTTP_X_REQUEST_ID", ""))
        start_response("200 OK", [*self.plain(), ("X-Request-ID", request_id)])
        return [b""]

    def takes(self, environ: Environ) -> bool:
        """Tell whether this was a proven delivery, and is on disk now."""
        size = size_of(environ, self.app.config["MAX_CONTENT_LENGTH"])
        if size is None or environ["REQUEST_METHOD"] != "POST" or environ.get("QUERY_STRING"):
            return False
        found = self.channel(environ)
        if found is None:
            return False
        body = environ["wsgi.input"].read(size)
        environ["wsgi.input"] = BytesIO(body)  # for Flask, should it come to that
        try:
            admitted = reception.admit(found.channel, Sent(environ), body)
        except DomainError:
            return False
        return admitted is not None and len(body) == size and self.keeps(found, admitted, body)

    def keeps(self, found: Remembered, admitted: Admitted, body: bytes) -> bool:
        """Write a delivery; False when it could not be, or the connection has just been closed."""
        row = {
            "key": found.key,
            "topic": admitted.topic,
            "mark": admitted.mark,
            "body": base64.b64encode(body).decode(),
            "now": clock.now().isoformat(),
            "wall": clock.wall().isoformat(),
        }
        try:
            told = self.commits.write(json.dumps(row))
        except FAILURES:
            return False
        number = reception.print_of(admitted.mark, body)
        return (found.channel.tenant, found.channel.connection, number) in told

    def channel(self, environ: Environ) -> Remembered | None:
        """Return the open connection of an address; what is not found is not remembered."""
        path = environ["PATH_INFO"]
        name = f"{environ.get('HTTP_HOST', '')}\n{path}"
        known = self.known.get(name)
        if known is not None and known.until > time.monotonic():
            return known
        steps = path.split("/")
        if len(steps) != STEPS:
            return None
        try:
            get_host(environ, self.app.config["TRUSTED_HOSTS"])
            with self.app.app_context():
                found = reception.find(steps[2], steps[3])
        except (SecurityError, Unsealable):
            return None
        except SQLAlchemyError as error:
            log.warning("a connection could not be looked up: %s", error)
            return None
        if found is None:
            return None
        if len(self.known) >= MOST_REMEMBERED:
            self.known.clear()
        made = Remembered(time.monotonic() + REMEMBERED, digest(steps[3]), found)
        self.known[name] = made
        return made

    def plain(self) -> list[tuple[str, str]]:
        """Return the headers of Flask's empty answer."""
        if not self.headers:
            with self.app.app_context():
                answer = secure(self.app.response_class())
            answer.vary.add("Cookie")  # as every page that might know its reader
            answer.content_length = 0
            self.headers = list(answer.headers)
        return self.headers


def init_app(app: Flask) -> None:
    """Stand in front of Flask, and behind what reads the proxy's headers: call before those are set."""
    hooks = Hooks(app)
    app.extensions["hooks"] = hooks
    app.wsgi_app = hooks  # type: ignore[method-assign]


def size_of(environ: Environ, most: int) -> int | None:
    """Return how long the body says it is; None where it does not say, or is too large to be read."""
    said = environ.get("CONTENT_LENGTH") or ""
    if not (said.isascii() and said.isdecimal()) or environ.get("HTTP_TRANSFER_ENCODING"):
        return None
    size = int(said[:20])
    return size if size <= most else None
