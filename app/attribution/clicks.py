"""Clicks, in front of Flask: a click is in PostgreSQL before its answer leaves, many in one commit."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_to_bytes

import psycopg
from flask import current_app
from sqlalchemy import insert
from sqlalchemy.exc import SQLAlchemyError

from app import clock
from app.attribution.models import Click
from app.extensions import db
from app.group_commit import GroupCommit
from app.links.queries import SCAN
from app.links.rules import (
    PAID_MARKS,
    ascii_domain,
    click_key,
    fold_code,
    instant,
    milliseconds_of,
    seal_click,
)
from app.links.service import PARAMS, target_of_code, target_of_short
from app.tenancy import current_tenant, tenant_scope
from app.tenants.queries import by_domain, by_slug, look_up, stands, tenant
from app.verified_sites.queries import links_by_host
from app.verified_sites.rules import is_below, referrer_host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from flask import Flask

    from app.links.queries import Target
    from app.tenants.models import Tenant

log = logging.getLogger(__name__)
Environ = dict[str, Any]

BEACONS = frozenset({"script", "site"})
REMEMBERED = 30.0  # seconds that a link is known without asking
MOST_REMEMBERED = 50_000
LONGEST = 500  # characters kept of what a browser says
LONGEST_QUERY = 4000
KEPT = (*PARAMS, *PAID_MARKS)  # of what a link is followed with
KINDS = {"/r/": "redirect", "/s/": "short", "/t/": "script"}
# Machines that say so. Plain HTTP libraries and headless browsers are none: shops' own checks use
# them, and whoever means to deceive calls himself something else.
MACHINES = re.compile(
    r"(?<!cu)bot\b|bot/|crawl|spider|slurp|preview|lighthouse|scrapy|facebookexternalhit|whatsapp|vkshare"
    r"|monitor|validator",
    re.IGNORECASE,
)
# The names are the columns'; one JSON parameter costs half of what twelve arrays do. The rows have
# their keys: a second try adds nothing.
INSERT = """INSERT INTO click (tenant_id, at, nonce, link_id, partner_id, kind,
                   ip, user_agent, referrer, page, params, flag)
SELECT t, '1970-01-01Z'::timestamptz + m * interval '1 ms', n, l, p, k, i, u, r, a, q, f
FROM json_to_recordset($1::json) AS row(t bigint, m bigint, n bigint, l bigint, p bigint, k text,
                                        i text, u text, r text, a text, q jsonb, f text)
ON CONFLICT DO NOTHING"""


class Seen(NamedTuple):
    """What a shop's server tells of a click it saw."""

    at: datetime | None = None  # the scope's now, if not said
    ip: str = ""
    agent: str = ""
    referrer: str = ""
    page: str = ""


class Remembered(NamedTuple):
    """A link and the moment from which it must be looked up again."""

    until: float
    target: Target


class Known(NamedTuple):
    """A merchant's verified sites and shops, and the moment from which they must be looked up again."""

    until: float
    tenant: Tenant | None
    links: dict[str, int]
    shops: frozenset[str]


