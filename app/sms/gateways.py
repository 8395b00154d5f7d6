"""The SMS services' edge: one call, and what became of it."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from email import charset
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from app.egress import (
    InterruptedCallError,
    Limits,
    RefusedError,
    UnreachableError,
    client,
)
from app.outcomes import Fate, Outcome
from app.placeholders import fill, places
from app.sms.rules import SERVICES, HttpTemplate, Sms, judge, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

LIMITS = Limits(seconds=20.0, size=65_536)  # below the lease of a message
PATIENCE = 30.0  # seconds for a library that keeps no deadline of its own


@dataclass(frozen=True, slots=True)
class HttpGateway:
    """Any service that takes an SMS by one HTTP call."""

    template: HttpTemplate
    limits: Limits = LIMITS

    def send(self, sms: Sms) -> Outcome:
        """Call once through the guarded way out; what may have arrived is never LATER."""
        url, body = self.template.call(sms)
        try:
            answer = client.fetch(
                self.template.method,
                url,
                headers=self.template.headers(),
                body=body,
                limits=self.limits,
            )
        except InterruptedCallError as error:
            return Outcome(Fate.UNKNOWN, f"interrupted: {error}")
        except UnreachableError as error:
            return Outcome(Fate.LATER, f"unreachable: {error}")
        except RefusedError as error:
            return Outcome(Fate.NEVER, f"address of the service refused: {error}")
        return judge(self.template, answer.status, answer.text)


@dataclass(frozen=True, slots=True)
class AppriseGateway:
    """A service that the library apprise knows, by its address with a place for the number."""

    url: str  # smsc://user:password@{phone}
    patience: float = PATIENCE

    @property
    def _scheme(self) -> str:
        return (place_of(self.url) or ("", ""))[0]

    def problem(self) -> str | None:
        """Return why this address cannot be used: service, number, unreadable; None when it can."""
        if self._scheme not in SERVICES:
            return "service"
        if not set(places(self.url)) & {"phone", "digits"}:
            return "number"
        return None if self._service(Sms("+79161234567", "", "")) is not None else "unreadable"

    def send(self, sms: Sms) -> Outcome:
        """Let the library call. Its "no" does not say whether the SMS went, so it is unknown."""
        if self._scheme not in SERVICES:
            return Outcome(Fate.NEVER, "not a service that may be called")
        service = self._service(sms)
        if service is None:
            return Outcome(Fate.NEVER, "the service's address cannot be read")
        said: list[bool] = []
        # The library waits for each piece of an answer, and has no deadline for the whole.
        thread = Thread(
            target=lambda: said.append(bool(service.notify(body=sms.text))), daemon=True
        )
        thread.start()
        thread.join(self.patience)
        if said == [True]:
            return Outcome(Fate.SENT)
        words = "the service did not confirm" if said else "no answer in time"
        return Outcome(Fate.UNKNOWN, words)

    def _service(self, sms: Sms) -> _Service | None:
        values = {"phone": sms.phone, "digits": sms.phone.removeprefix("+")}
        address = fill(self.url, values, lambda value: quote(value, safe=""))
        # Loaded here and not at the top: the library has two hundred modules, and few merchants use it.
        with _letters_as_they_are():
            made: _Service | None = import_module("apprise").Apprise.instantiate(address)
        return made


@contextmanager
def _letters_as_they_are() -> Iterator[None]:
    # Loading it changes how this process writes UTF-8 headers: a folded subject arrives with a blank.
    before = charset.CHARSETS["utf-8"]
    try:
        yield
    finally:
        charset.CHARSETS["utf-8"] = before


class _Service(Protocol):
    """What of apprise's objects is used."""

    def notify(self, *, body: str) -> bool:
        """Send, and say whether it was taken."""
