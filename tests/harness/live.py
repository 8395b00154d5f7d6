"""The product as users start it: granian and the worker in processes of their own."""

from __future__ import annotations

import os
import signal
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from app.dev.children import Child, wait_until
from app.dev.postgres import free_port
from tests.harness.engines import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

READY = 90.0


class Web:
    """A web server on a random loopback port."""

    def __init__(self, environ: Mapping[str, str], folder: Path, workers: int = 1) -> None:
        """Prepare the command; the environment says which engines it uses."""
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"),
            *("--host", "127.0.0.1", "--port", str(self.port), "--workers", str(workers)),
            *("--blocking-threads", "4", "wsgi:app"),
        ]
        env = os.environ | environ | {"PORT": str(self.port), "PUBLIC_URL": self.url}
        self.child = Child("web", command, folder=folder, env=env, cwd=ROOT)

    def start(self) -> None:
        """Start it and wait for its first answer."""
        self.child.start()
        if (
            not wait_until(lambda: not self.child.running or self._answers(), READY)
            or not self.child.running
        ):
            raise RuntimeError(self.child.tail(40))

    def stop(self) -> None:
        """End it."""
        self.child.stop()

    def kill(self) -> None:
        """End it and its workers as a crash does."""
        assert self.child.process is not None
        os.killpg(self.child.process.pid, signal.SIGKILL)
        self.child.process.wait()

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/healthz", timeout=5).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True


def worker(environ: Mapping[str, str], folder: Path, role: str = "all") -> Child:
    """Return a worker process, not started."""
    command = [sys.executable, "worker.py", "--role", role]
    name = "worker" if role == "all" else role
    return Child(name, command, folder=folder, env=os.environ | environ, cwd=ROOT)


def horse_of(child: Child) -> int | None:
    """Return the process of a worker's running job; None while it has none."""
    assert child.process is not None
    pid = child.process.pid
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(found[0]) if found else None
