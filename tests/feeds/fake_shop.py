"""A shop's web server on loopback, with what such servers do: marks of versions, packing, sign-in, moves, faults."""

from __future__ import annotations

import base64
import gzip
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class FakeShop:
    """Serves a catalogue at /feed.yml; tests turn its knobs and read `asked`."""

    def __init__(self) -> None:
        self.body = b""
        self.packs = self.cuts = False
        self.login: str | None = None
        self.status = 200
        self.moved: dict[str, str] = {}
        self.length: int | None = None  # what it claims, where that is no truth
        self.asked: list[dict[str, str]] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.place = f"127.0.0.1:{self.server.server_address[1]}"
        self.url = f"http://{self.place}/feed.yml"
        self.thread = Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    @property
    def etag(self) -> str:
        return f'"{sha256(self.body).hexdigest()[:12]}"'

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)


def _handler(shop: FakeShop) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_said: Any) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            shop.asked.append({**self.headers, "path": self.path})
            if self.path in shop.moved:
                return self.answer(301, b"", {"Location": shop.moved[self.path]})
            if shop.login is not None:
                wanted = "Basic " + base64.b64encode(shop.login.encode()).decode()
                if self.headers.get("Authorization") != wanted:
                    return self.answer(401, b"no", {"WWW-Authenticate": "Basic"})
            if shop.status != 200:
                return self.answer(shop.status, b"sorry")
            if self.headers.get("If-None-Match") == shop.etag:
                return self.answer(304, b"")
            body = gzip.compress(shop.body) if shop.packs else shop.body
            more = {"Content-Encoding": "gzip"} if shop.packs else {}
            return self.answer(200, body, {"ETag": shop.etag, **more})

        def answer(self, status: int, body: bytes, more: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (more or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(shop.length or len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if shop.cuts else body)
            self.close_connection = True

    return Handler
