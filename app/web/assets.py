"""Static files: one digest in the address of all of them, so each may be kept for good."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import current_app
from whitenoise import WhiteNoise

if TYPE_CHECKING:
    from flask import Flask

STATIC = Path(__file__).resolve().parent.parent.parent / "static"
VENDORED = {
    "htmx.js": "vendor/htmx/4.0.1/htmx.min.js",
    "alpine.js": "vendor/alpine/3.17.4/alpine.min.js",
    "uplot.js": "vendor/uplot/1.6.32/uplot.min.js",
    "uplot.css": "vendor/uplot/1.6.32/uplot.min.css",
    "tabler.css": "vendor/tabler/1.6.1/tabler.min.css",
    "icons.svg": "vendor/icons/3.51.0/sprite.svg",
}


def digest(root: Path = STATIC) -> str:
    """Twelve hex digits that change when any static file does."""
    total = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        total.update(str(path.relative_to(root)).encode())
        total.update(path.read_bytes())
    return total.hexdigest()[:12]


def asset(name: str) -> str:
    """Address a static file, or a vendored one by its short name such as `htmx.js`."""
    return f"/static/{current_app.extensions['web.digest']}/{VENDORED.get(name, name)}"


def init_app(app: Flask, *, development: bool = False) -> None:
    """Serve static/ in front of Flask: with a year's cache, or fresh at each request in development."""
    mark = digest()
    app.extensions["web.digest"] = mark
    served: Any = WhiteNoise(
        app.wsgi_app,
        autorefresh=development,
        max_age=0 if development else 3600,
        immutable_file_test=None if development else (lambda _path, url: f"/{mark}/" in url),
        add_headers_function=_headers,
        allow_all_origins=False,
    )
    served.add_files(str(STATIC), prefix=f"static/{mark}/")
    app.wsgi_app = served  # type: ignore[method-assign]
    app.jinja_env.globals["asset"] = asset


def _headers(headers: Any, _path: str, _url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
