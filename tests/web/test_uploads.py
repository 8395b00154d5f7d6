"""Files that come are put beside the product's other files, not into the machine's folder for what is passing."""

from __future__ import annotations

import gzip
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import g, request

from app.feeds.service import kept
from app.installation import settings
from app.site import file_bodies

if TYPE_CHECKING:
    from app.application import App
    from tests.world import Merchant

LARGE = b"id;name\n" + b"1;Lamp\n" * 200_000


def place(stream: Any) -> str:
    return str(Path(f"/proc/self/fd/{stream.fileno()}").readlink())


def test_of_forms_and_of_calls(app: App) -> None:
    home = str(settings_of(app))
    form = {"file": (io.BytesIO(LARGE), "f.csv")}
    with app.test_request_context("/", method="POST", data=form):
        request.max_content_length = 2 * len(LARGE)
        assert place(request.files["file"].stream).startswith(home)
    with app.test_request_context("/", method="POST", data=LARGE, content_type="text/csv"):
        file_bodies.take(len(LARGE))
        assert place(g.upload.stream).startswith(home)
        file_bodies.close()


def test_and_what_is_unpacked_of_them(app: App) -> None:
    home = str(settings_of(app))
    with app.app_context():
        with kept.unpacked(io.BytesIO(gzip.compress(LARGE))) as plain:
            assert place(plain).startswith(home)
        with kept.plain_text(io.BytesIO(LARGE.decode().encode("utf-16"))) as text:
            assert place(text).startswith(home)


def test_small_ones_stay_in_memory_and_are_read(app: App) -> None:
    form = {"file": (io.BytesIO(b"id;name\n"), "f.csv")}
    with app.test_request_context("/", method="POST", data=form):
        assert request.files["file"].read() == b"id;name\n"


def test_a_call_without_its_body_is_told_so(app: App, lampa: Merchant) -> None:
    answer = app.test_client().post("/api/v1/partners", headers=lampa.bearer)
    assert (answer.status_code, answer.get_json()["detail"]) == (
        400,
        "Send a JSON object as the body.",
    )


def settings_of(app: App) -> str:
    with app.app_context():
        return os.path.realpath(settings().var_dir)
