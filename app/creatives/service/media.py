"""Files on disk, kept under the digest of what is in them: whole, or not at all.

One folder a merchant in VAR_DIR/media, which all web processes share. Nothing is ever changed or taken
out: an address in the wild leads to what it led to.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from flask_babel import gettext as _

from app.errors import DomainError, FieldError
from app.installation import settings
from app.tenancy import current_tenant


def keep(data: bytes) -> str:
    """Write a file of the tenant's and return its digest; the same content again writes nothing.

    It is on disk before it has its name, so that no half file is ever seen. Raises DomainError when
    there is no room for it.
    """
    digest = hashlib.sha256(data).hexdigest()
    path = path_of(digest)
    if path.is_file() and path.stat().st_size == len(data):
        return digest
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, data)
    except OSError as error:
        words = _("The file could not be kept: this installation has no room for it now.")
        raise DomainError("no_room", words, FieldError("file", words)) from error
    return digest


def path_of(digest: str) -> Path:
    """Return where the tenant's file of this digest is, or would be."""
    folder = settings().var_dir.absolute() / "media" / str(current_tenant())
    return folder / digest[:2] / digest


def _write(path: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError:
        with suppress(OSError):
            Path(name).unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
