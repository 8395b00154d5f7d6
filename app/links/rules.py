"""The signed token of a click, and where a link may lead; codes are those of partners."""

from __future__ import annotations

import hashlib
import hmac
import re
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlencode, urlsplit

from app.partners.rules import LONGEST_CODE, SHORTEST_CODE, CodeError, fold_code, normalise_code

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SHORTEST, LONGEST = SHORTEST_CODE, LONGEST_CODE

__all__ = ["LONGEST", "SHORTEST", "CodeError", "fold_code", "normalise_code"]

TOKEN = "ck_"  # noqa: S105 - a prefix
VERSION = 1
_PARTS = struct.Struct(">BBIQQq")  # version, key, tenant, link, milliseconds, 64 random bits
_MAC = 12  # bytes of the HMAC that travel
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

CLICK_PARAMETER = "click"
ERID = "erid"  # the parameter of an address that carries the advertising token
_ERID = re.compile(r"[A-Za-z0-9_-]{4,64}")
# What advertisers' systems add to the address of a visit that was bought.
PAID_MARKS = ("gclid", "gbraid", "wbraid", "yclid", "msclkid")
LONGEST_ADDRESS = 2000
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST = "abcdefghijklmnopqrstuvwxyz0123456789.-_[]:"
_PLAIN = "/%:@!$&'()*+,;=~-._"  # what a path or query keeps as it is


@dataclass(frozen=True, slots=True)
class ClickToken:
    """What a click's token says: which link of which tenant was followed, and when."""

    tenant: int
    link: int
    at: datetime
    nonce: int


def click_key(secret: str) -> bytes:
    """Return the key that seals clicks, derived from the installation's secret."""
    return hashlib.blake2b(b"click token", key=secret.encode()[:64], digest_size=32).digest()


def seal_click(key: bytes, tenant: int, link: int, milliseconds: int, nonce: int) -> str:
    """Return the token of a click `milliseconds` after 1970; `nonce` is 64 random bits, signed."""
    body = _PARTS.pack(VERSION, key[0], tenant, link, milliseconds, nonce)
    mac = hmac.digest(key, body, "sha256")[:_MAC]
    return TOKEN + urlsafe_b64encode(body + mac).decode()


def open_click(text: str, keys: Iterable[bytes]) -> ClickToken | None:
    """Return what a token says, or None for what none of the keys has sealed."""
    if not text.startswith(TOKEN) or len(text) != len(TOKEN) + (_PARTS.size + _MAC) * 4 // 3:
        return None
    try:
        raw = urlsafe_b64decode(text[len(TOKEN) :].encode("ascii"))
    except ValueError:
        return None
    body, mac = raw[: _PARTS.size], raw[_PARTS.size :]
    if len(body) < _PARTS.size or urlsafe_b64encode(raw).decode() != text[len(TOKEN) :]:
        return None
    version, mark, tenant, link, milliseconds, nonce = _PARTS.unpack(body)
    fitting = (key for key in keys if key[0] == mark)
    if version != VERSION or not any(
        hmac.compare_digest(hmac.digest(key, body, "sha256")[:_MAC], mac) for key in fitting
    ):
        return None
    return ClickToken(tenant, link, instant(milliseconds), nonce)


def instant(milliseconds: int) -> datetime:
    """Return the moment so many milliseconds after 1970 began in UTC, exactly."""
    return _EPOCH + _MILLISECOND * milliseconds


def milliseconds_of(at: datetime) -> int:
    """Return the whole milliseconds from 1970 to a moment."""
    return (at - _EPOCH) // _MILLISECOND


class AddressError(ValueError):
    """A link may not lead there; `code` says why."""

    def __init__(self, code: str) -> None:
        """Codes: bad_address, other_site, outside_folder, too_long."""
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Site:
    """A shop as addresses see it: a domain, perhaps with a port, and the folder it lives in."""

    domain: str
    folder: str = "/"

    @property
    def root(self) -> str:
        """The address of the shop's home; loopback is reached without TLS."""
        return self.at("") + _folder(self.folder).removeprefix("/")

    def at(self, label: str) -> str:
        """The root of the shop's domain, or of a subdomain of it."""
        domain = ascii_domain(self.domain)
        host = domain if domain.endswith("]") else domain.rpartition(":")[0] or domain
        local = host in LOOPBACK or host.endswith(".localhost")
        return f"{'http' if local else 'https'}://{label}{'.' if label else ''}{domain}/"


def ascii_domain(domain: str) -> str:
    """Return a domain as browsers send it: lower case, IDNA, without a default port.

    Raises AddressError for what is no domain.
    """
    name, colon, port = domain.partition(":") if not domain.startswith("[") else (domain, "", "")
    if colon and not (port.isascii() and port.isdecimal()):
        raise AddressError("bad_address")
    try:
        plain = name.rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise AddressError("bad_address") from error
    if not plain or plain.strip(_HOST):
        raise AddressError("bad_address")
    return plain if port in {"", "80", "443"} else f"{plain}:{port}"


