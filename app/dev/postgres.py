"""A PostgreSQL server of our own: made, started, known again after a crash, and ended."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg

from app.dev import binaries
from app.dev.account import home, run_as, unprivileged
from app.dev.children import Child, command_of, end, wait_until
from app.dev.problem import Problem

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_SOCKET = 100  # bytes; the kernel allows 107, some systems 103
SOCKET_NAME = ".s.PGSQL.5432"
READY = 60.0
QUIET = range(20_000, 32_000)
# Plans that sessions made while the tables were empty are thrown away by the first statistics.
NEW = {"autovacuum_naptime": "5s"}


class Postgres:
    """One server with its data below `var_dir`, or in the temporary directory when root's folders are closed."""

    def __init__(self, var_dir: Path, *, settings: dict[str, str] | None = None) -> None:
        """Find the programs and decide on folders; nothing is started or written yet but folders."""
        self.account = unprivileged()
        self.home = home(var_dir, self.account)
        self.bin, version = binaries.postgres(self.account, self.home)
        self.data = self.home / f"postgres-{version}"
        self.sockets = self.home / "sockets"
        self.by_socket = _fits_a_socket(self.sockets)
        self.port = 5432 if self.by_socket else free_port()
        self.settings = NEW | (settings or {})
        self.child = Child(
            "postgres",
            self._command(),
            folder=var_dir / "run",
            account=self.account,
            stop_signal=signal.SIGINT,  # "fast": ends sessions, keeps what was committed
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
        )

    @property
    def url(self) -> str:
        """Address of the superuser's maintenance database."""
        password = self._password_file.read_text().strip()
        if self.by_socket:
            return f"postgresql://postgres:{password}@/postgres?host={quote(str(self.sockets))}"
        return f"postgresql://postgres:{password}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it (making its data first if there are none); returns before it answers, see `wait`."""
        self._end_stale_server()
        if not self.data.exists():
            self._make_data()
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        if self.account:
            self.account.own(self.sockets)
        self.child.start()

    def wait(self) -> None:
        """Wait until it answers; raises Problem with the end of its log when it does not."""
        if (
            not wait_until(lambda: not self.child.running or self._answers(), READY)
            or not self.child.running
        ):
            msg = f"PostgreSQL did not start ({self.bin}): {self.child.tail(3)}"
            raise Problem(msg)

    def stop(self) -> None:
        """End it; committed data stay."""
        self.child.stop()

    @property
    def _password_file(self) -> Path:
        return self.data.with_suffix(".password")

    def _command(self) -> list[str]:
        address = {
            "listen_addresses": "" if self.by_socket else "127.0.0.1",
            "unix_socket_directories": str(self.sockets) if self.by_socket else "",
            "port": str(self.port),
        }
        options = [f"--{key}={value}" for key, value in (address | self.settings).items()]
        return [str(self.bin / "postgres"), "-D", str(self.data), *options]

    def _make_data(self) -> None:
        """Make the data beside their place and move them there whole, so that a killed run leaves no half."""
        fresh = self.data.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password = secrets.token_hex(16)
        typed = self.data.with_suffix(".typed")
        typed.write_text(password)
        typed.chmod(0o600)
        if self.account:
            self.account.own(fresh)
            self.account.own(typed)
        made = run_as(self.account, self._initdb(fresh, typed))
        typed.unlink()
        if made.returncode:
            msg = f"PostgreSQL could not make its data in {fresh}: {made.stderr.strip()}"
            raise Problem(msg)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(password)
        fresh.rename(self.data)

    def _initdb(self, folder: Path, password: Path) -> list[str]:
        locale = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
        return [
            str(self.bin / "initdb"),
            f"--pgdata={folder}",
            "--username=postgres",
            "--auth=scram-sha-256",
            f"--pwfile={password}",
            "--encoding=UTF8",
            f"--locale={locale}",
            "--no-sync",
            "--no-instructions",
        ]

    def _end_stale_server(self) -> None:
        """End a server that a killed run left on these data: its own pid file says who it is."""
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        pid = pid_file.read_text().split("\n", 1)[0].strip()
        if pid.isdecimal() and str(self.data) in command_of(int(pid)):
            end(int(pid), signal.SIGINT)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def _fits_a_socket(folder: Path) -> bool:
    """Tell whether the folder can be named to PostgreSQL, which takes a list, and to the kernel."""
    return len(os.fsencode(folder / SOCKET_NAME)) <= LONGEST_SOCKET and not set(str(folder)) & set(
        ",\"'"
    )


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on now.

    From below those that systems give to whoever calls: no call takes it before its server is up.
    """
    for port in secrets.SystemRandom().sample(QUIET, 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Problem("No port of this machine is free.")
