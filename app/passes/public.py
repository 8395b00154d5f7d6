"""The cabinet inside the shop's account, without a second password: in a window of its own, or in a frame.

In a frame no cookie is asked of the browser: many give none there. The session's token stands in the page
as a field of its forms, and each step is a POST that carries it. Whoever has no token sees nothing, and
another site's page has none: so nothing can be forged. A frame reads two pages, and changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, current_app, g, make_response, request, session, url_for
from flask_babel import gettext as _

from app.extensions import csrf, limiter
from app.identity import queries as people
from app.identity.rules import PERMISSIONS, Role
from app.ledger import cabinet as ledger
from app.participation import cabinet as participation
from app.partners import cabinet as partners
from app.partners import queries as partner_queries
from app.passes import service
from app.site.access import requires
from app.site.scope import act_as
from app.web.pages import page, see_address
from app.web.surroundings import surround
from app.widget.queries import ancestors

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

bp = Blueprint("passes", __name__, url_prefix="/<merchant>/inside")

AHEAD = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
TOKEN = "token"  # noqa: S105 - the name of a form's field
PAGES: dict[str, Callable[[], Response]] = {"home": partners.index, "account": ledger.index}


@bp.after_request
def frame_in_the_shop(response: Response) -> Response:
    """Let the merchant's shops alone show these pages in a frame, and tell no other site their addresses."""
    own = current_app.extensions["web.policy"]
    if g.get("framed"):
        response.headers["Content-Security-Policy"] = own.replace(
            "frame-ancestors 'none'", f"frame-ancestors {ancestors()}"
        )
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@bp.get("/<string:link>")
@limiter.limit("60/minute")
@requires("anyone")
def enter(link: str) -> Response:
    """Exchange the link: a frame gets its first page at once, a window goes on to the cabinet."""
    if request.method == "HEAD" or _is_ahead():
        return make_response("", 204)  # nobody looks at it yet: the link holds once
    framed = request.args.get("frame") == "1"
    if framed:
        _stand_in_frame()
    token = service.enter(link, framed=framed)
    if token is None:
        return _over()
    if framed:
        return _show(token, "home")
    if _is_elsewhere(token):
        service.end(token)
        words = _("You are signed in here by yourself. To open the shop's link, sign out first.")
        return see_address(url_for("cabinet.partners.index"), message=words)
    return _open_window(token)


def _is_ahead() -> bool:
    """Tell whether a browser, or who shows a preview of a link, asks before anybody follows it."""
    said = (request.headers.get(name, "") for name in AHEAD)
    return any("prefetch" in each.lower() or "preview" in each.lower() for each in said)


def _is_elsewhere(token: str) -> bool:
    """Tell whether this browser's reader has a cabinet of his own here, and the link leads into another's.

    A link that somebody else sends must not put him there unawares: he would share another's links.
    """
    if g.person is None:
        return False
    own = people.partner_membership(g.person.id, g.tenant.id)
    return own is not None and own.partner_id != service.opened(token, framed=False)


@bp.get("/")
@bp.get("/account/", endpoint="over_account")
@requires("anyone")
def over() -> Response:
    """A frame that was loaded again by itself has lost its token, as it should."""
    _stand_in_frame()
    return _over()


@bp.post("/")
@requires("anyone")
def home() -> Response:
    return _framed("home")


@bp.post("/account/")
@requires("anyone")
def account() -> Response:
    return _framed("account")


@bp.post("/window")
@requires("anyone")
def window() -> Response:
    """Open the cabinet in a window of its own, from a frame: there all can be done, as signed in by a link."""
    partner_id = service.opened(request.form.get(TOKEN, ""), framed=True)
    partner = partner_queries.by_id(partner_id) if partner_id else None
    if partner is None:
        return _over()
    link, _until = service.make_link(partner)
    token = service.enter(link, framed=False)
    return _open_window(token) if token else _over()


@bp.post("/leave")
@requires("anyone")
def leave() -> Response:
    """Close the cabinet that a link opened on this browser."""
    token = session.pop(session_name(g.tenant.id), None)
    if isinstance(token, str):
        service.end(token)
    return page("passes/public/over.html")


for _view in (home, account, window):
    csrf.exempt(_view)  # the session's token is in the form itself; no browser sends it by itself


def _framed(name: str) -> Response:
    _stand_in_frame()
    token = request.form.get(TOKEN, "")
    return _show(token, name)


def _stand_in_frame() -> None:
    g.framed = g.for_everybody = True
    surround(framed=True)


def _show(token: str, name: str) -> Response:
    partner_id = service.opened(token, framed=True)
    partner = partner_queries.by_id(partner_id) if partner_id else None
    if partner is None:
        return _over()
    g.partner_id, g.permissions = partner.id, PERMISSIONS[Role.PARTNER]
    act_as(f"partner:{partner.id}")
    surround(audience="cabinet", person_locale=partner.locale, pass_token=token, pass_page=name)
    if participation.stopped() is not None:
        return page("passes/public/outside.html", status=403)
    return PAGES[name]()


def _open_window(token: str) -> Response:
    session[session_name(g.tenant.id)] = token
    wanted = request.form.get("to", "")
    home_page = url_for("cabinet.partners.index")
    return see_address(wanted if wanted.startswith(home_page) else home_page)


def session_name(tenant_id: int) -> str:
    """Return under which name a browser's session keeps a pass of a merchant."""
    return f"pass:{tenant_id}"


def _over() -> Response:
    return page("passes/public/over.html", status=403)
