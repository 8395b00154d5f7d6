"""What goes wrong, told to people as a page or a fragment, and to programs as RFC 9457 problem documents."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from apiflask.exceptions import HTTPError
from flask import Response, current_app, make_response, request, url_for
from flask_babel import gettext, lazy_gettext
from flask_wtf.csrf import CSRFError
from psycopg.errors import DataError, UniqueViolation
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.http import HTTP_STATUS_CODES

from app.errors import DomainError, NotFound, Retry, in_plain_words
from app.web.context import frame
from app.web.log import request_id
from app.web.pages import VARY, from_htmx, wants_fragment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flask import Flask
    from flask_babel.speaklater import LazyString

log = logging.getLogger(__name__)
PROGRAMS = ("/api/", "/hooks/", "/postback/", "/t/", "/w/", "/billing/payments/")
PROBLEM = "application/problem+json; charset=utf-8"
RETRY_AFTER = 5  # seconds; long enough for a database to come back, short enough for a person
# What a column cannot hold, where no form said so before: NUL (the driver itself refuses it, without a
# state; in JSON the database does), and numbers beyond eight bytes.
UNSTORABLE = frozenset({None, "22P05", "22003"})
KEPT_HEADERS = frozenset({"allow", "retry-after", "www-authenticate"})


@dataclass(frozen=True, slots=True)
class Words:
    """An error's name and what the reader can do about it."""

    title: LazyString
    advice: LazyString


WORDS = {
    400: Words(
        lazy_gettext("We could not read this request"),
        lazy_gettext(
            "Reload the page and try once more. If you came by a link, it may be incomplete."
        ),
    ),
    401: Words(
        lazy_gettext("Please sign in"),
        lazy_gettext(
            "This page is for people who are signed in. Sign in and you will come back here."
        ),
    ),
    403: Words(
        lazy_gettext("This is not open to you"),
        lazy_gettext(
            "Your role does not include this. Ask an owner of the account to open it for you."
        ),
    ),
    404: Words(
        lazy_gettext("There is nothing at this address"),
        lazy_gettext(
            "It may have been moved or removed. Check the address, or start from the first page."
        ),
    ),
    405: Words(
        lazy_gettext("This address does not do that"),
        lazy_gettext("Go back and use the buttons of the page."),
    ),
    409: Words(
        lazy_gettext("Somebody was here before you"),
        lazy_gettext(
            "This has changed since you opened it. Reload the page to see how it stands now."
        ),
    ),
    413: Words(
        lazy_gettext("This is too large"),
        lazy_gettext("Send a smaller file or a shorter text."),
    ),
    415: Words(
        lazy_gettext("We cannot read this kind of file"),
        lazy_gettext("Check the format that the page asks for and send it again."),
    ),
    422: Words(
        lazy_gettext("Something has to be corrected"),
        lazy_gettext("Go back, correct what is named here, and send it again."),
    ),
    429: Words(
        lazy_gettext("Too many attempts"),
        lazy_gettext("Wait a little and try again."),
    ),
    500: Words(
        lazy_gettext("Something broke on our side"),
        lazy_gettext(
            "Nothing was changed. Try again; if it happens again, tell us the number below."
        ),
    ),
    503: Words(
        lazy_gettext("We are catching our breath"),
        lazy_gettext("Nothing was changed. Try again in a few seconds."),
    ),
}


def for_program() -> bool:
    """True where the caller is a program, by the address it called."""
    return request.path.startswith(PROGRAMS)


