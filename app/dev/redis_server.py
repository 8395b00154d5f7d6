"""A Redis server of our own on a free loopback port, behind a password; it keeps nothing on disk."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from redis import Redis
from redis.exceptions import RedisError

from app.dev import binaries
from app.dev.children import Child, wait_until
from app.dev.postgres import free_port
from app.dev.problem import Problem

if TYPE_CHECKING:
    from pathlib import Path

READY = 60.0


class RedisServer:
    """One server; flushing or losing it loses nothing but waiting calls, which the sweep makes again."""

    def __init__(self, var_dir: Path) -> None:
        """Find the program and choose a port and a password."""
        self.port = free_port()
        self.password = secrets.token_hex(16)
        self.folder = var_dir / "run"
        command = [str(binaries.redis()), str(self.folder / "redis.conf")]
        self.child = Child("redis", command, folder=self.folder, cwd=self.folder)

    @property
    def url(self) -> str:
        """Address, password included."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it; returns before it answers, see `wait`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        conf = self.folder / "redis.conf"
        conf.touch(mode=0o600)
        conf.write_text(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\n"
            'save ""\nappendonly no\ndaemonize no\n'
        )
        self.child.start()

    def wait(self) -> None:
        """Wait until it answers; raises Problem with the end of its log when it does not."""
        if (
            not wait_until(lambda: not self.child.running or self._answers(), READY)
            or not self.child.running
        ):
            msg = f"Redis did not start ({self.child.command[0]}): {self.child.tail(3)}"
            raise Problem(msg)

    def stop(self) -> None:
        """End it."""
        self.child.stop()

    def _answers(self) -> bool:
        try:
            with Redis.from_url(self.url, socket_connect_timeout=1, socket_timeout=1) as client:
                return bool(client.ping())
        except RedisError:
            return False
