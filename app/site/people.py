"""Who is signed in on this request, and beginning and ending that."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import g, request, session, url_for

from app.extensions import db, login
from app.identity import service
from app.site.scope import act_as
from app.web import surround
from app.web.errors import sign_in_again
from app.web.pages import see_address
from app.web.preferences import on_language

if TYPE_CHECKING:
    from flask import Flask, Response

    from app.identity.models import Person

View = TypeVar("View", bound=Callable[..., Any])
TOKEN = "token"  # noqa: S105 - the name of a session's entry


def signed_in() -> service.SignedIn | None:
    """Return this request's session and person; looked up once a request."""
    if "signed_in" not in g:
        token = session.get(TOKEN)
        g.signed_in = service.signed_in(token) if isinstance(token, str) else None
        if g.signed_in is not None and service.touch(g.signed_in.session):
            db.session.commit()  # by itself: no page waits for another's note
    found: service.SignedIn | None = g.signed_in
    return found


def recognise() -> Person | None:
    """Set g.person, and name who acts, if somebody is signed in."""
    found = signed_in()
    g.person = found.person if found else None
    if found:
        act_as(f"person:{found.person.id}")
        surround(person_name=found.person.name, person_locale=found.person.locale)
    return found.person if found else None


def begin(person: Person) -> None:
    """Sign a person in on this browser: everything in the old session is dropped, so nothing can be fixed in it."""
    old = session.get(TOKEN)
    if isinstance(old, str):
        service.sign_out(old)
    session.clear()
    agent = request.headers.get("User-Agent")
    session[TOKEN] = service.sign_in(person, ip=request.remote_addr, agent=agent)
    session.permanent = True
    g.pop("signed_in", None)


def end() -> None:
    """Sign this browser out."""
    token = session.get(TOKEN)
    if isinstance(token, str):
        service.sign_out(token)
    session.clear()
    g.signed_in = None


def init_app(app: Flask) -> None:
    """Tell Flask-Login who is signed in; it decides nothing else."""
    login.session_protection = None
    login.request_loader(_load)
    login.unauthorized_handler(_sign_in_again)
    on_language(app, _remember_language)


def _load(_request: Any) -> Person | None:
    found = signed_in()
    return found.person if found else None


def _sign_in_again() -> Response:
    return sign_in_again()


def _remember_language(locale: str) -> None:
    found = signed_in()
    if found is not None:
        found.person.locale = locale


def freshly(view: View) -> View:
    """Let a view run only if the password was given in the last minutes; else ask for it first.

    For keys and payment details. Stands below `requires`. A POST comes back to the page it was sent from.
    A cabinet that a link of the shop opened is closed by it: the password leads into one's own.
    """

    @wraps(view)
    def guarded(*args: Any, **values: Any) -> Any:
        found, by_pass = signed_in(), g.get("by_pass")
        if by_pass is not None:
            # Whoever's password was given on this browser, it was not for the cabinet that a link opened.
            session.pop(by_pass, None)
            return sign_in_again() if found is None else see_address(_back())
        if found is None:
            return sign_in_again()
        if not service.is_fresh(found.session):
            return see_address(url_for("public.identity.confirm", next=_back()))
        return view(*args, **values)

    return cast("View", guarded)


def _back() -> str:
    if request.method == "GET":
        return request.full_path.rstrip("?")
    try:
        parts = urlsplit(request.referrer or "")
    except ValueError:
        return request.path
    return parts.path if parts.netloc == request.host else request.path
