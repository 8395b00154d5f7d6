"""The way from a web server to PostgreSQL, which can be cut and mended."""

from __future__ import annotations

import socket
import threading
from urllib.parse import urlsplit, urlunsplit

from psycopg.conninfo import conninfo_to_dict


class Wire:
    """The way from a web server to PostgreSQL, which can be cut and mended."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.environ = environ
        plain = environ["DATABASE_URL"].replace("+psycopg", "", 1)
        self.target = {k: str(v) for k, v in conninfo_to_dict(plain).items()}
        self.cut = threading.Event()
        self.ends: list[socket.socket] = []
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.door.accept()
            except OSError:
                return
            if self.cut.is_set():
                near.close()
                continue
            far = self._reach()
            self.ends += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _reach(self) -> socket.socket:
        host, port = self.target["host"], int(self.target.get("port", "5432"))
        if not host.startswith("/"):
            return socket.create_connection((host, port))
        far = socket.socket(socket.AF_UNIX)
        far.connect(f"{host}/.s.PGSQL.{port}")
        return far

    @staticmethod
    def _carry(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            end.close()

    def break_(self) -> None:
        self.cut.set()
        for end in self.ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def mend(self) -> None:
        self.cut.clear()

    def close(self) -> None:
        self.break_()
        self.door.close()

    def through(self) -> dict[str, str]:
        """Return the environment of a web server that goes this way."""
        parts = urlsplit(self.environ["DATABASE_URL"])
        user = parts.netloc.rpartition("@")[0]
        near = parts._replace(netloc=f"{user}@127.0.0.1:{self.port}", query="")
        return self.environ | {"DATABASE_URL": urlunsplit(near)}
