"""Child processes that cannot outlive their parent, and the ends of those that did."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.dev.account import Account

PR_SET_PDEATHSIG = 1
GRACE = 10.0  # seconds between the polite signal and the last one
# Loaded before any fork: between fork and exec nothing may be imported.
LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Child:
    """One child process in a process group of its own, known on disk by pid and start time."""

    def __init__(
        self,
        name: str,
        command: list[str],
        *,
        folder: Path,
        env: Mapping[str, str] | None = None,
        account: Account | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        cwd: Path | None = None,
    ) -> None:
        """Prepare a command; `folder` takes its log and its pid file."""
        self.name = name
        self.command = command
        self.env = env
        self.account = account
        self.stop_signal = stop_signal
        self.cwd = cwd or Path("/")
        self.log = folder / f"{name}.log"
        self.pid_file = folder / f"{name}.pid"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; its output goes to the log. It dies when this process dies, however that happens."""
        end_stale(self.pid_file, self.stop_signal)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        who = self.account
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own fixed commands
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.cwd,
                env=self.env,
                user=who.uid if who else None,
                group=who.gid if who else None,
                extra_groups=[] if who else None,
                process_group=0,
                preexec_fn=_dies_with(os.getpid(), self.stop_signal),  # noqa: PLW1509 - one call into a loaded library
            )
        self.pid_file.write_text(f"{self.process.pid} {started_at(self.process.pid)}\n")

    @property
    def running(self) -> bool:
        """True while the process lives."""
        return self.process is not None and self.process.poll() is None

    def signal_end(self) -> None:
        """Ask it to end, without waiting."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.stop_signal)

    def stop(self, grace: float = GRACE) -> None:
        """End it and whatever it left in its process group."""
        if self.process is None:
            return
        self.signal_end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(grace)
        _kill_group(self.process.pid)
        self.process.wait()
        self.process = None
        self.pid_file.unlink(missing_ok=True)

    def tail(self, lines: int = 5) -> str:
        """Return the last lines of its log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def wait_until(ready: Callable[[], bool], seconds: float, step: float = 0.03) -> bool:
    """Ask until it is so; False when the time is up."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            return False
        time.sleep(step)
    return True


def started_at(pid: int) -> str:
    """Return what tells this process from a later one with the same pid; empty when there is none."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            after_name = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return ""
        return "" if after_name[0] == "Z" else after_name[19]
    command = ["/bin/ps", "-o", "lstart=", "-p", str(pid)]
    shown = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - fixed
    return "_".join(shown.stdout.split())


def command_of(pid: int) -> str:
    """Return the command line of a process, empty when there is none."""
    line = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self/cmdline").exists():
        try:
            return line.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    command = ["/bin/ps", "-o", "command=", "-p", str(pid)]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout  # noqa: S603 - fixed


def end_stale(pid_file: Path, polite: signal.Signals) -> None:
    """End the process that a killed run left behind: the same pid with the same start time."""
    if not pid_file.exists():
        return
    pid, _, mark = pid_file.read_text().strip().partition(" ")
    if pid.isdecimal() and mark and started_at(int(pid)) == mark:
        end(int(pid), polite)
        _kill_group(int(pid))
    pid_file.unlink(missing_ok=True)


def end(pid: int, polite: signal.Signals) -> None:
    """End a process that is not our child: politely, then for certain."""
    mark = started_at(pid)
    for sign in (polite, signal.SIGKILL):
        if not mark or started_at(pid) != mark:
            return
        try:
            os.kill(pid, sign)
        except ProcessLookupError:
            return
        wait_until(lambda: started_at(pid) != mark, GRACE)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # empty: all have ended by themselves


def _dies_with(parent: int, sign: signal.Signals) -> Callable[[], None] | None:
    """Return what the child does before exec: ask the kernel for a signal on its parent's death."""
    libc = LIBC
    if libc is None:
        return None

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(sign), 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask
