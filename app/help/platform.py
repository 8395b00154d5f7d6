"""The operator's pages: what merchants ask, and the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.help import queries, service
from app.help.forms import SHORT, LineForm
from app.help.models import Request
from app.help.office import KIND_CHOICES, STATE_CHOICES, facts
from app.identity.forms import ROLE_NAMES
from app.partners.queries import actor_names
from app.site.access import requires
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("help", __name__, url_prefix="/help")

# fmt: off
REQUESTS = Table(
    name="help",
    caption=_l("Help"),
    key=Request.id,
    default="-moved_at",
    columns=(
        Column("name", _l("Who asks"), render="name", main=True,
               href=lambda row: url_for("platform.help.show", asked=row.public_id)),
        Column("merchant", _l("Merchant"), render="code", sort=Request.merchant),
        Column("kind", _l("About"), value=lambda row: SHORT[row.kind]),
        Column("state", _l("State"), render="badge", value=lambda row: f"help_{row.state}"),
        Column("moved_at", _l("Last word"), render="datetime", sort=Request.moved_at),
        Column("page", _l("Page"), render="code", quiet=True),
    ),
    filters=(
        Filter("state", _l("State"), STATE_CHOICES, lambda s, v: s.where(Request.state == v)),
        Filter("kind", _l("About"), KIND_CHOICES, lambda s, v: s.where(Request.kind == v)),
    ),
    search=lambda statement, words: statement.where(Request.merchant == words.casefold()),
    search_label=_l("Merchant's name in addresses"),
    empty=Empty(
        _l("Nobody has asked for help"),
        _l("Merchants ask from any page of their office, by the question mark above."),
        "help-circle",
    ),
)
# fmt: on


@bp.get("/")
@requires("operator")
def index() -> Response:
    return page(
        "help/platform/index.html", "_table.html", requests=REQUESTS.load(queries.requests())
    )


@bp.get("/<string:asked>")
@requires("operator")
def show(asked: str) -> Response:
    return _show(service.find(asked), LineForm(formdata=None))


@bp.post("/<string:asked>/answer")
@requires("operator")
def answer(asked: str) -> Response:
    found, form = service.find(asked), LineForm()
    if not form.validate_on_submit():
        return _show(found, form, 422)
    service.answer(found, form.text.data)
    words = _("Sent. Who asked gets a letter.")
    return see_other("platform.help.show", asked=asked, message=words)


@bp.post("/<string:asked>/close")
@requires("operator")
def close(asked: str) -> Response:
    service.close(service.find(asked))
    undo = url_for("platform.help.reopen", asked=asked)
    return see_other("platform.help.index", message=_("Closed."), undo=undo)


@bp.post("/<string:asked>/reopen")
@requires("operator")
def reopen(asked: str) -> Response:
    service.reopen(service.find(asked))
    return see_other("platform.help.show", asked=asked, message=_("Open again."))


def _show(found: Request, form: LineForm, status: int = 200) -> Response:
    lines = queries.thread(found.id)
    return page(
        "help/platform/show.html",
        status=status,
        lines=lines,
        names=actor_names(line.actor for line in lines if line.by_helper),
        form=form,
        role=ROLE_NAMES.get(found.role),
        door="platform",
        named={"asked": found.public_id},
        **facts(found),
    )


def numbers() -> dict[str, int]:
    """Return how much waits behind entries of the menu, by their endpoints."""
    return {"platform.help.index": queries.waiting()}
