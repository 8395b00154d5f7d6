"""What the house tests walk over."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
APP = ROOT / "app"
TEMPLATES = ROOT / "templates"
# Not slices: what every page needs, the doors, bin/dev.
FLOOR = {"web", "site", "dev", "jobs"}


@cache
def modules() -> tuple[Path, ...]:
    """Return every Python file of the product."""
    return (*sorted(APP.rglob("*.py")), ROOT / "worker.py", ROOT / "wsgi.py")


def slices() -> list[Path]:
    """Return the folder of every slice."""
    folders = (path for path in sorted(APP.iterdir()) if (path / "__init__.py").exists())
    return [path for path in folders if path.name not in FLOOR]


@cache
def parsed(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text(), str(path))


def name(path: Path) -> str:
    """Return the path as people write it."""
    return path.relative_to(ROOT).as_posix()


@cache
def committed() -> tuple[Path, ...]:
    """Return every file that the repository has or is about to get; ignored files are nobody's."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = (ROOT / line for line in listing.stdout.split("\0") if line)
    return tuple(path for path in paths if path.is_file())
