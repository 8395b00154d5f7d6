"""The one way out: HTTP calls to addresses that somebody typed, held to the public internet.

An address is parsed strictly, its host is resolved once, every answer of the resolver must be public
(a table of our own: `is_global` is true for some ways back to loopback), and the connection goes to
that very number, so a name that changes its mind reaches nothing. No redirects, web ports only, a
deadline for the whole talk and a cap on the answer. What is caught says whether the request may have
arrived, and never repeats what the other side said.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpcore
import idna

from app.installation import settings

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Mapping, Sequence

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address

PORTS = {"http": 80, "https": 443}
LONGEST = 2048  # characters of an address
SMALL = 262_144  # bytes of an answer that is read into memory
CONNECT = 5.0  # seconds for the resolver, and for each connection
_V4 = (
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 168.63.129.16/32 169.254.0.0/16 172.16.0.0/12 "
    "192.0.0.0/24 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 "
    "192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4"
)
# Of IPv6 only what is handed out as global unicast is public, less the blocks that lead elsewhere:
# protocol assignments with Teredo, documentation, 6to4. Mapped IPv4 and NAT64 lie outside.
_V6 = "2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20"
_CLOSED_V4 = tuple(ipaddress.IPv4Network(text) for text in _V4.split())
_CLOSED_V6 = tuple(ipaddress.IPv6Network(text) for text in _V6.split())
_OPEN_V6 = ipaddress.IPv6Network("2000::/3")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2000-\u200f\u2028-\u202f\u2060\u3000\ufeff]")
_NUMBER = re.compile(r"^(0x[0-9a-f]*|[0-9]+)$")


class EgressError(Exception):
    """The call brought no answer; the message is for a log or a form and holds nothing of the peer's."""

    sent = False  # whether the request may have reached the other side


class RefusedError(EgressError):
    """The address is not one that may be called: nothing left this machine, nor ever will."""


class UnreachableError(EgressError):
    """No connection: nothing was said, so trying again is safe."""


class InterruptedCallError(EgressError):
    """The request may have arrived, and its answer did not."""

    sent = True


class TooLongError(InterruptedCallError):
    """The answer is longer than it may be."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where an address leads, as text; nothing is resolved yet."""

    scheme: str
    host: str  # ASCII, lower case, no brackets
    port: int
    path: str  # with the query

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may take: seconds for the whole talk, bytes of the answer."""

    seconds: float = 10.0
    size: int = SMALL


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said. For deciding; never to be shown to who typed the address."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text; what is no UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")


def parse(url: str) -> Target:
    """Read an address strictly. Raises RefusedError with one sentence."""
    if len(url) > LONGEST or _FORBIDDEN.search(url):
        raise RefusedError("not an address")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise RefusedError("not an address") from error
    if parts.scheme not in PORTS:
        raise RefusedError("only http and https")
    if "@" in parts.netloc:
        raise RefusedError("no user name in an address")
    target = parts.path or "/"
    query = f"?{parts.query}" if parts.query else ""
    host = _host(parts.netloc, parts.hostname or "")
    return Target(
        parts.scheme, host, PORTS[parts.scheme] if port is None else port, _ascii(target + query)
    )


def _host(netloc: str, host: str) -> str:
    """Return the host in its one spelling: a name with a dot, or a number as everybody writes it."""
    if netloc.startswith("["):
        try:
            return str(ipaddress.IPv6Address(host))
        except ValueError as error:
            raise RefusedError("not an address") from error
    try:
        name = idna.encode(host.removesuffix("."), uts46=True).decode("ascii").lower()
    except idna.IDNAError as error:
        if not re.fullmatch(r"[a-z0-9.-]+", host):
            raise RefusedError("not a host") from error
        name = host.removesuffix(".")  # say, a name of Docker's, with two hyphens
    if _NUMBER.match(name.rpartition(".")[2]):
        try:
            number = str(ipaddress.IPv4Address(host))
        except ValueError as error:  # octal, hexadecimal, short, in circles: all lead to loopback
            raise RefusedError("not a host") from error
        return number
    if not all(name.split(".")):
        raise RefusedError("not a host")
    return name


def _ascii(path: str) -> str:
    return "".join(c if c.isascii() else "".join(f"%{b:02X}" for b in c.encode()) for c in path)


def is_public(ip: Ip) -> bool:
    """Whether a number is out on the internet, by our own table."""
    if isinstance(ip, ipaddress.IPv4Address):
        return not any(ip in block for block in _CLOSED_V4)
    return ip in _OPEN_V6 and not any(ip in block for block in _CLOSED_V6)


def system_resolver(host: str) -> Sequence[str]:
    """Ask the machine's resolver. Raises OSError."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _no_exceptions() -> frozenset[str]:
    return frozenset(settings().egress_allow)


