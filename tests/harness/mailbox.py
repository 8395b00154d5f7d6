"""A real SMTP server that keeps what it is given."""

from __future__ import annotations

import asyncio
import threading
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

from aiosmtpd.controller import Controller

from app.dev.postgres import free_port

if TYPE_CHECKING:
    from email.message import EmailMessage

    from aiosmtpd.smtp import SMTP, Envelope, Session


class Mailbox:
    """All letters of one worker's tests, oldest first."""

    PATIENCE = 90.0

    def __init__(self) -> None:
        """Choose a port; `start` opens it."""
        self.letters: list[EmailMessage] = []
        self.refuse: str | None = None  # an SMTP answer such as "451 later", to play a bad day
        self.port = free_port()
        self._server = Controller(
            self, hostname="127.0.0.1", port=self.port, ready_timeout=self.PATIENCE
        )

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a letter, or refuse it."""
        if self.refuse:
            return self.refuse
        letter = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        self.letters.append(letter)
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        """Return the letters to one address."""
        return [letter for letter in self.letters if address in str(letter["To"])]

    def clear(self) -> None:
        """Forget everything and be well again."""
        self.letters.clear()
        self.refuse = None

    def start(self) -> None:
        """Listen on loopback."""
        self._server.start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.stop()


class Gate(Mailbox):
    """A mail server that lets no letter in while it is closed; it begins closed."""

    def __init__(self) -> None:
        """Choose a port; `start` opens it."""
        super().__init__()
        self.open = threading.Event()
        self.knocked = threading.Event()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name and order
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Let a letter's sender wait at the gate."""
        self.knocked.set()
        await asyncio.get_running_loop().run_in_executor(None, self.open.wait, self.PATIENCE)
        envelope.rcpt_tos.append(address)
        return "250 OK"
