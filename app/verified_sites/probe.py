"""Look at a site for its proof: a file, a meta tag of its first page, a TXT record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dns.exception
import dns.resolver

from app import egress
from app.installation import settings
from app.verified_sites.rules import (
    RECORD,
    How,
    Problem,
    file_name,
    file_proves,
    meta_proves,
    record_proves,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LIMITS = egress.Limits(seconds=8.0, size=262_144)
OK = 200


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look found: the proof, or why there is none."""

    how: How | None
    problem: Problem | None = None


def ask_records(name: str, server: str = "") -> Sequence[str]:
    """Return the TXT records of a name; none where the resolver has no answer.

    `server` ("host:port") is asked instead of the one that is set, or the machine's own.
    """
    server = server or settings().dns_server
    try:
        resolver = dns.resolver.Resolver(configure=not server)
    except dns.resolver.NoResolverConfiguration:
        return ()
    if server:
        host, _, port = server.rpartition(":")
        resolver.nameservers, resolver.port = [host], int(port)
    try:
        answer = resolver.resolve(name, "TXT", lifetime=5.0, search=False)
    except (dns.exception.DNSException, OSError):
        return ()
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]


@dataclass(frozen=True)
class Probe:
    """The ways out that a look takes."""

    client: egress.Client = field(default_factory=lambda: egress.client)
    records: Callable[[str], Sequence[str]] = ask_records
    limits: egress.Limits = LIMITS

    def look(self, host: str, token: str) -> Seen:
        """Look at a site once; never follows it elsewhere."""
        reached = False
        for scheme in ("https", "http"):
            try:
                found = self._file(f"{scheme}://{host}/{file_name(token)}", token)
                how = How.FILE if found else None
                if how is None and self._page(f"{scheme}://{host}/", token):
                    how = How.META
            except egress.EgressError:
                continue
            if how is not None:
                return Seen(how)
            reached = True
        name = host.partition(":")[0]
        if record_proves((*self.records(f"{RECORD}.{name}"), *self.records(name)), token):
            return Seen(How.DNS)
        return Seen(None, Problem.NOT_FOUND if reached else Problem.UNREACHABLE)

    def _file(self, url: str, token: str) -> bool:
        answer = self.client.fetch("GET", url, limits=self.limits)
        return answer.status == OK and file_proves(answer.text, token)

    def _page(self, url: str, token: str) -> bool:
        try:
            answer = self.client.fetch("GET", url, limits=self.limits)
        except egress.InterruptedCallError:
            return False  # a page too long or too slow; the file answered, so the site is there
        return answer.status == OK and meta_proves(answer.text, token)
