"""The back office: how the records are sealed, what the nights' checks said, and verifiable files."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, g, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import clock
from app.errors import DomainError
from app.partners import queries as partners
from app.proofs import queries, service
from app.proofs.forms import OfficePeriodForm
from app.proofs.models import Block
from app.site.access import requires
from app.web.pages import page
from app.web.tables import Column, Empty, Table

bp = Blueprint("proofs", __name__, url_prefix="/proof")

BLOCKS = Table(
    name="blocks",
    caption=_l("Marks"),
    key=Block.number,
    default="-number",
    columns=(
        Column("number", _l("Number"), render="number", sort=Block.number, main=True),
        Column("sealed_at", _l("Sealed"), render="datetime"),
        Column("rows", _l("Entries"), render="number", end=True),
        Column("head", _l("Mark"), render="code"),
    ),
    empty=Empty(
        _l("Nothing is sealed yet"),
        _l("Once a day everything that moved since is sealed, and a mark appears here."),
        "shield-lock",
    ),
)


@bp.get("/")
@requires("money.read")
def index() -> Response:
    return _index(OfficePeriodForm(formdata=None, data={"partner": request.args.get("partner")}))


@bp.get("/statement.json")
@requires("money.read")
def statement() -> Response:
    form = OfficePeriodForm(request.args, meta={"csrf": False})
    if not form.validate():
        return _index(form, 422)
    wanted = (form.partner.data or "").strip()
    partner = partners.by_refcode(wanted) if wanted else None
    if wanted and partner is None:
        form.complain("partner", _("There is no partner with this code."))
        return _index(form, 422)
    try:
        found = service.file_of(partner.id if partner else None, *form.ends)
    except DomainError as error:
        form.tell(error)
        return _index(form, 422)
    return json_file(found, f"statement-{partner.refcode}" if partner else "statement")


def _index(form: OfficePeriodForm, status: int = 200) -> Response:
    return page(
        "proofs/office/index.html",
        "_table.html",
        status,
        blocks=BLOCKS.load(queries.blocks()),
        word=queries.word(None),
        nights=queries.checkups(),
        form=form,
    )


def json_file(found: dict[str, Any], name: str) -> Response:
    """Answer with a verifiable file, named by the day."""
    answer = Response(json.dumps(found, ensure_ascii=False, indent=1), mimetype="application/json")
    day = clock.today(g.tenant.timezone).isoformat()
    answer.headers.set("Content-Disposition", "attachment", filename=f"{name}-{day}.json")
    answer.headers["Cache-Control"] = "no-store"
    return answer