def place_in(site: Site, address: str) -> str:
    """Return the part of a page's address after the shop's home, which is all that a link keeps.

    So links follow a shop to another domain, and can lead nowhere else. A path beginning with one
    slash is meant from the domain's root; a page on a subdomain is "//<label>/<rest>". Raises
    AddressError.
    """
    text = address.strip()
    if len(text) > LONGEST_ADDRESS:
        raise AddressError("too_long")
    if "\\" in text or any(c.isspace() or not c.isprintable() for c in text):
        raise AddressError("bad_address")
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise AddressError("bad_address") from error
    if parts.scheme or parts.netloc:
        label = _label(site, parts.scheme, parts.netloc)
    elif not text.startswith("/"):
        raise AddressError("bad_address")
    else:
        label = ""
    path = parts.path or "/"
    if any(unquote(step) in {".", ".."} for step in path.split("/")):
        raise AddressError("outside_folder")
    folder = _folder(site.folder)
    if not (path if path.endswith("/") else f"{path}/").startswith(folder):
        raise AddressError("outside_folder")
    place = quote(path[len(folder) :].lstrip("/"), safe=_PLAIN)
    if parts.query:
        place += "?" + quote(parts.query, safe=_PLAIN + "?")
    if parts.fragment:
        place += "#" + quote(parts.fragment, safe=_PLAIN + "?")
    return f"//{label}/{place}" if label else place


def _label(site: Site, scheme: str, netloc: str) -> str:
    """Return what a host of the shop's has before its domain; "" for the domain itself."""
    if scheme not in {"http", "https"} or not netloc or "@" in netloc:
        raise AddressError("bad_address")
    host, own = ascii_domain(netloc), ascii_domain(site.domain)
    if own in {host, f"www.{host}"}:
        return ""
    if not host.endswith(f".{own}") or _folder(site.folder) != "/":
        raise AddressError("other_site")
    return host.removesuffix(f".{own}")


def _folder(folder: str) -> str:
    inner = quote(folder.strip("/"), safe=_PLAIN)
    return f"/{inner}/" if inner else "/"


@dataclass(frozen=True, slots=True)
class Landing:
    """Where a link leads, ready to be sent: `before` and `after` a click's token."""

    before: str
    after: str

    def with_click(self, token: str) -> str:
        """Return the address that carries the click."""
        return f"{self.before}&{CLICK_PARAMETER}={token}{self.after}"

    @staticmethod
    def of(site: Site, place: str) -> str:
        """Return the address of a place as it stands."""
        return "".join(_split(site, place))

    @property
    def bare(self) -> str:
        """The address with the refcode alone: what is shown to machines, and counts by script."""
        return self.before + self.after


def landing(
    site: Site, place: str, parameters: Sequence[str], refcode: str, extra: Mapping[str, str]
) -> Landing:
    """Return the address of a place in the shop with the partner's code under the first parameter.

    The place keeps its own query and fragment, except for parameters that are ours; `extra`
    (sub-ids, UTM) comes before the code.
    """
    root, place = _split(site, place)
    path, _, fragment = place.partition("#")
    path, _, query = path.partition("?")
    ours = {*parameters, CLICK_PARAMETER}
    kept = [p for p in query.split("&") if p and unquote(p.partition("=")[0]) not in ours]
    added = {name: value for name, value in extra.items() if name not in ours}
    pairs = [*kept, urlencode(added)] if added else kept
    pairs.append(urlencode({parameters[0]: refcode}))
    return Landing(f"{root}{path}?{'&'.join(pairs)}", f"#{fragment}" if fragment else "")


class EridError(ValueError):
    """What was given is no advertising token."""


def erid_of(text: str) -> str | None:
    """Return an advertising token (erid) as it is kept; None for none. Raises EridError.

    An address or "erid: ..." around it is taken off: people copy what they see.
    """
    plain = text.strip()
    plain = plain.partition("erid=")[2].partition("&")[0] if "erid=" in plain else plain
    plain = plain.removeprefix("erid:").strip()
    if not plain:
        return None
    if _ERID.fullmatch(plain) is None:
        raise EridError(plain[:20])
    return plain


def with_erid(address: str, erid: str | None) -> str:
    """Return an address with the advertising token in it, as whoever looks at it must find it."""
    if not erid:
        return address
    return f"{address}{'&' if '?' in address else '?'}{urlencode({ERID: erid})}"


def label_with(label: str, erid: str | None) -> str:
    """Return the advertising label with the token in it, once."""
    if not erid or erid in label:
        return label
    return (
        f"{label}{'. ' if label and not label.endswith('.') else ' ' if label else ''}erid: {erid}"
    )


def share_addresses(address: str, words: str) -> dict[str, str]:
    """Return {network: page that offers the link to one's friends}: plain addresses, no script of theirs.

    `words` go with the link where the network takes any.
    """
    link, text = quote(address, safe=""), quote(words, safe="")
    both = quote(f"{words} {address}".strip(), safe="")
    return {
        "vk": f"https://vk.com/share.php?url={link}&title={text}",
        "telegram": f"https://t.me/share/url?url={link}&text={text}",
        "whatsapp": f"https://wa.me/?text={both}",
        "ok": f"https://connect.ok.ru/offer?url={link}&title={text}",
        "x": f"https://x.com/intent/post?url={link}&text={text}",
        "facebook": f"https://www.facebook.com/sharer/sharer.php?u={link}",
        "email": f"mailto:?subject={text}&body={both}",
    }


def _split(site: Site, place: str) -> tuple[str, str]:
    """Return the root that a place hangs on, and the rest."""
    if not place.startswith("//"):
        return site.root, place
    label, _, rest = place.removeprefix("//").partition("/")
    return site.at(label), rest
