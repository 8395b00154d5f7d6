"""A page or its fragment, and what follows a POST: the only way views answer people."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from flask import Response, flash, make_response, render_template, request, url_for

VARY = ("HX-Request", "HX-Request-Type")


def wants_fragment() -> bool:
    """True for an htmx request that swaps a part of the page, and not for one that restores a whole page."""
    return (
        request.headers.get("HX-Request") == "true"
        and request.headers.get("HX-Request-Type") == "partial"
        and request.headers.get("HX-History-Restore-Request") != "true"
    )


def from_htmx() -> bool:
    """True when htmx made the request, whatever it swaps."""
    return request.headers.get("HX-Request") == "true"


def page(template: str, fragment: str | None = None, status: int = 200, **context: Any) -> Response:
    """Render the page, or its fragment when htmx asks for a part and one is named.

    `template` as 'payouts/office/index.html'; `fragment` as '_table.html' (looked up beside the template)
    or a whole path. A form that did not validate is sent again with status 422.
    """
    name = template
    if fragment is not None and wants_fragment():
        name = fragment if "/" in fragment else f"{template.rpartition('/')[0]}/{fragment}"
    response = make_response(render_template(name, **context), status)
    response.vary.update(VARY)
    return response


def toast(message: str, kind: str = "success", undo: str | None = None) -> None:
    """Show a short message on the next page; `undo` is the address that a POST takes the act back at."""
    flash(json.dumps({"text": str(message), "undo": undo}), kind)


def see_other(
    endpoint: str, /, *, message: str | None = None, undo: str | None = None, **values: Any
) -> Response:
    """Answer a POST that succeeded: 303 to the endpoint, with a toast if there is a message.

    htmx gets the same thing its own way: the page it stands on is fetched and morphed in place,
    another page is opened as a link would open it.
    """
    return see_address(url_for(endpoint, **values), message=message, undo=undo)


def see_address(address: str, *, message: str | None = None, undo: str | None = None) -> Response:
    """The same for a local address that is already built; anything but a path of ours is refused."""
    if not is_local(address):
        address = "/"
    if message:
        toast(message, undo=undo)
    if not from_htmx():
        response = make_response("", 303)
        response.headers["Location"] = address
        response.headers["Content-Type"] = "text/html; charset=utf-8"
    else:
        response = make_response("", 204)
        there = urlsplit(address)
        if _path_of(request.headers.get("HX-Current-URL", "")) == there.path and not there.fragment:
            spec = {"path": address, "target": "body", "swap": "innerMorph", "replace": "true"}
            response.headers["HX-Location"] = json.dumps(spec)
        else:
            response.headers["HX-Redirect"] = address
    response.vary.update(VARY)
    return response


def _path_of(address: str) -> str | None:
    try:
        return urlsplit(address).path
    except ValueError:
        return None


def is_local(address: str) -> bool:
    """True for a path on this host: one leading slash, no backslash, no control character, no host."""
    if not address.startswith("/") or address[1:2] in {"/", "\\"}:
        return False
    if "\\" in address or any(ord(c) < 0x20 or ord(c) == 0x7F for c in address):
        return False
    parts = urlsplit(address)
    return not parts.scheme and not parts.netloc


def next_address(default: str) -> str:
    """Where `?next=` (or a form's `next`) points, if that is a path of ours; else the default."""
    wanted = request.values.get("next", "")
    return wanted if is_local(wanted) else default
