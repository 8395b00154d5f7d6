"""A real SMTP server that keeps what it is given."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import TYPE_CHECKING

from aiosmtpd.controller import Controller

from app.dev.postgres import free_port

if TYPE_CHECKING:
    from email.message import EmailMessage

    from aiosmtpd.smtp import SMTP, Envelope, Session


class Mailbox:
    """All letters of one worker's tests, oldest first."""

    def __init__(self) -> None:
        """Choose a port; `start` opens it."""
        self.letters: list[EmailMessage] = []
        self.refuse: str | None = None  # an SMTP answer such as "451 later", to play a bad day
        self.port = free_port()
        self._server = Controller(self, hostname="127.0.0.1", port=self.port)

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
