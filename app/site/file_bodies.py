"""Bodies of API calls that are files: put on disk as they come, never whole in memory, and known by their hash."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from typing import IO

from flask import g, request

from app.errors import DomainError, FieldError
from app.installation import settings

PIECE = 256 * 1024
FORM = 64 * 1024  # what a form adds to its file


@dataclass(frozen=True)
class Upload:
    """A file that a call carried."""

    stream: IO[bytes]
    name: str


def take(most: int) -> None:
    """Read the body's file; views find it in g.upload, and Idempotency-Key its hash in g.body_hash."""
    request.max_content_length = most + FORM
    if request.mimetype == "multipart/form-data":
        g.upload = _of_form()
    else:
        file = tempfile.TemporaryFile(dir=settings().var_dir)  # noqa: SIM115 - it is closed with the call
        while data := request.stream.read(PIECE):
            file.write(data)
        g.upload = Upload(file, "")
    g.body_hash = _hash(g.upload)


def _of_form() -> Upload:
    files = list(request.files.items(multi=True))
    if len(files) != 1:
        words = "Send one file, as a form's field `file`, or as the body itself."
        raise DomainError("invalid", words, FieldError("file", words))
    _field, sent = files[0]
    return Upload(sent.stream, sent.filename or "")


def _hash(upload: Upload) -> str:
    """Return the hash of what was sent: the boundaries of forms are others each time."""
    made = hashlib.sha256(request.full_path.encode())
    upload.stream.seek(0)
    while data := upload.stream.read(PIECE):
        made.update(data)
    upload.stream.seek(0)
    return made.hexdigest()


def close() -> None:
    """Let go of the file."""
    upload = g.pop("upload", None)
    if upload is not None:
        upload.stream.close()
