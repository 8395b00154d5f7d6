"""In which forms a WooCommerce shop takes calls: most take the first, and some another one alone. Pure.

The interface is below /wp-json/, or with plain permalinks in the query. Over https the keys go as they
are in a header; where a server drops it, or the shop behind a proxy takes itself to be called by http,
the call is signed instead. Some servers want a slash behind every address.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from app.intake.shops.woocommerce import oauth

if TYPE_CHECKING:
    from app.intake.shops import Access

API, ROUTE = "/wp-json/wc/v3/", "/wc/v3/"
BASIC, SIGNED, SIGNED_AS_HTTP = "basic", "signed", "signed as http"
WRONG = "woocommerce_rest_authentication_error"  # keys that were read, and do not hold
# Shops before 11.1 look for keys only where the address has this text.
_OLD = ("for", "wp-json/wc/")


@dataclass(frozen=True)
class Way:
    """One form of calls."""

    proof: str
    plain: bool = False
    slash: bool = False


def first(address: str) -> Way:
    """Return the form that most shops take."""
    return Way(BASIC if address.startswith("https:") else SIGNED)


def request(
    way: Way, access: Access, method: str, path: str, query: oauth.Pairs, nonce: str, stamp: int
) -> tuple[str, dict[str, str]]:
    """Return the address and the headers of a call."""
    home, headers = access.address.rstrip("/"), {"Accept": "application/json"}
    tail = "/" if way.slash else ""
    if way.plain:
        # Not the bare address: what the shop signs of that has no slash at its end.
        url = f"{home}/index.php"
        pairs = [("rest_route", ROUTE + path + tail), _OLD, *query]
    else:
        url, pairs = home + API + path + tail, list(query)
    if way.proof == BASIC:
        keys = f"{access.key}:{access.secret}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(keys).decode()}"
    else:
        over = url.replace("https:", "http:", 1) if way.proof == SIGNED_AS_HTTP else url
        pairs = oauth.signed(
            method, over, pairs, access.key, access.secret, nonce=nonce, stamp=stamp
        )
    return (f"{url}?{oauth.encoded(pairs)}" if pairs else url), headers


def other(way: Way, address: str, status: int, code: str | None, location: str) -> Way | None:
    """Return another form that a shop may take which answered so; None: there is none.

    `code`: the shop's own word for what is wrong; None: it was no shop that answered.
    """
    secure = address.startswith("https:")
    if status == 404 and code is None and not way.plain:
        return replace(way, plain=True)
    if 300 <= status < 400 and not way.slash and _only_a_slash(location):
        return replace(way, slash=True)
    if way.proof == BASIC and code != WRONG and status in {401, 403}:
        return replace(way, proof=SIGNED) if code is not None or status == 401 else None
    if way.proof == SIGNED and secure and code == WRONG:
        return replace(way, proof=SIGNED_AS_HTTP)
    return None


def _only_a_slash(location: str) -> bool:
    path = urlsplit(location).path
    return API in path and path.endswith("/")


def moved_to(address: str, url: str, location: str) -> str | None:
    """Return the address that a shop is called by instead; None: it sends us to somebody else's.

    With or without www it is the same shop, and never again without https.
    """
    try:
        old, new = urlsplit(address), urlsplit(urljoin(url, location))
        ports = old.port, new.port
    except ValueError:
        return None
    same = _bare(old.hostname) == _bare(new.hostname) and (
        ports[0] == ports[1] or (old.scheme, new.scheme) == ("http", "https")
    )
    if not same or new.scheme not in {"http", "https"} or "@" in new.netloc:
        return None
    if old.scheme == "https" and new.scheme == "http":
        return None
    before, api, _rest = new.path.partition(API)
    if not api:
        before, api, _rest = new.path.partition("/index.php")
    found = f"{new.scheme}://{new.netloc}{before}"
    return found if api and found != address.rstrip("/") else None


def _bare(host: str | None) -> str:
    return (host or "").removeprefix("www.")
