"""The cabinet: a partner's own verifiable file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g, request

from app.errors import DomainError
from app.proofs import queries, service
from app.proofs.forms import PeriodForm
from app.proofs.office import json_file
from app.site.access import requires
from app.web.pages import page

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("proofs", __name__, url_prefix="/account/proof")


@bp.get("/")
@requires("partner")
def index() -> Response:
    """Say what the last check found, how the records are sealed, and offer the file."""
    return _index(PeriodForm(formdata=None))


@bp.get("/statement.json")
@requires("partner")
def statement() -> Response:
    form = PeriodForm(request.args, meta={"csrf": False})
    if not form.validate():
        return _index(form, 422)
    try:
        return json_file(service.file_of(g.partner_id, *form.ends), "statement")
    except DomainError as error:
        form.tell(error)
        return _index(form, 422)


def _index(form: PeriodForm, status: int = 200) -> Response:
    return page(
        "proofs/cabinet/index.html",
        status=status,
        form=form,
        word=queries.word(g.partner_id),
    )
