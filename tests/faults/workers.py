"""Workers in processes of their own, that tests start on one run; some kill themselves on the way."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from app.dev.children import Child
from tests.harness.engines import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOON = 180.0


class Start(Protocol):
    """Start a worker on a merchant's run; `far`: killed with -9 when so many things are done, in that phase."""

    def __call__(self, tenant: int, run: int, *, far: int = -1, phase: str = "") -> Child:
        """Return the worker under way."""


@contextmanager
def workers(most: int, environ: dict[str, str], folder: Path) -> Iterator[Start]:
    """Give what starts a worker on a merchant's run, `most` things at a time; all end after it."""
    children: list[Child] = []

    def begin(tenant: int, run: int, *, far: int = -1, phase: str = "") -> Child:
        words = [str(number) for number in (tenant, run, most, far)]
        command = [sys.executable, "-m", "tests.faults.worker", *words, phase]
        name = f"worker{len(children)}"
        child = Child(name, command, folder=folder, env=os.environ | environ, cwd=ROOT)
        child.start()
        children.append(child)
        return child

    yield begin
    for child in children:
        child.stop()


def ended(child: Child, *, killed: bool = False) -> None:
    """Wait for a worker's end: by itself, or with -9."""
    assert child.process is not None
    assert child.process.wait(SOON) == (-signal.SIGKILL if killed else 0), child.tail(20)
