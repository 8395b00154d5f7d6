"""The back office: partners' sites, how each was proved, and taking one out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.partners.models import Partner
from app.site.access import requires
from app.verified_sites import queries, service
from app.verified_sites.forms import HOW, PROBLEMS
from app.verified_sites.models import VerifiedSite
from app.verified_sites.rules import How, Problem, State
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy import Select

bp = Blueprint("verified_sites", __name__, url_prefix="/sites")


def _search(statement: Select[Any], words: str) -> Select[Any]:
    text = words.strip().casefold()
    return statement.where(
        VerifiedSite.host.startswith(text, autoescape=True) | (Partner.refcode == text)
    )


TABLE = Table(
    name="sites",
    caption=_l("Partners' sites"),
    key=VerifiedSite.id,
    default="-named",
    columns=(
        Column("host", _l("Site"), main=True, value=lambda row: row.VerifiedSite.host),
        Column(
            "partner", _l("Partner"), render="name", value=lambda row: row.name,
            href=lambda row: url_for("office.partners.card", refcode=row.refcode),
        ),
        Column("state", _l("State"), render="badge", value=lambda row: row.VerifiedSite.state),
        Column("said", _l("How it stands"), value=lambda row: _said(row.VerifiedSite)),
        Column(
            "named", _l("Named"), render="date", sort=VerifiedSite.id, quiet=True,
            value=lambda row: row.VerifiedSite.created_at,
        ),
        Column("act", _l("Acts"), render="act", value=lambda row: row.VerifiedSite),
    ),
    filters=(
        Filter(
            "state", _l("State"),
            [("verified", _l("Proved")), ("waiting", _l("Waiting")), ("lost", _l("Proof is gone"))],
            lambda s, v: s.where(VerifiedSite.state == v),
        ),
    ),
    search=_search,
    search_label=_l("Site or refcode"),
    empty=Empty(
        _l("No sites yet"),
        _l("Partners name their sites in the cabinet and prove that they are theirs."),
        icon="world-www",
    ),
)  # fmt: skip


@bp.get("/")
@requires("read")
def index() -> Response:
    """Show all sites but those taken out."""
    found = queries.listed().where(VerifiedSite.state != State.WITHDRAWN)
    return page("verified_sites/office/index.html", "_table.html", sites=TABLE.load(found))


@bp.post("/<string:public_id>/withdraw")
@requires("manage")
def withdraw(public_id: str) -> Response:
    service.withdraw(service.get(public_id))
    return see_other("office.verified_sites.index", message=_("The site is taken out."))


def _said(site: VerifiedSite) -> str:
    if site.problem:
        return str(PROBLEMS[Problem(site.problem)])
    return str(HOW[How(site.how)]) if site.how else ""
