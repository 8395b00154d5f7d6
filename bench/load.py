"""Load over HTTP: wrk where it is, else a small client in a process of its own."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

CONNECTIONS = 32
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"


class LoadError(RuntimeError):
    """The load could not be made, or met errors."""


@dataclass(frozen=True)
class Call:
    """One request, sent again and again."""

    url: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=lambda: {"User-Agent": BROWSER})


def press(call: Call, seconds: float) -> tuple[int, float]:
    """Send a call over 32 connections for so long; return answers (none from 400 on) and seconds."""
    wrk = shutil.which("wrk")
    if wrk is None:
        command = [sys.executable, "-m", "bench.load", call.method, call.url, str(seconds)]
        answers, took = subprocess.run(
            command, check=True, capture_output=True, text=True
        ).stdout.split()
        return int(answers), float(took)
    script = "".join(f'wrk.headers["{k}"]="{v}"\n' for k, v in call.headers.items())
    with tempfile.TemporaryDirectory() as folder:
        lua = Path(folder) / "call.lua"
        lua.write_text(f'wrk.method="{call.method}"\n{script}{_COUNT_ERRORS}')
        command = [
            wrk,
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{max(1, round(seconds))}s",
            "-s",
            str(lua),
            call.url,
        ]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    errors = re.search(r"errors=(\d+)", said)
    done = re.search(r"answers=(\d+) micros=(\d+)", said)
    if done is None or errors is None or int(errors[1]):
        raise LoadError(said)
    return int(done[1]), int(done[2]) / 1e6


_COUNT_ERRORS = """
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("errors=%d\\nanswers=%d micros=%d\\n",
    e.connect + e.read + e.write + e.timeout + e.status, summary.requests, summary.duration))
end
"""


def _client(method: str, url: str, seconds: float) -> None:
    """Be the small client: one thread a connection."""
    parts = urlsplit(url)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    counts = [0] * CONNECTIONS
    stop = time.monotonic() + seconds

    def run(number: int) -> None:
        connection = HTTPConnection(parts.hostname or "", parts.port)
        while time.monotonic() < stop:
            connection.request(method, path, headers={"User-Agent": BROWSER})
            answer = connection.getresponse()
            answer.read()
            if answer.status >= 400:
                raise LoadError(str(answer.status))
            counts[number] += 1

    began = time.monotonic()
    threads = [threading.Thread(target=run, args=(n,)) for n in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sum(counts), time.monotonic() - began)


if __name__ == "__main__":
    _client(sys.argv[1], sys.argv[2], float(sys.argv[3]))