class Sites:
    """Whose a visit is that our script saw on the merchant's page, by the site the visitor came from."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.known: dict[str, Known] = {}
        self.targets: dict[tuple[int, int], Remembered] = {}

    def target(self, path: str, host: str, said: dict[str, str], environ: Environ) -> Target | None:
        """Return the site's link; None unless a browser says that one of the shop's pages asks."""
        came_from = referrer_host(said.get("from", ""))
        if came_from is None:
            return None
        try:
            known = self._of(path, host)
            link = known.links.get(came_from)
            asks = referrer_host(environ.get("HTTP_ORIGIN", ""))
            if link is None or known.tenant is None or asks is None:
                return None
            on_page = any(is_below(asks, shop) for shop in known.shops)
            return self._link(known.tenant, link) if on_page else None
        except SQLAlchemyError as error:
            log.warning("a site could not be looked up: %s", error)
            return None

    def _of(self, path: str, host: str) -> Known:
        key = f"{host}\n{path}"
        known = self.known.get(key)
        if known is None or known.until < time.monotonic():
            with self.app.app_context():
                known = _sites(path, host)
            if len(self.known) >= MOST_REMEMBERED:
                self.known.clear()
            self.known[key] = known
        return known

    def _link(self, merchant: Tenant, link: int) -> Target | None:
        known = self.targets.get((merchant.id, link))
        if known is not None and known.until > time.monotonic():
            return known.target
        with self.app.app_context(), tenant_scope(merchant.id):
            found = target_of_short(merchant, link)
        if found is not None:
            if len(self.targets) >= MOST_REMEMBERED:
                self.targets.clear()
            self.targets[merchant.id, link] = Remembered(time.monotonic() + REMEMBERED, found)
        return found


class Clicks:
    """The WSGI function: answers links and the script's beacon, and leaves the rest to Flask."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.inner: Callable[..., Iterable[bytes]] = app.wsgi_app
        self.key = click_key(app.config["SECRET_KEY"])
        self.commits = GroupCommit(app, "clicks", INSERT)
        self.links: dict[str, Remembered] = {}
        self.sites = Sites(app)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a click; anything else, and what leads nowhere, is Flask's."""
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        kind = KINDS.get(path[:3])
        beacon = kind == "script"
        if kind is None or (beacon and (method != "POST" or not path.endswith("/hit"))):
            return self.inner(environ, start_response)
        if not beacon and method not in {"GET", "HEAD"}:
            return self.inner(environ, start_response)
        query = environ.get("QUERY_STRING", "")
        said = fields(query) if query else {}
        if kind == "short" and query == SCAN:
            kind = "scan"
        host, code = environ.get("HTTP_HOST", ""), said.get("ref", "") if beacon else ""
        target = self.target(path, host, code) if code or not beacon else None
        if beacon and not code:
            kind, target = "site", self.sites.target(path, host, said, environ)
        if target is None:
            return self.inner(environ, start_response)
        token = None if method == "HEAD" else self.count(target, kind, environ, said)
        if beacon:
            return _tell(start_response, token)
        address = target.landing.with_click(token) if token else target.landing.bare
        start_response("302 Found", [("Location", address), *REDIRECT])
        return [b""]

    def count(
        self, target: Target, kind: str, environ: Environ, said: dict[str, str]
    ) -> str | None:
        """Write a click and return its token; None for what is no evidence, or could not be written."""
        nonce = random_bits()
        at = milliseconds_of(clock.now() + target.offset)
        flag = flag_of(environ, kind)
        row = {
            "t": target.tenant, "m": at, "n": nonce, "l": target.link, "p": target.partner, "k": kind,
            "i": shortened(environ.get("REMOTE_ADDR", "")),
            "u": _kept(environ.get("HTTP_USER_AGENT")),
            "r": _kept(said.get("from") if kind in BEACONS else environ.get("HTTP_REFERER")),
            "a": _kept(said.get("page")),
            "q": {name: _kept(said[name]) for name in KEPT if name in said} if said else {},
            "f": flag,
        }  # fmt: skip
        try:
            self.commits.write(json.dumps(row))
        except (psycopg.Error, SQLAlchemyError):
            return None  # the visitor goes on to the shop all the same
        return None if flag else seal_click(self.key, target.tenant, target.link, at, nonce)

    def count_by_hand(self, code: str, seen: Seen) -> str | None:
        """Write a click that a server saw, in the scope's tenant and at its time; None: nobody's code."""
        merchant = tenant(current_tenant())
        found = target_of_code(merchant, code) if merchant else None
        if found is None:
            return None
        at = milliseconds_of(seen.at or clock.now())
        nonce = random_bits()
        db.session.execute(
            insert(Click).values(
                at=instant(at),
                nonce=nonce,
                link_id=found.link,
                partner_id=found.partner,
                kind="server",
                ip=shortened(seen.ip),
                user_agent=_kept(seen.agent),
                referrer=_kept(seen.referrer),
                page=_kept(seen.page),
                flag="bot" if seen.agent and is_machine(seen.agent) else None,
            )
        )
        return seal_click(self.key, found.tenant, found.link, at, nonce)

    def target(self, path: str, host: str, code: str) -> Target | None:
        """Return where a path leads; what was found is remembered for a while, what was not is not."""
        key = f"{host}\n{path}\n{code}"
        known = self.links.get(key)
        if known is not None and known.until > time.monotonic():
            return known.target
        try:
            with self.app.app_context():
                found = find(path, host, code)
                db.session.commit()  # a partner's main link may have been made just now
        except SQLAlchemyError as error:
            log.warning("a link could not be looked up: %s", error)
            return known.target if known else None
        if found is not None:
            if len(self.links) >= MOST_REMEMBERED:
                self.links.clear()
            self.links[key] = Remembered(time.monotonic() + REMEMBERED, found)
        return found


REDIRECT = [("Content-Length", "0"), ("Cache-Control", "no-store"), ("Referrer-Policy", "origin")]
CLICK_HEADER = "Partnerka-Click"
BEACON = [
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", CLICK_HEADER),
]


def random_bits() -> int:
    """Return 64 random bits as PostgreSQL's bigint."""
    return int.from_bytes(secrets.token_bytes(8), "big", signed=True)


