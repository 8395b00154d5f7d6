"""A PostgreSQL and a Redis for each worker of a run; a migrated template, copied for its database."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from app.dev import database
from app.dev.children import wait_until
from app.dev.postgres import Postgres
from app.dev.problem import Problem
from app.dev.redis_server import RedisServer

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATE = "partnerka_template"
KEPT = ROOT / "var" / "test-template"
HOUR = 3600
SECRET = "the tests' own secret, at least 32 characters"
# Tests throw the data away: nothing needs to reach the disk.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "shared_buffers": "256MB",
}


@dataclass(frozen=True)
class Addresses:
    """What a worker must know of the engines; plain text, so that it travels to the workers."""

    superuser: str
    redis: str

    def packed(self) -> dict[str, Any]:
        """Return what xdist can carry."""
        return asdict(self)


class Engines:
    """The servers of this run, in a folder of their own; ended by pid, and the folder removed."""

    def __init__(self, **settings: str) -> None:
        """Start both and make the template; PostgreSQL with these settings, else as fast as it can."""
        self.folder = Path(tempfile.mkdtemp(prefix="partnerka-test-"))
        self.folder.chmod(0o755)
        self.redis = RedisServer(self.folder)
        self.postgres = Postgres(self.folder, settings=FAST | settings)
        try:
            self.redis.start()
            self._start_postgres()
            self.redis.wait()
        except BaseException:
            self.stop()
            raise
        self.addresses = Addresses(self.postgres.url, self.redis.url)

    def _start_postgres(self) -> None:
        """Start on a copy of what the last run migrated, as long as the migrations are the same."""
        data = self.postgres.data
        kept = KEPT / f"{data.name}-{_fingerprint()}"
        if kept.is_dir():
            _copy(kept, data.parent)
            self.postgres.start()
            self.postgres.wait()
            return
        self.postgres.start()
        self.postgres.wait()
        migrate(database.prepare(self.postgres.url, SECRET, TEMPLATE), self.folder)
        self.postgres.stop()  # only the files of a stopped server are whole
        _keep((data, data.with_suffix(".password")), kept)
        self.postgres.start()
        self.postgres.wait()

    def stop(self) -> None:
        """End both."""
        self.redis.stop()
        self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def revive(server: Postgres) -> None:
    """Start a killed server on its data; sessions of the dead one may hold its memory for a moment."""
    said: list[Problem] = []

    def up() -> bool:
        server.start()
        try:
            server.wait()
        except Problem as problem:
            said.append(problem)
            return False
        return True

    assert wait_until(up, 60.0, 0.2), said[-1:]


def migrate(addresses: database.Addresses, folder: Path) -> None:
    """Bring a database to the newest migration, as the owner, by the command that everybody uses."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
    env = os.environ | {
        "APP_ENV": "test",
        "SECRET_KEY": SECRET,
        "VAR_DIR": str(folder),
        "DATABASE_URL": addresses.app,
        "DATABASE_OWNER_URL": addresses.owner,
        "REDIS_URL": "",
    }
    done = subprocess.run(command, cwd=ROOT, env=env, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)


def _fingerprint() -> str:
    """Return what changes when a migrated template must be made anew."""
    told = hashlib.sha256()
    sources = [*(ROOT / "migrations").rglob("*.py"), ROOT / "app" / "dev" / "database.py"]
    for source in sorted(sources):
        told.update(source.name.encode() + source.read_bytes())
    return told.hexdigest()[:16]


def _keep(paths: tuple[Path, ...], kept: Path) -> None:
    """Put files aside for the next run; whole or not at all, also when two runs do it at once."""
    KEPT.mkdir(parents=True, exist_ok=True)
    for old in KEPT.iterdir():
        if time.time() - old.stat().st_ctime > HOUR:
            shutil.rmtree(old, ignore_errors=True)
    fresh = KEPT / f"new-{os.getpid()}"
    fresh.mkdir()
    for path in paths:
        subprocess.run(["/bin/cp", "-a", str(path), str(fresh)], check=True)
    try:
        fresh.rename(kept)
    except OSError:  # another run was first
        shutil.rmtree(fresh, ignore_errors=True)


def _copy(kept: Path, to: Path) -> None:
    subprocess.run(["/bin/cp", "-a", f"{kept}/.", str(to)], check=True)


def worker_database(addresses: Addresses, worker: str) -> database.Addresses:
    """Make this worker's database from the template and return how the app and the owner reach it."""
    name = f"partnerka_{worker}"
    with psycopg.connect(addresses.superuser, autocommit=True) as connection:
        # One copy at a time: the template must have no other visitor.
        connection.execute("SELECT pg_advisory_lock(hashtext('partnerka template'))")
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}")
        parts = (sql.Identifier(p) for p in (name, TEMPLATE, database.OWNER))
        connection.execute(statement.format(*parts))
    return database.prepare(addresses.superuser, SECRET, name)