def problem(
    status: int,
    detail: str = "",
    *,
    code: str | None = None,
    errors: Iterable[tuple[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document; `code` is our stable word for it, `errors` are (field, message)."""
    body: dict[str, Any] = {
        "type": f"urn:partnerka:problem:{code}" if code else "about:blank",
        "title": HTTP_STATUS_CODES.get(status, "Error"),
        "status": status,
        "detail": detail or HTTP_STATUS_CODES.get(status, "Error"),
        "errors": [{"field": field, "message": message} for field, message in errors],
        "request_id": request_id(),
    }
    response = make_response(current_app.json.dumps(body), status, dict(headers or {}))
    response.headers["Content-Type"] = PROBLEM
    return response


def answer(
    status: int,
    detail: str = "",
    *,
    code: str | None = None,
    errors: Iterable[tuple[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Tell the caller of an error in the form the caller reads. Touches no database: it may be the error."""
    if for_program():
        return problem(status, detail, code=code, errors=errors, headers=headers)
    words = WORDS.get(status) or WORDS[500 if status >= 500 else 400]
    template = "errors/_error.html" if wants_fragment() else "errors/error.html"
    # Rendered apart from the app's context processors: flask-login's would ask the database who is here.
    text = current_app.jinja_env.get_template(template).render(
        **frame(),
        status=status,
        title=words.title,
        detail=detail,
        advice=words.advice,
        errors=list(errors),
        request_id=request_id(),
        sign_in=sign_in_address() if status == 401 else None,
    )
    response = make_response(text, status, dict(headers or {}))
    if from_htmx():
        response.headers["HX-Retarget"] = "#notice"
        response.headers["HX-Reswap"] = "innerHTML"
        response.headers["HX-Push-Url"] = "false"
    response.vary.update(VARY)
    return response


def sign_in_address() -> str | None:
    """Where to sign in, coming back to a page that was only read; None while nobody offers it."""
    for endpoint in ("public.identity.login", "public.identity.sign_in"):
        if endpoint in current_app.view_functions:
            back = (
                request.full_path.rstrip("?")
                if request.method == "GET" and not from_htmx()
                else None
            )
            return url_for(endpoint, next=back)
    return None


def sign_in_again() -> Response:
    """Send somebody whose session is over to the sign-in page, from a page or from the middle of one."""
    address = sign_in_address()
    if address is None or for_program():
        return answer(401)
    if from_htmx():
        response = make_response("", 401)
        response.headers["HX-Redirect"] = address
    else:
        response = make_response("", 303)
        response.headers["Location"] = address
    response.vary.update(VARY)
    return response


def _http(error: HTTPException) -> Response | HTTPException:
    status = error.code or 500
    if error.response is not None or status < 400:
        return error  # abort(response), or a redirect of the router
    if isinstance(error, CSRFError):
        return answer(
            status,
            gettext("This page stood open for too long, or came from elsewhere."),
            code="csrf",
        )
    kept = {name: value for name, value in error.get_headers() if name.lower() in KEPT_HEADERS}
    if status == 503:
        kept.setdefault("Retry-After", str(RETRY_AFTER))
    detail = "" if isinstance(error, InternalServerError) else _detail(error)
    return answer(status, detail, headers=kept)


def _detail(error: HTTPException) -> str:
    """What the view said; werkzeug's own sentence, which is in English only, goes to programs alone."""
    own = error.description != type(error).description
    return str(error.description or "") if own or for_program() else ""


def _domain(error: DomainError) -> Response:
    said = str(error.message)
    return answer(
        error.status,
        said if said != NotFound.bare or for_program() else "",
        code=error.code,
        errors=[(e.field, str(e.message)) for e in error.errors],
    )


def _api(error: HTTPError) -> Response:
    pairs = list(_flatten(error.detail))
    code = "invalid" if error.status_code == 422 else None
    return answer(
        error.status_code,
        error.message or "",
        code=code,
        errors=pairs,
        headers=dict(cast("Mapping[str, str]", error.headers)),
    )


def _flatten(detail: Any, path: str = "") -> Iterable[tuple[str, str]]:
    """APIFlask's nested complaints as (field, message); the part that names body or query is left out."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            top = not path and key in {
                "json",
                "query",
                "form",
                "headers",
                "path",
                "json_or_form",
                "files",
            }
            yield from _flatten(value, "" if top else f"{path}.{key}".lstrip("."))
    elif isinstance(detail, list | tuple):
        for value in detail:
            yield from _flatten(value, path)
    elif detail:
        yield path, in_plain_words(str(detail))


def _unavailable(error: Exception) -> Response:
    log.warning("database unavailable: %s", error)
    return answer(503, code="unavailable", headers={"Retry-After": str(RETRY_AFTER)})


def _database(error: DBAPIError) -> Response:
    """A connection that broke in mid-request is a pause; anything else is our mistake."""
    if error.connection_invalidated:
        return _unavailable(error)
    if isinstance(error.orig, UniqueViolation):
        return answer(409, code="taken")  # two made the same thing at once; the other was first
    if isinstance(error.orig, DataError) and error.orig.sqlstate in UNSTORABLE:
        log.warning("what was sent cannot be stored: %s", error.orig)
        return answer(400)
    log.error("statement failed", exc_info=error)
    return answer(500)


def init_app(app: Flask) -> None:
    """Answer every error; nothing of its inside is ever shown."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(HTTPError, _api)
    app.register_error_handler(DomainError, _domain)
    for kind in (OperationalError, PoolTimeout, Retry):
        app.register_error_handler(kind, _unavailable)
    app.register_error_handler(DBAPIError, _database)