@dataclass(frozen=True)
class Client:
    """A way out. `resolve` is asked once a call; `allowed` are "host:port" inside, said by the operator."""

    resolve: Callable[[str], Sequence[str]] = system_resolver
    allowed: Callable[[], Iterable[str]] = _no_exceptions
    limits: Limits = field(default_factory=Limits)

    def check(self, url: str) -> Target:
        """Look at an address without resolving: for forms. Raises RefusedError."""
        target = parse(url)
        if self._is_inside(target):
            return target
        if target.port != PORTS[target.scheme]:
            raise RefusedError("only ports 80 and 443")
        if (ip := _as_ip(target.host)) is not None and not is_public(ip):
            raise RefusedError("not a public address")
        if ip is None and "." not in target.host:
            raise RefusedError("not a public address")
        return target

    def fetch(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        limits: Limits | None = None,
        into: IO[bytes] | None = None,
    ) -> Answer:
        """Make one call. Raises RefusedError, UnreachableError, InterruptedCallError; never follows.

        `into`: where the body of a good answer is written as it comes, for what may be large.
        """
        target, within = self.check(url), limits or self.limits
        talk = _Talk(self, target, time.monotonic() + within.seconds)
        sent = {"Host": target.authority, "User-Agent": "Partnerka", "Accept-Encoding": "identity"}
        try:
            return self._talk(talk, method, sent | dict(headers or {}), body, within, into)
        except httpcore.LocalProtocolError as error:
            raise RefusedError("not a request") from error
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise _ending(talk, type(error).__name__) from error
        except OSError as error:
            raise _ending(talk, type(error).__name__) from error

    @staticmethod
    def _talk(
        talk: _Talk,
        method: str,
        headers: dict[str, str],
        body: bytes | None,
        within: Limits,
        into: IO[bytes] | None = None,
    ) -> Answer:
        target = talk.target
        address = httpcore.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.path.encode(),
        )
        waits = dict.fromkeys(("connect", "read", "write", "pool"), within.seconds)
        with (
            httpcore.ConnectionPool(network_backend=talk, max_keepalive_connections=0) as pool,
            pool.stream(
                method,
                address,
                headers=list(headers.items()),
                content=body,
                extensions={"timeout": waits},
            ) as answer,
        ):
            got, size = bytearray(), 0
            aside = into if answer.status == HTTPStatus.OK else None
            for piece in answer.iter_stream():
                size += len(piece)
                if size > (within.size if into is None or aside else SMALL):
                    raise TooLongError("the answer is too long")
                if aside is None:
                    got += piece
                else:
                    aside.write(piece)
            named = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in answer.headers}
            return Answer(answer.status, named, bytes(got))

    def _is_inside(self, target: Target) -> bool:
        return f"{target.host}:{target.port}" in set(self.allowed())

    def numbers(self, target: Target) -> Sequence[str]:
        """Resolve once; every number must be public. Raises RefusedError, UnreachableError."""
        if _as_ip(target.host) is not None:
            found: Sequence[str] = [target.host]
        else:
            found = _within(CONNECT, self.resolve, target.host)
        if not found:
            raise UnreachableError("no such host")
        if self._is_inside(target):
            return found
        for text in found:
            ip = _as_ip(text)
            if ip is None or not is_public(ip):
                raise RefusedError("not a public address")
        return found


def _ending(talk: _Talk, problem: str) -> EgressError:
    return InterruptedCallError(problem) if talk.has_spoken else UnreachableError(problem)


def _as_ip(text: str) -> Ip | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _within(seconds: float, resolve: Callable[[str], Sequence[str]], host: str) -> Sequence[str]:
    """Ask the resolver, which knows no deadline of its own, in a thread that may be left behind."""
    got: list[Sequence[str]] = []

    def ask() -> None:
        try:
            got.append(resolve(host))
        except (OSError, UnicodeError):
            got.append(())

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    if not got:
        raise UnreachableError("the name is not answered in time")
    return got[0]


class _Talk(httpcore.NetworkBackend):
    """One call's way to the network: resolves, checks, connects, and keeps the deadline."""

    def __init__(self, client: Client, target: Target, until: float) -> None:
        self.client, self.target, self.until = client, target, until
        self.has_spoken = False

    def left(self) -> float:
        """Return the seconds that remain. Raises ReadTimeout where none do."""
        seconds = self.until - time.monotonic()
        if seconds <= 0:
            raise httpcore.ReadTimeout("deadline")
        return seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the numbers that the host has now, in turn."""
        problem: Exception = UnreachableError("no such host")
        for number in self.client.numbers(self.target):
            try:
                stream = _SYNC.connect_tcp(number, port, min(CONNECT, self.left()))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
            else:
                return _Stream(stream, self)
        raise problem


_SYNC = httpcore.SyncBackend()


class _Stream(httpcore.NetworkStream):
    """A connection whose every wait is cut to what remains: a slow drip outlives single timeouts."""

    def __init__(self, inner: httpcore.NetworkStream, talk: _Talk) -> None:
        self.inner, self.talk = inner, talk

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.inner.read(max_bytes, self.talk.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.talk.has_spoken = True
        self.inner.write(buffer, self.talk.left())

    def close(self) -> None:
        self.inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self.talk.left()
        return _Stream(self.inner.start_tls(ssl_context, server_hostname, left), self.talk)

    def get_extra_info(self, info: str) -> Any:
        return self.inner.get_extra_info(info)


client = Client()
