"""The table for people and the file for programs."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from bench.trial import Result

PACKAGES = ("flask", "granian", "psycopg", "sqlalchemy")
WORDS = {
    "met": "met",
    "missed": "MISSED",
    "wrong": "WRONG",
    "unsteady": "not judged: the yardstick swings",
}


def table(results: list[Result]) -> str:
    """Return one line a trial: ratio with range, goal, rates, CPU of a unit."""
    head = (
        f"{'':4} {'job':22} {'ratio (range)':22} {'goal':>7} {'rate/s':>10} {'Y rate/s':>10} "
        f"{'CPU us':>8} {'Y CPU us':>8}  verdict"
    )
    lines = [head]
    for result in results:
        f = result.facts()
        low, high = min(f["ratios"]), max(f["ratios"])
        span = f"{f['ratio']:.2f} ({low:.2f} to {high:.2f})"
        if f["yardstick"] is None:
            span = f"{f['ratio']:.0f} {f['unit']}"
        goal = f"{'<=' if f['at_most'] else '>='}{f['goal']:g}"
        lines.append(
            f"{f['key']:4} {f['title']:22} {span:22} {goal:>7} {_figure(f['rate']):>10} "
            f"{_figure(f['yardstick_rate']):>10} {_figure(f['cpu_us']):>8} "
            f"{_figure(f['yardstick_cpu_us']):>8}  {f['wrong'] or WORDS[f['verdict']]}"
        )
    return "\n".join(lines)


def save(results: list[Result], settings: dict[str, Any], path: Path) -> None:
    """Write everything with versions, commit and settings."""
    facts = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "settings": settings,
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "versions": {name: version(name) for name in PACKAGES},
        "trials": [result.facts() for result in results],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(facts, indent=1) + "\n")


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], check=False, capture_output=True, text=True)
    return done.stdout.strip()
