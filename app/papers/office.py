"""The money desk: receipts and contracts, which are missing, what is needed, and what was withheld."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request, send_file
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.creatives.service import path_of
from app.errors import DomainError, NotFound
from app.lists.rules import FORMATS
from app.lists.service import told
from app.papers import queries, service
from app.papers.forms import (
    KINDS,
    STATUS_WORDS,
    ContractForm,
    PaperForm,
    RateForm,
    RoundingForm,
    needs_form,
)
from app.papers.models import Paper
from app.papers.rules import BIGGEST_BODY, STATUSES, Kind, Need, Rounding
from app.partners import queries as partners
from app.partners.models import Partner
from app.payouts import queries as payouts
from app.payouts.rules import State
from app.site.access import may, requires
from app.web import statements
from app.web.files import attachment
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response

    from app.payouts.queries import Line
    from app.web.forms import Form
    from app.web.lists import Cell

bp = Blueprint("papers", __name__, url_prefix="/papers")
UPLOADS = frozenset({"add_contract", "add_receipt"})
WITHOUT_RECEIPT = frozenset({State.REJECTED, State.CANCELLED, State.FAILED})
PAPERS = Table(
    name="papers",
    caption=_l("Papers"),
    key=Paper.id,
    default="-added",
    columns=(
        Column("kind", _l("Kind"), main=True, value=lambda row: KINDS.get(row.Paper.kind)),
        Column("partner", _l("Partner"), render="name", sort=Partner.name),
        Column("paper", _l("Number, link or file"), render="paper", value=lambda row: row.Paper),
        Column(
            "added", _l("Added"), render="datetime", sort=Paper.id,
            value=lambda row: row.Paper.added_at,
        ),
        Column("act", _l("Act"), render="withdraw", value=lambda row: row.Paper),
    ),
    filters=(
        Filter("kind", _l("Kind"), list(KINDS.items()), lambda s, v: s.where(Paper.kind == v)),
    ),
    search=lambda s, words: s.where(Partner.search.contains(words.casefold(), autoescape=True)),
    search_label=_l("Name, e-mail or code"),
    empty=Empty(
        _l("No papers yet"), _l("Contracts, signed acts and receipts are listed here."), "file-text"
    ),
)  # fmt: skip


@bp.url_value_preprocessor
def take_files(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let pages that take files take larger bodies; said before anything reads the body."""
    if (endpoint or "").rpartition(".")[2] in UPLOADS:
        request.max_content_length = BIGGEST_BODY


@bp.get("/")
@requires("money.read")
def index() -> Response:
    """List payouts whose receipt is missing, and the papers that there are."""
    return _index(ContractForm())


@bp.post("/contracts")
@requires("money")
def add_contract() -> Response:
    """Add a partner's contract."""
    form = ContractForm()
    if not form.validate_on_submit():
        return _index(form, 422)
    code = form.partner.data.strip()
    partner = partners.by_refcode(code) if "\x00" not in code else None
    if partner is None:
        form.complain("partner", _("Nobody has this code."))
        return _index(form, 422)
    try:
        service.add(Kind.CONTRACT, partner.id, form.said())
    except DomainError as error:
        form.tell(error)
        return _index(form, error.status)
    return see_other("office.papers.index", message=_("The contract is there."))


@bp.get("/receipts/<string:payout>")
@requires("money")
def receipt(payout: str) -> Response:
    """Offer to add the receipt of a payout."""
    return page("papers/office/receipt.html", line=_line(payout), form=PaperForm())


@bp.post("/receipts/<string:payout>")
@requires("money")
def add_receipt(payout: str) -> Response:
    """Add the receipt of a payout."""
    line, form = _line(payout), PaperForm()
    status = 422
    if form.validate_on_submit():
        try:
            service.add(Kind.RECEIPT, line.payout.partner_id, form.said(), payout_id=line.payout.id)
        except DomainError as error:
            form.tell(error)
            status = error.status
        else:
            return see_other("office.papers.index", message=_("The receipt is there."))
    return page("papers/office/receipt.html", status=status, line=line, form=form)


@bp.get("/<string:public_id>/file")
@requires("money.read")
def file(public_id: str) -> Response:
    """Answer with a paper's file."""
    return file_of(service.find(public_id))


@bp.post("/<string:public_id>/withdraw")
@requires("money")
def withdraw(public_id: str) -> Response:
    """Take a paper back."""
    service.withdraw(service.find(public_id))
    return see_other("office.papers.index", message=_("Taken back; it counts no more."))


