"""What the catalogue may say: addresses of the shop's own, and names as they are searched."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from urllib.parse import urlsplit

LONGEST_ID, LONGEST_NAME, LONGEST_URL = 128, 300, 2000
MOST_PAGES = 20


class PageError(ValueError):
    """An address where no partner link may lead; `code` says why: form, elsewhere, many."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def search_text(*parts: str | None) -> str:
    """Return what a search looks at: the words folded, as the searcher's words are."""
    words = " ".join(part for part in parts if part)
    return unicodedata.normalize("NFKC", words).casefold()


def page_address(text: str) -> str:
    """Return a web address as it is kept. Raises PageError for anything but http and https."""
    address = text.strip()
    if not address or len(address) > LONGEST_URL or any(c.isspace() or c < " " for c in address):
        raise PageError("form")
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError as error:
        raise PageError("form") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise PageError("form")
    if "\\" in address:
        raise PageError("form")
    return address


def landing_page(text: str, domain: str, path: str = "/") -> str:
    """Return a landing page's address; it lies on the shop's domain, or a subdomain, and in its folder.

    A path alone ("/sale") is read as of the shop. Raises PageError.
    """
    typed, own = text.strip(), domain.lower()
    if not own:
        raise PageError("elsewhere")
    relative = typed.startswith("/") and not typed.startswith("//")
    address = page_address(f"{_scheme(own)}://{own}{typed}" if relative else typed)
    parts = urlsplit(address)
    host = _ascii(parts.netloc)
    inside = path == "/" or f"{parts.path}/".startswith(f"{path}/")
    if not (host == own or host.endswith(f".{own}")) or not inside:
        raise PageError("elsewhere")
    return address


def _scheme(domain: str) -> str:
    host = domain.partition(":")[0]
    local = host in {"localhost", "127.0.0.1"} or host.endswith(".localhost")
    return "http" if local else "https"


def _ascii(netloc: str) -> str:
    """Return a host as shops' domains are kept: lower case, IDNA."""
    try:
        return netloc.lower().encode("idna").decode("ascii")
    except UnicodeError as error:
        raise PageError("form") from error


class BadMargin(ValueError):
    """No margin: between 0 and 100 per cent, with two decimals at most."""


_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,2})?)\s?%?")
_WHOLE = Decimal(100)


def read_margin(text: str) -> str:
    """Return a margin as it is kept, the percent of a price that is left of it: "37.5%". Raises BadMargin."""
    found = _PERCENT.fullmatch(text.strip().replace(",", "."))
    if found is None or Decimal(found[1]) > _WHOLE:
        raise BadMargin
    return f"{Decimal(found[1]).normalize():f}%"
