"""Where letters end in development: an SMTP server that files each one for the mailbox page."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from aiosmtpd.controller import Controller

from app.dev.postgres import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from aiosmtpd.smtp import SMTP, Envelope, Session


class Sink:
    """Takes every letter and writes it as `<folder>/<nanoseconds>.eml`; sends nothing on."""

    def __init__(self, folder: Path) -> None:
        """Choose a port; `start` opens it."""
        self.folder = folder
        self.port = free_port()
        self._server = Controller(self, hostname="127.0.0.1", port=self.port)

    @property
    def url(self) -> str:
        """Address for SMTP_URL."""
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """File one letter; it appears under its name only when it is whole."""
        letter = self.folder / f"{time.time_ns()}.eml"
        part = letter.with_suffix(".part")
        part.write_bytes(envelope.original_content or b"")
        part.rename(letter)
        return "250 OK"

    def start(self) -> None:
        """Listen on loopback, in a thread of this process."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._server.start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.stop(no_assert=True)
