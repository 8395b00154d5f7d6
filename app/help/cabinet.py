"""The cabinet: a partner asks the merchant from any page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g

from app.help import queries, service
from app.help.forms import SHORT
from app.help.office import Asking
from app.site.access import requires
from app.web.locale import select_locale
from app.web.pages import page

if TYPE_CHECKING:
    from flask import Response

    from app.help.forms import AskForm

bp = Blueprint("help", __name__, url_prefix="/help")


def asker() -> service.Asker:
    """Return the partner who asks."""
    return service.Asker(
        tenant_id=g.tenant.id,
        slug=g.tenant.slug,
        person_id=g.person.id,
        name=g.person.name,
        role="partner",
        locale=select_locale(),
        partner_id=g.partner_id,
    )


ASKING = Asking("cabinet", "question", asker)


@bp.get("/")
@requires("partner")
def index() -> Response:
    """Offer the form and list what was asked; `?page=` is where the reader came from."""
    return _index(ASKING.offered())


@bp.post("/")
@requires("partner")
def ask() -> Response:
    return ASKING.ask(_index)


@bp.get("/<string:question>")
@requires("partner")
def show(question: str) -> Response:
    return ASKING.show(question)


@bp.post("/<string:question>/say")
@requires("partner")
def say(question: str) -> Response:
    return ASKING.say(question)


@bp.post("/<string:question>/close")
@requires("partner")
def close(question: str) -> Response:
    return ASKING.close(question)


def _index(form: AskForm, status: int = 200) -> Response:
    own = queries.own_requests(asker())
    return page("help/cabinet/index.html", status=status, form=form, requests=own, kinds=SHORT)


def numbers() -> dict[str, int]:
    """Return how much waits behind entries of the menu, by their endpoints."""
    return {"cabinet.help.index": g.membership.unread_answers}
