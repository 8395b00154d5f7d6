"""A client that sends prepared requests once each, over sixteen connections, in a process of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bench.load import LoadError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

CONNECTIONS = 16
LENGTH = 4  # bytes before each request in the file
CHUNK = 65536


def request(method: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """Return a request as it travels."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def replay(server: str, requests: Iterable[bytes], seconds: float) -> tuple[int, float]:
    """Send requests until they or the time are out; return answers and seconds.

    Every request that was sent is answered for. Raises LoadError for any answer from 300 on.
    """
    with tempfile.NamedTemporaryFile() as kept:
        for made in requests:
            kept.write(len(made).to_bytes(LENGTH, "big") + made)
        kept.flush()
        command = [sys.executable, "-m", "bench.replay", server, kept.name, str(seconds)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise LoadError(done.stderr[-2000:])
    answers, took = done.stdout.split()
    return int(answers), float(took)


class _Client:
    def __init__(self, server: str, requests: list[bytes], seconds: float) -> None:
        parts = urlsplit(server)
        self.address = (parts.hostname or "", parts.port or 80)
        self.requests: Iterator[bytes] = iter(requests)
        self.stop = time.monotonic() + seconds
        self.answers = [0] * CONNECTIONS
        self.wrong: list[str] = []

    def run(self, number: int) -> None:
        with socket.create_connection(self.address, 10) as door:
            door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while time.monotonic() < self.stop and not self.wrong:
                made = next(self.requests, None)
                if made is None:
                    return
                door.sendall(made)
                answer = _answer(door)
                if not answer.startswith(b"HTTP/1.1 2"):
                    self.wrong.append(answer.decode(errors="replace"))
                    return
                self.answers[number] += 1


def _answer(door: socket.socket) -> bytes:
    got = b""
    while b"\r\n\r\n" not in got:
        got += _more(door)
    head, _, body = got.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    left = int(lengths[0].partition(b":")[2]) - len(body)
    while left > 0:
        more = _more(door)
        got, left = got + more, left - len(more)
    return got


def _more(door: socket.socket) -> bytes:
    more = door.recv(CHUNK)
    if not more:
        raise LoadError("the server hung up")
    return more


def _main(server: str, file: str, seconds: float) -> None:
    kept, at, requests = Path(file).read_bytes(), 0, []
    while at < len(kept):
        size = int.from_bytes(kept[at : at + LENGTH], "big")
        requests.append(kept[at + LENGTH : at + LENGTH + size])
        at += LENGTH + size
    began = time.monotonic()
    client = _Client(server, requests, seconds)
    threads = [threading.Thread(target=client.run, args=(n,)) for n in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if client.wrong:
        raise LoadError(client.wrong[0])
    print(sum(client.answers), time.monotonic() - began)


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
