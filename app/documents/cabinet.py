"""The cabinet: the partner's documents, and what is wanted of him."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g

from app.documents import queries
from app.documents.forms import KINDS, sheet
from app.documents.office import workbook_of
from app.documents.rules import Content, Kind
from app.errors import NotFound
from app.papers import queries as papers
from app.papers.forms import KINDS as PAPERS
from app.site.access import requires
from app.web.pages import page

if TYPE_CHECKING:
    from flask import Response

    from app.documents.models import Document

bp = Blueprint("documents", __name__, url_prefix="/documents")


@bp.get("/")
@requires("partner")
def index() -> Response:
    """Show which receipts are wanted, the documents, and the papers that were given."""
    return page(
        "documents/cabinet/index.html",
        wanting=papers.wanting(partner_id=g.partner_id),
        documents=queries.of_partner(g.partner_id),
        kinds={kind.value: words for kind, words in KINDS.items()},
        papers=papers.of_partner(g.partner_id),
        paper_kinds=PAPERS,
    )


@bp.get("/<string:public_id>/")
@requires("partner")
def show(public_id: str) -> Response:
    """Show one of the partner's documents as it is printed."""
    document = _own(public_id)
    content = Content.from_json(document.content)
    replaces = queries.by_id(document.replaces_id) if document.replaces_id else None
    return page(
        "documents/cabinet/show.html",
        document=document,
        content=content,
        sheet=sheet(document, content, replaces),
        kind=KINDS[Kind(document.kind)],
        replaced_by=queries.replaced_by(document.id),
    )


@bp.get("/<string:public_id>/file")
@requires("partner")
def file(public_id: str) -> Response:
    """Answer with one of the partner's documents as a workbook."""
    return workbook_of(_own(public_id))


def _own(public_id: str) -> Document:
    found = queries.find(public_id) if "\x00" not in public_id else None
    if found is None or found.partner_id != g.partner_id:
        raise NotFound
    return found