def count_click(code: str, seen: Seen | None = None) -> str | None:
    """Write a click in the scope's transaction and return its token; None for nobody's code."""
    clicks: Clicks = current_app.extensions["clicks"]
    return clicks.count_by_hand(code, seen or Seen())


def init_app(app: Flask) -> None:
    """Stand in front of Flask, and behind what reads the proxy's headers: call before those are set."""
    clicks = Clicks(app)
    app.extensions["clicks"] = clicks
    app.wsgi_app = clicks  # type: ignore[method-assign]


def find(path: str, host: str, code: str) -> Target | None:
    """Return where /r/<merchant>/<code>, /s/<code> or a beacon of /t/<merchant>/hit leads.

    Paths without the merchant are read on the domain of its own.
    """
    steps = _text(path).strip("/").split("/")
    if steps[0] == "s":
        entry = look_up("short", fold_code(steps[1])) if len(steps) == 2 else None
        merchant = tenant(entry.tenant_id) if entry else None
        if entry is None or merchant is None or entry.target_id is None:
            return None
        with tenant_scope(merchant.id):
            return target_of_short(merchant, entry.target_id)
    if not 2 <= len(steps) <= 3:
        return None
    merchant = by_slug(fold_code(steps[1])) if len(steps) == 3 else _by_host(host)
    if merchant is None:
        return None
    with tenant_scope(merchant.id):
        return target_of_code(merchant, code if steps[0] == "t" else steps[-1])


def _sites(path: str, host: str) -> Known:
    """Read the verified sites of the merchant whose /t/<merchant>/hit this is."""
    steps = _text(path).strip("/").split("/")
    merchant = by_slug(fold_code(steps[1])) if len(steps) == 3 else _by_host(host)
    until = time.monotonic() + REMEMBERED
    if merchant is None:
        return Known(until, None, {}, frozenset())
    with tenant_scope(merchant.id):
        domains = frozenset(ascii_domain(domain) for _shop, domain in stands())
        return Known(until, merchant, links_by_host(), domains)


def _by_host(host: str) -> Tenant | None:
    return by_domain(host.lower()) or by_domain(host.lower().partition(":")[0])


def flag_of(environ: Environ, kind: str) -> str | None:
    """Return why a request is no visit of a person: prefetch, frame or bot; None when it may be one."""
    if kind == "pixel":
        return "pixel"  # shown is not followed
    purpose = (
        environ.get("HTTP_SEC_PURPOSE") or environ.get("HTTP_PURPOSE") or environ.get("HTTP_X_MOZ")
    )
    if purpose and "pre" in purpose.lower():
        return "prefetch"
    dest = environ.get("HTTP_SEC_FETCH_DEST")
    if dest is not None and dest != ("empty" if kind in BEACONS else "document"):
        return "frame"
    return "bot" if is_machine(environ.get("HTTP_USER_AGENT", "")[:LONGEST]) else None


@lru_cache(maxsize=4096)
def is_machine(agent: str) -> bool:
    """Whether a user agent says that no person reads the page; a longer list is asked later."""
    return MACHINES.search(agent) is not None


def fields(query: str) -> dict[str, str]:
    """Return what a query says, the first of each name; most of it needs no decoding."""
    found: dict[str, str] = {}
    for pair in query[:LONGEST_QUERY].split("&"):
        name, _, value = pair.partition("=")
        if name and name not in found:
            plain = "%" not in value and "+" not in value
            found[name] = value if plain else _decoded(value)
    return found


def _decoded(value: str) -> str:
    """Return what `unquote_plus` does, in half its time."""
    return unquote_to_bytes(value.replace("+", " ")).decode("utf-8", "replace")


def shortened(address: str) -> str:
    """Return an address without the part that names a household: /24 of IPv4, /48 of IPv6."""
    if ":" in address:
        mapped = address.rpartition(":")[2]
        if "." in mapped:
            return shortened(mapped)
        return ":".join(address.split("::", 1)[0].split(":")[:3]) + "::"
    return address.rpartition(".")[0] + ".0" if "." in address else ""


def _kept(text: str | None) -> str | None:
    return text[:LONGEST].replace("\0", "") if text else None  # no database keeps a NUL


def _text(path: str) -> str:
    """Return a path as it was meant; WSGI hands UTF-8 over as Latin-1."""
    return path.encode("latin-1", "replace").decode("utf-8", "replace")


def _tell(start_response: Callable[..., Any], token: str | None) -> Iterable[bytes]:
    start_response("204 No Content", [*BEACON, (CLICK_HEADER, token)] if token else BEACON)
    return [b""]
