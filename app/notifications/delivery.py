"""Hand a letter to the mail server, within a deadline, and say how that ended."""

from __future__ import annotations

import logging
import smtplib
import socket
from threading import Timer
from typing import TYPE_CHECKING, Any

from flask import current_app
from flask_mailman import EmailMultiAlternatives
from flask_mailman.backends.smtp import EmailBackend

from app.notifications.rules import DEADLINE
from app.outcomes import Fate, Outcome

if TYPE_CHECKING:
    from app.notifications.letters import Letter

log = logging.getLogger(__name__)


class _Bounded:
    """An SMTP connection that is cut at the deadline: a slow drip outlives every single timeout."""

    sock: socket.socket | None
    _timer: Timer | None = None

    def connect(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """Connect, and start the clock."""
        self._timer = Timer(DEADLINE, self._cut)
        self._timer.daemon = True
        self._timer.start()
        try:
            return super().connect(*args, **kwargs)  # type: ignore[misc,no-any-return]
        except BaseException:
            self._timer.cancel()
            raise

    def close(self) -> None:
        """Close, and stop the clock."""
        if self._timer is not None:
            self._timer.cancel()
        super().close()  # type: ignore[misc]

    def _cut(self) -> None:
        line = self.sock
        if line is not None:
            try:
                line.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # closed in the same moment


class _Plain(_Bounded, smtplib.SMTP):
    pass


class _Secret(_Bounded, smtplib.SMTP_SSL):
    pass


class _Backend(EmailBackend):  # type: ignore[misc]
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _Secret if self.use_ssl else _Plain


def send(letter: Letter) -> Outcome:
    """Send it. A letter may arrive twice only where the server took it and its answer was lost."""
    backend = _Backend(mailman=current_app.extensions["mailman"])
    mail = EmailMultiAlternatives(
        subject=letter.subject,
        body=letter.text,
        from_email=letter.sender,
        to=[letter.to],
        reply_to=[letter.reply_to] if letter.reply_to else None,
        headers=letter.headers,
        connection=backend,
    )
    mail.attach_alternative(letter.html, "text/html")
    try:
        backend.open()
        backend.send_messages([mail])
    except smtplib.SMTPRecipientsRefused as refused:
        codes = [code for code, _text in refused.recipients.values()]
        lasting = all(code >= 500 for code in codes)
        return Outcome(Fate.NEVER if lasting else Fate.LATER, f"address refused: {codes}")
    except smtplib.SMTPDataError as refused:
        fate = Fate.NEVER if refused.smtp_code >= 500 else Fate.LATER
        return Outcome(fate, f"letter refused: {refused.smtp_code}")
    except (smtplib.SMTPException, OSError) as error:
        # Ours to mend (wrong login, server away), so never the reader's loss.
        return Outcome(Fate.LATER, f"{type(error).__name__}: {error}"[:200])
    except ValueError as error:
        return Outcome(Fate.NEVER, f"address: {error}"[:200])
    finally:
        _hang_up(backend)
    return Outcome(Fate.SENT)


def _hang_up(backend: _Backend) -> None:
    try:
        backend.close()
    except (smtplib.SMTPException, OSError) as error:
        # The letter's fate is known by now; a rude goodbye changes nothing.
        log.info("mail server at goodbye: %s", error)
