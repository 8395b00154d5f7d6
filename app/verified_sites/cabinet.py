"""The cabinet: sites that the partner proves to be his, so that visitors from there are his."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, abort, g, url_for
from flask_babel import gettext as _

from app import clock
from app.attribution.queries import clicks_of_links, orders_of_links
from app.errors import DomainError
from app.partners import queries as partners
from app.site.access import requires
from app.verified_sites import queries, rules, service
from app.verified_sites.forms import HOW, PROBLEMS, SiteForm
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("verified_sites", __name__, url_prefix="/sites")


@bp.get("/")
@requires("partner")
def index() -> Response:
    return _index(SiteForm())


@bp.post("/")
@requires("partner")
def create() -> Response:
    form = SiteForm()
    if not form.validate_on_submit():
        return _index(form, 422)
    try:
        site = service.name(partners.by_id(g.partner_id) or abort(404), form.site.data)
    except DomainError as error:
        form.complain(error.errors[0].field if error.errors else "", error.message)
        return _index(form, error.status)
    return see_other("cabinet.verified_sites.show", public_id=site.public_id)


@bp.get("/<string:public_id>/")
@requires("partner")
def show(public_id: str) -> Response:
    """Show one site: how to prove it, and what the last look found; polled while it is looked at."""
    site = service.get(public_id, g.partner_id)
    counted = clicks_of_links([site.link_id] if site.link_id else [])
    return page(
        "verified_sites/cabinet/show.html",
        "_site.html",
        site=site,
        looking=site.check_at is not None and site.check_at <= clock.wall(),
        file_name=rules.file_name(site.token),
        meta=f'<meta name="{rules.META}" content="{site.token}">',
        record=rules.record_text(site.token),
        record_name=f"{rules.RECORD}.{site.host.partition(':')[0]}",
        problem=PROBLEMS.get(rules.Problem(site.problem)) if site.problem else None,
        how=HOW.get(rules.How(site.how)) if site.how else None,
        visits=counted.get(site.link_id or 0, (0, 0))[0],
        orders=orders_of_links(g.partner_id, "site").get(site.link_id or 0, 0),
    )


@bp.post("/<string:public_id>/check")
@requires("partner")
def check(public_id: str) -> Response:
    service.look_soon(service.get(public_id, g.partner_id))
    return see_other("cabinet.verified_sites.show", public_id=public_id)


@bp.post("/<string:public_id>/withdraw")
@requires("partner")
def withdraw(public_id: str) -> Response:
    service.withdraw(service.get(public_id, g.partner_id))
    undo = url_for("cabinet.verified_sites.restore", public_id=public_id)
    return see_other("cabinet.verified_sites.index", message=_("The site is taken out."), undo=undo)


@bp.post("/<string:public_id>/restore")
@requires("partner")
def restore(public_id: str) -> Response:
    """Name the site again and look at it: its proof may still stand."""
    partner = partners.by_id(g.partner_id) or abort(404)
    site = service.name(partner, service.get(public_id, g.partner_id).host)
    service.look_soon(site)
    return see_other("cabinet.verified_sites.show", public_id=public_id)


def _index(form: SiteForm, status: int = 200) -> Response:
    return page(
        "verified_sites/cabinet/index.html",
        None,
        status,
        form=form,
        sites=queries.of_partner(g.partner_id),
    )
