"""What follows the registration page: confirming an e-mail, and the page's picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, make_response

from app.errors import NotFound
from app.participation import queries, service
from app.participation.forms.words import why_words
from app.site.access import requires
from app.tenants import queries as tenants
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.participation.models import JoinRequest

bp = Blueprint("participation", __name__)
FOREVER = "public, max-age=31536000, immutable"


@bp.get("/<merchant>/join/confirm/<string:token>")
@requires("anyone")
def confirm(token: str) -> Response:
    """Ask for a press of the button: mail programs open every link by themselves."""
    found = service.request_of(token)
    if found is None:
        return page("participation/public/over.html", status=410)
    if found.state != "sent":
        return _told(found)
    return _alone(page("participation/public/confirm.html", request=found, token=token))


@bp.post("/<merchant>/join/confirm/<string:token>")
@requires("anyone")
def confirmed(token: str) -> Response:
    """Look, now that the e-mail is known to be his, whether the applicant may join."""
    found = service.request_of(token)
    if found is None:
        return page("participation/public/over.html", status=410)
    service.confirm(found)
    return see_other("public.participation.confirm", token=token)


@bp.get("/<merchant>/join/picture/<string:key>")
@requires("anyone")
def picture(key: str) -> Response:
    """Send the page's picture; its address changes with its bytes."""
    found = queries.picture(key)
    if found is None:
        raise NotFound
    response = make_response(found.body)
    response.headers["Content-Type"] = "image/webp"
    response.headers["Cache-Control"] = FOREVER
    return response


def _told(found: JoinRequest) -> Response:
    """Tell the applicant, who has shown that the e-mail is his, what came of it."""
    return _alone(
        page(
            "participation/public/told.html",
            request=found,
            why=why_words(found.why),
            manual=tenants.setting("registration") == "manual",
        )
    )


def _alone(response: Response) -> Response:
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
