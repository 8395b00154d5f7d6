"""The product's own processes: migrations, demo, web, worker."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import psycopg
from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory

from app.dev.children import Child, wait_until
from app.dev.problem import Problem
from app.dev.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from app.dev.database import Addresses
    from app.dev.settings import Settings

READY = 120.0
THRIFTY = {"MALLOC_ARENA_MAX": "2"}  # for glibc: threads that take turns need no heaps of their own
FLASK = [sys.executable, "-m", "flask", "--app", "wsgi"]


def environment(
    settings: Settings, addresses: Addresses, redis_url: str, smtp_url: str
) -> dict[str, str]:
    """Return the environment of every process of the product."""
    return os.environ | {
        "APP_ENV": "development",
        "PORT": str(settings.port),
        "VAR_DIR": str(settings.var_dir),
        "DATABASE_URL": addresses.app,
        "DATABASE_OWNER_URL": addresses.owner,
        "REDIS_URL": redis_url,
        "SMTP_URL": smtp_url,
        "SECRET_KEY": os.environ.get("SECRET_KEY") or settings.secret,
        "PUBLIC_URL": os.environ.get("PUBLIC_URL") or settings.url,
        # SMS and webhooks may be tried on this very server.
        "EGRESS_ALLOW": os.environ.get("EGRESS_ALLOW", f"127.0.0.1:{settings.port}"),
        "PYTHONUNBUFFERED": "1",
    }


def migrate(owner_url: str, env: Mapping[str, str], log: Path) -> None:
    """Bring the database to the newest migration, by the same command that operators use."""
    if _is_newest(owner_url):
        return
    with log.open("wb") as output:
        done = subprocess.run(  # noqa: S603 - our own fixed command
            [*FLASK, "db", "upgrade"], cwd=ROOT, env=env, stdout=output, stderr=output, check=False
        )
    if done.returncode:
        lines = log.read_text(errors="replace").strip().splitlines()
        msg = f"The migrations failed ({log}): {lines[-1] if lines else 'no word'}"
        raise Problem(msg)


def web(settings: Settings, env: Mapping[str, str], folder: Path) -> Child:
    """Return the web server, not started."""
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"),
        *("--host", "127.0.0.1", "--port", str(settings.port)),
        *("--workers", "2", "--blocking-threads", "8", "--respawn-failed-workers"),
        *("--workers-kill-timeout", "5", "wsgi:app"),
    ]
    return Child("web", command, folder=folder, env={**THRIFTY, **env}, cwd=ROOT)


def worker(env: Mapping[str, str], folder: Path) -> Child:
    """Return the worker, which is also the clock of scheduled jobs, not started."""
    return Child("worker", [sys.executable, "worker.py"], folder=folder, env=env, cwd=ROOT)


def seeding(env: Mapping[str, str], folder: Path, target: Path) -> Child:
    """Return the demo's maker: logins first, then it goes on filling."""
    command = [*FLASK, "seed-demo", "--write", str(target)]
    return Child("seed-demo", command, folder=folder, env=env, cwd=ROOT)


def wait_healthy(child: Child, url: str) -> None:
    """Wait until /healthz says yes; raises Problem with the end of the log when it does not."""
    if not wait_until(lambda: not child.running or _healthy(url), READY) or not child.running:
        msg = f"The web server did not become healthy ({child.log}): {child.tail(3)}"
        raise Problem(msg)


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=5) as answer:  # noqa: S310 - our own loopback address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _is_newest(owner_url: str) -> bool:
    """Tell whether there is nothing to do, without the seconds that the whole command takes."""
    config = AlembicConfig()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    heads = set(ScriptDirectory.from_config(config).get_heads())
    with psycopg.connect(owner_url.replace("+psycopg", "", 1)) as connection:
        table = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
        if table is None or table[0] is None:
            return False
        return {
            row[0] for row in connection.execute("SELECT version_num FROM alembic_version")
        } == heads
