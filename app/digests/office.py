"""The back office: the monthly digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint
from flask_babel import gettext as _

from app.digests import service
from app.digests.forms import TipsForm, as_typed
from app.errors import DomainError
from app.site.access import requires
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from typing import Any

    from flask import Response

bp = Blueprint("digests", __name__, url_prefix="/digest")


@bp.get("/")
@requires("settings")
def index() -> Response:
    return _page(TipsForm(formdata=None, data=as_typed(service.tips())))


@bp.post("/")
@requires("settings")
def save() -> Response:
    form = TipsForm()
    if form.validate_on_submit():
        try:
            service.keep_tips(form.tips)
        except DomainError as error:
            form.complain(error.errors[0].field, error.message)
        else:
            return see_other("office.digests.index", message=_("Saved."))
    return _page(form, 422)


def _page(form: Any, status: int = 200) -> Response:
    return page("digests/office/index.html", status=status, form=form)
