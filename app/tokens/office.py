"""The back office: advertising tokens of links and materials, which are missing, and the monthly report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request
from flask_babel import gettext as _

from app.errors import DomainError, NotFound
from app.links import queries as links
from app.links import service
from app.lists.rules import FORMATS
from app.lists.service import told
from app.site.access import may, requires
from app.tokens import queries
from app.tokens.forms import SwitchForm, TokenForm
from app.web import statements
from app.web.files import attachment
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.links.models import Link
    from app.web.lists import Cell

bp = Blueprint("tokens", __name__, url_prefix="/advertising")


@bp.get("/")
@requires("read")
def index() -> Response:
    """Show the month's report, and what has no token."""
    return _index(SwitchForm(formdata=None, data={"wanted": links.erid_required()}))


@bp.post("/")
@requires("settings")
def switch() -> Response:
    """Say whether tokens are wanted."""
    form = SwitchForm()
    if not form.validate_on_submit():
        return _index(form, 422)
    service.require_erid(wanted=form.wanted.data)
    return see_other("office.tokens.index", message=_("Saved."))


@bp.get("/file")
@requires("read")
def download() -> Response:
    """Answer with the report as CSV or XLSX (`?format=`)."""
    kind, span = request.args.get("format", "csv"), statements.wanted_span()
    if kind not in FORMATS:
        raise NotFound
    head = [
        *(_("Token"), _("Advertising label"), _("Material"), _("Link"), _("Partner")),
        *(_("Partner's code"), _("Shows"), _("Clicks")),
    ]
    rows: list[list[Cell]] = [
        [
            *(line.erid, line.label or None, line.material or None),
            *(links.short_address(line.short), line.partner, line.refcode),
            *(line.shows, line.clicks),
        ]
        for line in queries.report(span)
    ]
    told("advertising", len(rows), kind)
    words = [str(each) for each in head]
    return attachment("advertising", statements.days_of(span), kind, words, rows)


@bp.get("/links/<string:short>")
@requires("manage")
def link(short: str) -> Response:
    """Offer to give a link its token."""
    found = _link(short)
    return _edit(found, TokenForm(formdata=None, data={"erid": found.erid or ""}))


@bp.post("/links/<string:short>")
@requires("manage")
def mark(short: str) -> Response:
    """Give a link its token."""
    found, form = _link(short), TokenForm()
    if not form.validate_on_submit():
        return _edit(found, form, 422)
    try:
        service.set_erid(found, form.erid.data or "")
    except DomainError as error:
        form.tell(error)
        return _edit(found, form, error.status)
    return see_other("office.links.index", message=_("Saved."))


def _link(short: str) -> Link:
    found = links.by_short(short) if short.isalnum() else None
    if found is None:
        raise NotFound
    return found


def _index(form: SwitchForm, status: int = 200) -> Response:
    span = statements.wanted_span()
    materials, bare = queries.missing()
    return page(
        "tokens/office/index.html",
        status=status,
        span=span,
        months=statements.recent_months(),
        lines=queries.report(span),
        materials=materials,
        bare=bare,
        required=links.erid_required(),
        form=form,
        may_switch=may("settings"),
        may_mark=may("manage"),
    )


def _edit(found: Link, form: TokenForm, status: int = 200) -> Response:
    return page("tokens/office/link.html", status=status, link=found, form=form)
