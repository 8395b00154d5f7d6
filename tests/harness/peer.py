"""Somebody else's HTTP server on loopback, which can go wrong at one point of the talk."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field

WAIT = 60.0
Reply = tuple[int, str]


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


@dataclass
class Peer:
    """Answers each request with the next script, the last one for ever.

    Scripts: a status with a body; "silent" takes the request and says nothing; "drip" answers a byte
    now and then for ever; "cut" hangs up after it has read the whole request; "late" hangs up before
    it has; "endless" answers without an end.
    """

    scripts: list[Reply | str] = field(default_factory=lambda: [(200, "OK")])
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.asked: list[Asked] = []
        self.hits = 0
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def close(self) -> None:
        self.over.set()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept
        finally:
            self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                line, _address = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.hits += 1
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with line:
            try:
                self._talk(line)
            except OSError:
                return

    def _next(self) -> Reply | str:
        with self.lock:
            return self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]

    def _talk(self, line: socket.socket) -> None:
        script = self._next()
        if script == "late":
            line.recv(1)
            return
        reader = line.makefile("rb")
        first = reader.readline().decode("latin-1")
        if "HTTP/" not in first:
            return  # nobody, or somebody who speaks TLS
        method, path, _version = first.split()
        headers: dict[str, str] = {}
        while (raw := reader.readline().decode().strip()) != "":
            key, _, value = raw.partition(":")
            headers[key.lower()] = value.strip()
        body = reader.read(int(headers.get("content-length", 0))).decode()
        with self.lock:
            self.asked.append(Asked(method, path, headers, body))
        if script == "cut":
            return
        if script == "silent":
            self.over.wait(WAIT)
        elif script == "drip":
            line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not self.over.wait(0.02):
                line.sendall(b"2")
        elif script == "endless":
            line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while not self.over.is_set():
                line.sendall(b"2" * 65536)
        else:
            assert not isinstance(script, str)
            line.sendall(self._answer(*script))

    def _answer(self, status: int, body: str) -> bytes:
        extra = "".join(f"{k}: {v}\r\n" for k, v in self.headers.items())
        length = len(body.encode())
        head = (
            f"HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n{extra}\r\n"
        )
        return (head + body).encode()
