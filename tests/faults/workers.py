"""Workers in processes of their own, that tests start on one run and kill."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.dev.children import Child
from tests.harness.engines import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextmanager
def workers(
    module: str, most: int, environ: dict[str, str], folder: Path
) -> Iterator[Callable[[int, int], Child]]:
    """Give what starts a worker of tests.faults on a merchant's run, `most` things at a time; all end after it."""
    children: list[Child] = []

    def begin(tenant: int, work: int) -> Child:
        command = [
            sys.executable,
            "-m",
            f"tests.faults.{module}",
            str(tenant),
            str(work),
            str(most),
        ]
        name = f"{module}{len(children)}"
        child = Child(name, command, folder=folder, env=os.environ | environ, cwd=ROOT)
        child.start()
        children.append(child)
        return child

    yield begin
    for child in children:
        child.stop()
