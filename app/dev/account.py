"""The unprivileged account that PostgreSQL runs as when root starts it, and folders it can reach."""

from __future__ import annotations

import hashlib
import os
import pwd
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from app.dev.problem import Problem

CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """A user of this machine, by numbers."""

    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Give one file or folder to this account."""
        os.chown(path, self.uid, self.gid)


def unprivileged() -> Account | None:
    """Return whom PostgreSQL must run as: None for the current user, an account when that is root."""
    if os.geteuid() != 0:
        return None
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid:
            return Account(entry.pw_uid, entry.pw_gid)
    msg = "PostgreSQL refuses to run as root and there is no user postgres or nobody: make one."
    raise Problem(msg)


def run_as(account: Account | None, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a short command as the account, from a folder that everybody can enter."""
    return subprocess.run(  # noqa: S603 - our own fixed commands
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def can_enter(account: Account | None, folder: Path) -> bool:
    """Tell whether the account can step into the folder; asked of the system, not guessed from modes."""
    return run_as(account, ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)]).returncode == 0


def home(var_dir: Path, account: Account | None) -> Path:
    """Return the folder for the database's files: var_dir, else one of our own in the temporary directory.

    Folders above are never opened up for the account. The other folder's name follows from
    var_dir, so that the next run finds the same data.
    """
    if can_enter(account, var_dir):
        return var_dir
    mark = hashlib.sha256(str(var_dir).encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"partnerka-{os.geteuid()}-{mark}"
    folder.mkdir(mode=0o755, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        msg = f"{folder} belongs to someone else; remove it or set another VAR_DIR."
        raise Problem(msg)
    if not can_enter(account, folder):
        msg = (
            f"The user PostgreSQL must run as can enter neither {var_dir} nor {folder}: "
            "set VAR_DIR to a folder that it can enter."
        )
        raise Problem(msg)
    return folder
