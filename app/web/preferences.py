"""The reader's own switches that need no account: language and light or dark; and the merchant's accent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, current_app, make_response, request

from app.web.colour import accent_css
from app.web.locale import COOKIE, LOCALES
from app.web.pages import next_address, see_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

blueprint = Blueprint("web", __name__)
THEMES = ("auto", "light", "dark")
_YEAR = 31_536_000
_HEX = re.compile(r"[0-9a-f]{6}")


def on_language(app: Flask, listener: Callable[[str], None]) -> None:
    """Call the listener when a reader changes the language, so that a signed-in person's choice is kept."""
    app.extensions.setdefault("web.on_language", []).append(listener)


@blueprint.post("/preferences/language")
def language() -> Response:
    """Remember the language in a cookie, and with the person if one is signed in."""
    wanted = request.form.get("locale", "")
    if wanted not in LOCALES:
        abort(422)
    for listener in current_app.extensions.get("web.on_language", []):
        listener(wanted)
    return _remember(COOKIE, wanted)


@blueprint.post("/preferences/theme")
def theme() -> Response:
    """Remember light, dark or the device's own in a cookie."""
    wanted = request.form.get("theme", "")
    if wanted not in THEMES:
        abort(422)
    return _remember("theme", wanted)


@blueprint.get("/accent/<colour>.css")
def accent(colour: str) -> Response:
    """One accent colour as style variables, since the policy allows no style inside a page."""
    if _HEX.fullmatch(colour) is None:
        abort(404)
    response = make_response(accent_css(colour))
    response.headers["Content-Type"] = "text/css; charset=utf-8"
    response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    return response


def _remember(name: str, value: str) -> Response:
    response = see_address(next_address("/"))
    if "HX-Location" in response.headers:  # the whole document changes, not only its body
        response.headers["HX-Refresh"] = "true"
    response.set_cookie(
        name,
        value,
        max_age=_YEAR,
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
        httponly=True,
        samesite="Lax",
    )
    return response


def chosen_theme() -> str:
    """The reader's theme: light, dark, or auto when the device decides."""
    wanted = request.cookies.get("theme", "")
    return wanted if wanted in THEMES else "auto"