@bp.get("/rules")
@requires("money.read")
def rules() -> Response:
    """Show what each tax status needs, and what is withheld."""
    return _rules(_needs())


@bp.post("/rules")
@requires("money")
def set_rules() -> Response:
    """Say what each tax status needs before a payout is paid."""
    form = needs_form()
    if not form.validate_on_submit():
        return _rules(form, status=422)
    for status in STATUSES:
        said = {kind: Need(form[f"{status}_{kind.value}"].data) for kind in Kind}
        service.set_needs(status, said)
    return see_other("office.papers.rules", message=_("Saved."))


@bp.post("/rates")
@requires("money")
def set_rate() -> Response:
    """Say what is withheld from a tax status' payouts, from now on or from a day."""
    form = RateForm()
    if not form.validate_on_submit():
        return _rules(_needs(), rate=form, status=422)
    try:
        service.set_rate(form.status.data, form.rate.data, form.since.starts_at)
    except DomainError as error:
        form.tell(error)
        return _rules(_needs(), rate=form, status=error.status)
    return see_other("office.papers.rules", message=_("Saved."))


@bp.post("/rounding")
@requires("money")
def set_rounding() -> Response:
    """Say to what withheld sums are rounded."""
    form = RoundingForm()
    if not form.validate_on_submit():
        return _rules(_needs(), rounding=form, status=422)
    service.set_rounding(Rounding(form.rounding.data))
    return see_other("office.papers.rules", message=_("Saved."))


@bp.get("/withheld")
@requires("money.read")
def withheld() -> Response:
    """Show what was withheld, by month and partner."""
    span = statements.wanted_span()
    rows = queries.withheld(span)
    return page(
        "papers/office/withheld.html",
        span=span,
        rows=rows,
        total=sum(row.withheld for row in rows),
        gross=sum(row.gross for row in rows),
        months=statements.recent_months(),
        statuses=STATUS_WORDS,
    )


@bp.get("/withheld/file")
@requires("money.read")
def withheld_file() -> Response:
    """Answer with what was withheld as CSV or XLSX (`?format=`)."""
    kind = request.args.get("format", "csv")
    if kind not in FORMATS:
        raise NotFound
    span = statements.wanted_span()
    head = [_("Month"), _("Partner"), _("Code"), _("Tax status"), _("Payouts"), _("Gross")]
    rows: list[list[Cell]] = [
        [
            row.month,
            row.partner,
            row.refcode,
            str(STATUS_WORDS.get(row.tax_status or STATUSES[0], "")),
            row.payouts,
            statements.amount(row.gross),
            statements.amount(row.withheld),
        ]
        for row in queries.withheld(span)
    ]
    told("withheld", len(rows), kind)
    words = [str(each) for each in (*head, _("Tax withheld"))]
    return attachment("withheld", statements.days_of(span), kind, words, rows)


def file_of(paper: Paper) -> Response:
    """Answer with a paper's file: to be kept, never shown as a page of ours."""
    path = path_of(paper.digest or "")
    if not paper.digest or not path.is_file():
        raise NotFound
    answer = send_file(
        path, mimetype=paper.media_type, as_attachment=True, download_name=paper.filename, max_age=0
    )
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return answer


def _line(payout: str) -> Line:
    found = payouts.line(payout) if "\x00" not in payout else None
    if found is None or found.payout.state in WITHOUT_RECEIPT:
        raise NotFound
    return found


def _index(form: ContractForm, status: int = 200) -> Response:
    standing = queries.papers().where(Paper.withdrawn_at.is_(None))
    return page(
        "papers/office/index.html",
        "_table.html",
        status,
        papers=PAPERS.load(standing),
        wanting=queries.wanting(),
        form=form,
        may_add=may("money"),
    )


def _needs() -> Form:
    known = queries.needs()
    said = {
        f"{s}_{kind.value}": need.value for s, each in known.items() for kind, need in each.items()
    }
    return needs_form(formdata=None, data=said)


def _rules(
    needs: Form,
    rate: RateForm | None = None,
    rounding: RoundingForm | None = None,
    status: int = 200,
) -> Response:
    return page(
        "papers/office/rules.html",
        status=status,
        needs=needs,
        rate=rate or RateForm(formdata=None),
        rounding=rounding or RoundingForm(formdata=None, data={"rounding": queries.rounding()}),
        statuses=STATUS_WORDS,
        kinds=KINDS,
        history=[
            (status, since, Decimal(rate) if rate else None)
            for status, since, rate in queries.rate_history()
        ],
        rates={s: Decimal(rate) if rate else None for s, rate in queries.rates().items()},
        may_change=may("money"),
    )
