"""CPU time of whole process trees, from /proc."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TICK = 1 / os.sysconf("SC_CLK_TCK")


class Spent:
    """CPU seconds of a block."""

    seconds = 0.0


def spent_by(roots: list[int]) -> float:
    """Return CPU seconds of these processes and all below them, with those that have ended."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended meanwhile
            parents[int(entry.name)] = int(fields[1])
            ticks[int(entry.name)] = sum(int(n) for n in fields[11:15])
    return sum(ticks[pid] for pid in ticks if _below(pid, roots, parents)) * TICK


def memory_of(root: int) -> int:
    """Return the resident bytes of the largest process of a tree: one worker."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                pages = int((entry / "statm").read_text().split()[1])
            except OSError:
                continue
            if root in {parent, int(entry.name)}:
                found.append(pages * os.sysconf("SC_PAGE_SIZE"))
    return max(found, default=0)


@contextmanager
def accounted(roots: list[int]) -> Iterator[Spent]:
    """Measure what the trees spend in the block."""
    spent, before = Spent(), spent_by(roots)
    yield spent
    spent.seconds = spent_by(roots) - before


def _below(pid: int, roots: list[int], parents: dict[int, int]) -> bool:
    while pid in parents:
        if pid in roots:
            return True
        pid = parents[pid]
    return False
