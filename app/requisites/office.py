"""The back office: the merchant's own legal details."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response, g
from flask_babel import gettext as _

from app.errors import DomainError
from app.requisites.forms import LegalForm
from app.requisites.rules import Legal, TaxStatus
from app.site.access import requires
from app.tenants import queries, service
from app.web.pages import page, see_other

bp = Blueprint("requisites", __name__, url_prefix="/settings/legal")


@bp.get("/")
@requires("money")
def legal() -> Response:
    known = queries.legal() or Legal(g.tenant.name, TaxStatus.COMPANY.value)
    return _page(LegalForm(data=asdict(known)))


@bp.post("/")
@requires("money")
def save_legal() -> Response:
    form = LegalForm()
    if not form.validate_on_submit():
        return _page(form, 422)
    try:
        changed = service.change_legal(Legal.make(form.said))
    except DomainError as error:
        form.tell(error)
        return _page(form, error.status)
    return see_other("office.requisites.legal", message=_("Saved.") if changed else None)


def _page(form: LegalForm, status: int = 200) -> Response:
    return page("requisites/office/legal.html", status=status, form=form)
