"""The cabinet: a partner adds the receipt of his payout, and reads his papers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request
from flask_babel import gettext as _

from app.errors import DomainError, NotFound
from app.papers import service
from app.papers.forms import PaperForm
from app.papers.office import WITHOUT_RECEIPT, file_of
from app.papers.rules import BIGGEST_BODY, Kind
from app.payouts import queries as payouts
from app.site.access import requires
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.payouts.queries import Line

bp = Blueprint("papers", __name__, url_prefix="/papers")


@bp.url_value_preprocessor
def take_files(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let the form take a file; said before anything reads the body."""
    if (endpoint or "").endswith("papers.add"):
        request.max_content_length = BIGGEST_BODY


@bp.get("/receipts/<string:payout>")
@requires("partner")
def receipt(payout: str) -> Response:
    """Offer to add the receipt of one's own payout."""
    return page("papers/cabinet/receipt.html", line=_own(payout), form=PaperForm())


@bp.post("/receipts/<string:payout>")
@requires("partner")
def add(payout: str) -> Response:
    """Add the receipt."""
    line, form = _own(payout), PaperForm()
    status = 422
    if form.validate_on_submit():
        try:
            service.add(Kind.RECEIPT, g.partner_id, form.said(), payout_id=line.payout.id)
        except DomainError as error:
            form.tell(error)
            status = error.status
        else:
            words = _("Thank you: the receipt is there, and the merchant sees it.")
            return see_other("cabinet.documents.index", message=words)
    return page("papers/cabinet/receipt.html", status=status, line=line, form=form)


@bp.get("/<string:public_id>/file")
@requires("partner")
def file(public_id: str) -> Response:
    """Answer with the file of one's own paper."""
    paper = service.find(public_id)
    if paper.partner_id != g.partner_id:
        raise NotFound
    return file_of(paper)


def _own(payout: str) -> Line:
    found = payouts.line(payout) if "\x00" not in payout else None
    if (
        found is None
        or found.payout.partner_id != g.partner_id
        or found.payout.state in WITHOUT_RECEIPT
    ):
        raise NotFound
    return found
