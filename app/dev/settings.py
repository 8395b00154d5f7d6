"""What bin/dev reads from the environment, and the one folder it writes to."""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.config import Config, ConfigError
from app.dev.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Settings:
    """The few words that bin/dev listens to; empty addresses mean: start one of our own."""

    port: int
    var_dir: Path
    database_url: str
    owner_url: str
    redis_url: str
    smtp_url: str

    @staticmethod
    def read(environ: Mapping[str, str]) -> Settings:
        """Read them; raises Problem with one sentence for what cannot work."""
        try:
            config = Config.from_env(environ)
        except ConfigError as error:
            raise Problem(str(error)) from error
        if config.env != "development":
            msg = f"bin/dev is for development, and APP_ENV is {config.env!r}: start wsgi:app and worker.py instead."
            raise Problem(msg)
        return Settings(
            port=config.port,
            var_dir=config.var_dir.absolute(),
            database_url=environ.get("DATABASE_URL", ""),
            owner_url=environ.get("DATABASE_OWNER_URL", ""),
            redis_url=environ.get("REDIS_URL", ""),
            smtp_url=environ.get("SMTP_URL", ""),
        )

    @property
    def url(self) -> str:
        """Where the product will answer."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def secret(self) -> str:
        """The installation's secret, made once: sessions outlive a restart."""
        path = self.var_dir / "secret"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(32))
        return path.read_text()


@contextmanager
def alone(var_dir: Path) -> Iterator[None]:
    """Hold the folder for this process; raises Problem when another bin/dev has it."""
    try:
        (var_dir / "run").mkdir(parents=True, exist_ok=True)
        lock = (var_dir / "run" / "lock").open("a+")
    except OSError as error:
        msg = f"VAR_DIR {var_dir} cannot be written: {error.strerror}."
        raise Problem(msg) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            msg = f"Another bin/dev works in {var_dir}: stop it, or set another VAR_DIR."
            raise Problem(msg) from error
        yield


def require_free(port: int) -> None:
    """Raise Problem unless we may listen on the port."""
    with socket.socket() as probe:
        if os.name == "posix":  # a port whose last connections still linger is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            msg = f"Port {port} needs more rights than you have: choose another, for example PORT=8000 bin/dev."
            raise Problem(msg) from error
        except OSError as error:
            msg = (
                f"Port {port} is taken: stop what listens there, "
                f"or choose another, for example PORT={port + 1} bin/dev."
            )
            raise Problem(msg) from error
