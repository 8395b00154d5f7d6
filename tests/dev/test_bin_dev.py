"""bin/dev as people start it: everything comes up, is said, and is ended, however it ends."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from app.dev import binaries, database
from app.dev.children import command_of, started_at, wait_until
from app.dev.postgres import Postgres, free_port
from app.dev.problem import Problem
from app.dev.redis_server import RedisServer
from app.dev.settings import Settings
from tests.harness.engines import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.engines import Addresses

PATIENCE = 150.0
SOON = 60.0
GIVEN = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SMTP_URL", "APP_ENV", "SECRET_KEY")


class Dev:
    """One bin/dev in a folder of its own; the environment is there already, so its last line is enough."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environ(self, **more: str) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if key not in GIVEN}
        return kept | {"VAR_DIR": str(self.folder), "PORT": str(self.port)} | more

    def start(self) -> None:
        command = [sys.executable, "-m", "app.dev"]
        with (self.folder / "said").open("ab") as said:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.environ(), stdout=said, stderr=said
            )
        assert wait_until(self.healthy, PATIENCE, 0.2), self.said

    def refuse(self, **more: str) -> str:
        """Start it where it cannot work and return what it says."""
        command = [sys.executable, "-m", "app.dev"]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environ(**more), capture_output=True, text=True, check=False
        )
        assert done.returncode == 1, done
        assert done.stdout == ""
        return done.stderr

    @property
    def said(self) -> str:
        return (self.folder / "said").read_text()

    def healthy(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.said
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def end(self, sign: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(sign)
        return self.process.wait(SOON)

    def left(self) -> list[str]:
        """Return the processes of this machine that still work for this run."""
        mine = []
        for path in Path("/proc").glob("[0-9]*"):
            pid = int(path.name)
            line = command_of(pid)
            about = str(self.folder) in line or f"--port {self.port}" in line
            if about and started_at(pid) and pid != os.getpid():
                mine.append(line)
        return mine


@pytest.fixture
def dev() -> Iterator[Dev]:
    folder = Path(tempfile.mkdtemp(prefix="partnerka-dev-"))
    folder.chmod(0o755)
    made = Dev(folder)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.end(signal.SIGTERM)
    shutil.rmtree(folder, ignore_errors=True)


def test_all_comes_up_by_one_command_and_nothing_survives_it(dev: Dev) -> None:
    dev.start()
    known = json.loads((dev.folder / "demo.json").read_text())
    assert known["url"] == dev.url
    assert known["office"]["login"]
    assert known["cabinet"]["refcode"]
    assert known["platform"]["password"]
    assert known["mailbox"].startswith(dev.url)
    assert wait_until(lambda: known["office"]["password"] in dev.said, SOON)
    with urllib.request.urlopen(f"{dev.url}/dev/shop/", timeout=SOON) as shop:  # another site
        assert shop.url == f"http://localhost:{dev.port}/dev/shop/"
        page = shop.read().decode()
    assert f'src="{dev.url}/w/{known["merchant"]}.js"' in page
    assert "data-partnerka-cabinet" in page
    assert len(dev.left()) >= 3  # database, web, the demo's maker
    assert dev.end(signal.SIGTERM) == 0
    assert wait_until(lambda: not dev.left(), SOON), dev.left()

    dev.start()  # the same data, and logins that still hold
    assert json.loads((dev.folder / "demo.json").read_text()) == known
    dev.end(signal.SIGKILL)
    assert wait_until(lambda: not dev.left(), SOON), dev.left()


def test_a_taken_port_is_said_in_one_sentence(dev: Dev) -> None:
    with socket.create_server(("127.0.0.1", dev.port)):
        said = dev.refuse()
    assert said.startswith(f"Port {dev.port} is taken")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "many", "PORT is 'many'"),
        ("DATABASE_URL", "mysql://localhost/x", "begins with postgresql://"),
        ("APP_ENV", "production", "must be set"),
        ("APP_ENV", "test", "bin/dev is for development"),
    ],
)
def test_settings_that_cannot_work_are_said_in_one_sentence(
    name: str, value: str, words: str
) -> None:
    with pytest.raises(Problem) as problem:
        Settings.read({name: value})
    assert words in str(problem.value)


@pytest.mark.parametrize("address", ["postgresql://a:b@127.0.0.1:1/x", "postgresql://a:b@[::1/x"])
def test_a_database_that_does_not_answer_is_said_in_one_sentence(address: str) -> None:
    with pytest.raises(Problem, match=r"^DATABASE_URL cannot be used: [^\n]+$"):
        database.prepare(address, "secret")


def test_a_role_that_cannot_make_others_is_said_in_one_sentence(environ: dict[str, str]) -> None:
    with pytest.raises(Problem, match=r"partnerka_app is no superuser"):
        database.prepare(environ["DATABASE_URL"], "secret")


def test_one_superuser_address_is_enough_and_asking_twice_changes_nothing(
    engines: Addresses, worker_name: str
) -> None:
    address = database.with_database(engines.superuser, f"a shop's own {worker_name}")
    made = database.prepare(address, "secret")
    assert database.prepare(address, "secret") == made
    assert not database.is_superuser(made.app)
    with psycopg.connect(made.owner) as connection:
        connection.execute("CREATE TABLE kept (id int)")


def test_without_any_postgresql_there_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(binaries, "DEBIAN", tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(Problem, match=r"^No PostgreSQL 15 or newer was found: install it"):
        binaries.postgres(None, tmp_path)
    with pytest.raises(Problem, match=r"^No Redis was found: install it"):
        binaries.redis()


def test_the_wheels_serve_where_the_machine_has_no_engines(
    monkeypatch: pytest.MonkeyPatch, dev: Dev
) -> None:
    monkeypatch.setenv("PATH", str(dev.folder))
    monkeypatch.setattr(binaries, "DEBIAN", dev.folder)
    postgres, redis = Postgres(dev.folder), RedisServer(dev.folder)
    try:
        redis.start()
        postgres.start()
        redis.wait()
        postgres.wait()
        assert database.is_superuser(postgres.url)
    finally:
        redis.stop()
        postgres.stop()
    assert wait_until(lambda: not dev.left(), SOON), dev.left()


def test_a_server_that_a_killed_run_left_behind_is_ended_by_the_next(dev: Dev) -> None:
    left = Postgres(dev.folder)
    left.start()
    left.wait()
    assert left.child.process is not None
    before = left.child.process.pid
    left.child.pid_file.unlink()
    again = Postgres(dev.folder)
    again.start()
    again.wait()
    try:
        left.child.process.wait(10)
        assert again.child.process is not None
        assert again.child.process.pid != before
    finally:
        again.stop()


def test_a_path_too_long_for_a_socket_means_a_loopback_port(dev: Dev) -> None:
    deep = dev.folder / ("x" * 90)
    deep.mkdir()
    server = Postgres(deep)
    assert not server.by_socket
    server.start()
    server.wait()
    try:
        assert "@127.0.0.1:" in server.url
    finally:
        server.stop()
