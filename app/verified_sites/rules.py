"""What a site is called, what proves that it is somebody's, and when it is looked at again."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.links.rules import AddressError, ascii_domain

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_HOST = 253
MOST_SITES = 20  # of one partner
META = "partnerka-site"
RECORD = "_partnerka"  # the name below the site whose TXT record is read
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MOST_MISSES = 3  # proved sites whose proof is gone are lost after so many looks
MOST_TRIES = 24  # a site that nobody proved is looked at so often by itself, an hour apart


class State(StrEnum):
    """How far a site is."""

    WAITING = "waiting"  # named, not proved
    VERIFIED = "verified"
    LOST = "lost"  # was proved, and the proof is gone
    WITHDRAWN = "withdrawn"


class How(StrEnum):
    """What proved it."""

    FILE = "file"
    META = "meta"
    DNS = "dns"


class Problem(StrEnum):
    """Why the last look proved nothing."""

    UNREACHABLE = "unreachable"
    NOT_FOUND = "not_found"
    TAKEN = "taken"  # proved by another partner before


@dataclass(frozen=True, slots=True)
class Next:
    """What a look makes of a site; `wait` is until the next look, None: none by itself."""

    state: State
    misses: int
    wait: timedelta | None


def site_host(text: str) -> str:
    """Return the host of what somebody typed as his site, without www; a port stays.

    Raises AddressError.
    """
    text = text.strip()
    try:
        parts = urlsplit(text if "//" in text else f"//{text}")
    except ValueError as error:
        raise AddressError("bad_address") from error
    if parts.scheme not in {"", "http", "https"} or "@" in parts.netloc or not parts.netloc:
        raise AddressError("bad_address")
    host = ascii_domain(parts.netloc)
    if len(host) > LONGEST_HOST:
        raise AddressError("too_long")
    return without_www(host)


def referrer_host(address: str) -> str | None:
    """Return the host of a page as a browser reports it, without www; None for what is no page."""
    try:
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.netloc or "@" in parts.netloc:
            return None
        return without_www(ascii_domain(parts.netloc))
    except (ValueError, AddressError):
        return None


def without_www(host: str) -> str:
    """Return the host by its shorter name."""
    return host.removeprefix("www.")


def is_below(host: str, domain: str) -> bool:
    """Whether a host is the domain or lies below it."""
    domain = without_www(domain)
    return host == domain or host.endswith(f".{domain}")


def file_name(token: str) -> str:
    """Return the name of the file that proves a site."""
    return f"partnerka-{token}.txt"


def record_text(token: str) -> str:
    """Return the TXT record that proves a site."""
    return f"{META}={token}"


def file_proves(body: str, token: str) -> bool:
    """Whether the file says the token and nothing else: a page that answers everything proves nothing."""
    return body.strip().removeprefix("\ufeff") == token


def meta_proves(page: str, token: str) -> bool:
    """Whether the head of the page has our meta tag with the token."""
    reader = _Head()
    with suppress(
        AssertionError
    ):  # so the library answers a page with "<![" and nonsense behind it
        reader.feed(page)
    return token in reader.found


def record_proves(records: Iterable[str], token: str) -> bool:
    """Whether one of the TXT records says the token."""
    return any(record.strip() == record_text(token) for record in records)


def after_look(state: State, misses: int, *, proved: bool) -> Next:
    """Return what follows from a look at a site that is waiting, proved or lost."""
    if proved:
        return Next(State.VERIFIED, 0, DAY)
    misses += 1
    if state is State.VERIFIED:
        if misses < MOST_MISSES:
            return Next(state, misses, 6 * HOUR)
        return Next(State.LOST, misses, None)
    return Next(state, misses, HOUR if state is State.WAITING and misses < MOST_TRIES else None)


class _Head(HTMLParser):
    """Reads meta tags up to the body: what readers may write into a page stands below."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.over = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one tag."""
        said = dict(attrs)
        if tag == "body":
            self.over = True
        if tag == "meta" and not self.over and said.get("name") == META:
            self.found.add((said.get("content") or "").strip())
