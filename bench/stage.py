"""Where the trials are held: engines, database and ports of their own, the product as users start it."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import psycopg

from app import create_app
from app.config import Config
from app.dev import database
from app.dev.children import Child, wait_until
from app.dev.postgres import Postgres, free_port
from app.dev.product import THRIFTY
from app.dev.redis_server import RedisServer
from app.extensions import db
from app.onboarding.service import create_merchant
from app.tenancy import PLATFORM, tenant_scope
from bench.cpu import accounted
from bench.load import press
from bench.trial import Work

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from app.application import App
    from app.onboarding.service import NewMerchant
    from bench.cpu import Spent
    from bench.load import Call

ROOT = Path(__file__).resolve().parent.parent
READY = 60.0


class Stage:
    """All that trials may use; everything it starts it ends."""

    def __init__(self, scale: str) -> None:
        self.scale = scale  # small or full
        self.folder = Path(tempfile.mkdtemp(prefix="partnerka-bench-"))
        self.folder.chmod(0o755)
        self.secret = secrets.token_hex(32)
        self.postgres = Postgres(self.folder)
        self.redis = RedisServer(self.folder)
        self.servers: list[Child] = []

    def open(self) -> None:
        """Start the engines and make the database."""
        self.postgres.start()
        self.redis.start()
        self.postgres.wait()
        self.redis.wait()
        addresses = database.prepare(self.postgres.url, self.secret, "partnerka_bench")
        self.environ = {
            "APP_ENV": "test",  # argon2 without its cost; nothing else differs
            "SECRET_KEY": self.secret,
            "DATABASE_URL": addresses.app,
            "DATABASE_OWNER_URL": addresses.owner,
            "REDIS_URL": self.redis.url,
            "VAR_DIR": str(self.folder),
            "PUBLIC_URL": "http://127.0.0.1",
        }
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
        subprocess.run(
            command, cwd=ROOT, env=os.environ | self.environ, check=True, capture_output=True
        )

    def close(self) -> None:
        """End everything and leave nothing."""
        for child in self.servers:
            child.stop(grace=2.0)
        if "app" in self.__dict__:
            with self.app.app_context():
                db.engine.dispose()
        self.redis.stop()
        self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def inherited(self) -> dict[str, str]:
        """Return the environment of the product's processes."""
        return dict(os.environ | self.environ)

    @cached_property
    def app(self) -> App:
        """The application in this process: to prepare rows and to ask for the truth."""
        return create_app(Config.from_env(os.environ | self.environ))

    @cached_property
    def web(self) -> str:
        """Address of the product's web server."""
        return self._serve("web", "wsgi:app")

    @cached_property
    def trivial(self) -> str:
        """Y1: a trivial Flask route on the same kind of server."""
        return self._serve("y1", "bench.yardsticks:trivial")

    @property
    def superuser(self) -> str:
        """Address of the maintenance database, for yardsticks that make databases of their own."""
        return self.postgres.url

    def merchant(self, name: str) -> NewMerchant:
        """Make a merchant; the caller stands in `scope`, and commits."""
        slug = f"{name.lower()}-{secrets.token_hex(3)}"
        with tenant_scope(PLATFORM):
            return create_merchant(
                name=name, slug=slug, email=f"owner@{slug}.example", currency="RUB", locale="en",
                timezone="Europe/Moscow", site=f"{slug}.example", owner_name="Owner",
            )  # fmt: skip

    @contextmanager
    def scope(self, tenant_id: int) -> Iterator[None]:
        """Stand in a merchant's scope, within an application context."""
        with tenant_scope(tenant_id):
            yield

    def rows(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """Return what the owner of the tables sees."""
        url = self.environ["DATABASE_OWNER_URL"].replace("+psycopg", "", 1)
        with psycopg.connect(url) as connection:
            return list(connection.execute(statement, values).fetchall())

    def commit_seconds(self, times: int = 50) -> float:
        """Return what one commit takes here now: the disk's word on every rate of writes."""
        took = []
        with psycopg.connect(self.superuser, autocommit=True) as connection:
            for _ in range(times):
                began = time.monotonic()
                connection.execute("SELECT pg_logical_emit_message(true, 'bench', '')")
                took.append(time.monotonic() - began)
        return median(took)

    def pressed(self, call: Call, seconds: float) -> Work:
        """Load one of the servers; the CPU is that of all servers and of the database."""
        with self.measured() as spent:
            answers, took = press(call, seconds)
        return Work(answers, took, spent.seconds)

    def measured(self) -> AbstractContextManager[Spent]:
        """Account for the CPU of everything on the stage."""
        children = [*self.servers, self.postgres.child, self.redis.child]
        return accounted([c.process.pid for c in children if c.process is not None])

    def process(self, name: str) -> int:
        """Return the pid of a server by its name."""
        return next(c.process.pid for c in self.servers if c.name == name and c.process is not None)

    def _serve(self, name: str, target: str) -> str:
        port = free_port()
        command = [
            *(
                sys.executable,
                "-m",
                "granian",
                "--interface",
                "wsgi",
                "--no-ws",
                "--log-level",
                "error",
            ),
            *(
                "--host",
                "127.0.0.1",
                "--port",
                str(port),
                "--workers",
                "2",
                "--blocking-threads",
                "8",
            ),
            *("--workers-kill-timeout", "2", target),
        ]
        env = THRIFTY | os.environ | self.environ
        child = Child(name, command, folder=self.folder, env=env, cwd=ROOT)
        child.start()
        self.servers.append(child)
        url = f"http://127.0.0.1:{port}"
        ready = wait_until(lambda: not child.running or _answers(port), READY, 0.1)
        if not ready or not child.running:
            raise RuntimeError(child.tail(20))
        return url


@contextmanager
def stage(scale: str) -> Iterator[Stage]:
    """Open the stage for the block and clear it away, whatever happens."""
    made = Stage(scale)
    try:
        made.open()
        yield made
    finally:
        made.close()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
