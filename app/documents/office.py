"""The money desk: documents of partners and periods, issued one or all, printed, packed; and their words."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import clock
from app.documents import queries, service
from app.documents.forms import KINDS, IssueForm, VoidForm, WordsForm, sheet
from app.documents.models import Document
from app.documents.rules import PLACES, Content, Kind, filled
from app.errors import DomainError, NotFound
from app.lists.rules import FORMATS
from app.lists.service import told
from app.partners import queries as partners
from app.partners.models import Partner
from app.periods.rules import months
from app.runs import queries as runs
from app.runs.rules import OPEN, State, can_resume, percent_done
from app.site.access import may, requires
from app.statements.rules import month_before, month_span, span_of
from app.web.filters import month_text
from app.web.locale import LOCALES
from app.web.pages import page, see_other
from app.web.statements import days_of
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from sqlalchemy import Select

    from app.runs.models import Run

bp = Blueprint("documents", __name__, url_prefix="/documents")
SHOWN = [
    ("unsigned", _l("Not signed")),
    ("signed", _l("Signed")),
    ("void", _l("Void")),
]


def _show(statement: Select[Any], value: str) -> Select[Any]:
    if value == "void":
        return statement.where(Document.voided_at.is_not(None))
    standing = statement.where(Document.voided_at.is_(None))
    signed = Document.signed_at.is_not(None)
    return standing.where(signed if value == "signed" else ~signed)


TABLE = Table(
    name="documents",
    caption=_l("Documents"),
    key=Document.id,
    default="-issued",
    columns=(
        Column(
            "number", _l("Number"), main=True, value=lambda row: row.Document.label,
            href=lambda row: url_for("office.documents.show", public_id=row.Document.public_id),
        ),
        Column("kind", _l("Kind"), value=lambda row: KINDS[Kind(row.Document.kind)]),
        Column("partner", _l("Partner"), render="name", sort=Partner.name),
        Column(
            "period", _l("Period"), render="period", sort=Document.period_from,
            value=lambda row: row.Document,
        ),
        Column(
            "amount", _l("Sum"), render="money", end=True, sort=Document.amount,
            value=lambda row: row.Document.amount,
        ),
        Column("state", _l("State"), render="state", value=lambda row: row.Document),
        Column(
            "issued", _l("Issued"), render="date", sort=Document.id, quiet=True,
            value=lambda row: row.Document.issued_at,
        ),
    ),
    filters=(
        Filter("kind", _l("Kind"), [(k.value, w) for k, w in KINDS.items()],
               lambda s, v: s.where(Document.kind == v)),
        Filter("show", _l("Show"), SHOWN, _show),
    ),
    search=lambda s, words: s.where(Partner.search.contains(words.casefold(), autoescape=True)),
    search_label=_l("Name, e-mail or code"),
    empty=Empty(
        _l("No documents yet"),
        _l("Acts, statements and reconciliations are issued for a month that has ended."),
        icon="file-text",
        endpoint="office.documents.new",
        act=_l("Issue documents"),
    ),
)  # fmt: skip


@bp.get("/")
@requires("money.read")
def index() -> Response:
    """List documents; `?month=2026-09` those of a month."""
    return page(
        "documents/office/index.html",
        "_table.html",
        documents=_table().load(queries.listed()),
        month=request.args.get("month", ""),
    )


@bp.get("/new")
@requires("money")
def new() -> Response:
    """Offer to issue documents for the last month that has ended."""
    span = month_span(month_before(clock.today(g.tenant.timezone)), g.tenant.timezone)
    said = {"first": span.first, "last": span.last, "locale": g.tenant.locale}
    said["partner"] = request.args.get("partner", "")
    return _new(IssueForm(formdata=None, data={**said, "kinds": [Kind.ACT.value]}))


@bp.post("/new")
@requires("money")
def issue() -> Response:
    """Issue to one partner at once, or begin to issue to all."""
    form = IssueForm()
    if not form.validate_on_submit():
        return _new(form, 422)
    if form.last.data < form.first.data:
        form.complain("last", _("The last day is before the first one."))
        return _new(form, 422)
    span = span_of(form.first.data, form.last.data, g.tenant.timezone)
    code = (form.partner.data or "").strip()
    partner = partners.by_refcode(code) if code and "\x00" not in code else None
    if code and partner is None:
        form.complain("partner", _("Nobody has this code."))
        return _new(form, 422)
    try:
        if partner is None:
            run = service.start_issue(form.chosen, span, form.locale.data)
            return see_other("office.documents.work", run_id=run.public_id)
        made = [
            each
            for kind in form.chosen
            for each in service.issue(kind, span, [partner.id], form.locale.data)
        ]
    except DomainError as error:
        form.complain("last" if error.code == "not_ended" else "", error.message)
        return _new(form, error.status)
    words = _("Issued.") if made else _("There was nothing new to issue.")
    return see_other("office.documents.index", message=words, q=partner.refcode)


@bp.post("/pack")
@requires("money.read")
def pack() -> Response:
    """Begin to pack the documents of a month."""
    first = _month(request.form.get("month", ""))
    run = service.start_pack(month_span(first, g.tenant.timezone))
    told("documents", 0, "zip")
    return see_other("office.documents.work", run_id=run.public_id)


@bp.get("/work/<string:run_id>/")
@requires("money.read")
def work(run_id: str) -> Response:
    """Show how far issuing or packing is."""
    run = _run(run_id)
    return page(
        "documents/office/work.html",
        "_work.html",
        run=run,
        title=_("Issue documents") if run.kind == service.ISSUE else _("Pack documents"),
        days=days_of(service.span_of_run(run)),
        month=service.span_of_run(run).month,
        open=run.standing in OPEN,
        can_resume=can_resume(run.standing, run.phase),
        percent=percent_done(run.done, run.total),
        kept=run.kind == service.PACK and run.standing is State.DONE and service.is_kept(run),
    )


@bp.get("/work/<string:run_id>/zip")
@requires("money.read")
def packed(run_id: str) -> Response:
    """Answer with the packed documents."""
    run = _run(run_id)
    if run.standing is not State.DONE or not service.is_kept(run):
        return see_other("office.documents.work", run_id=run_id)
    # The folder is the tenant's: it is read now, in the scope, which ends before the answer goes out.
    answer = Response(list(service.packed(run)), content_type="application/zip")
    name = f"documents-{run.parameters['first']}-{run.parameters['last']}.zip"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@bp.get("/words")
@requires("money.read")
def words() -> Response:
    """Show the words of a kind of document in a language (`?kind=act&locale=en`)."""
    known, language = _kind(), _locale()
    said = asdict(service.words_of(known, language))
    return _words(known, language, WordsForm(formdata=None, data=said))


@bp.post("/words")
@requires("money")
def set_words() -> Response:
    """Keep the words, or only look at them (`look`)."""
    known, language, form = _kind(), _locale(), WordsForm()
    if not form.validate_on_submit():
        return _words(known, language, form, 422)
    if "look" in request.form:
        return _words(known, language, form)
    try:
        service.set_words(known, language, form.said())
    except DomainError as error:
        form.tell(error)
        return _words(known, language, form, error.status)
    here = {"kind": known.value, "locale": language}
    return see_other("office.documents.words", message=_("Saved."), **here)


@bp.post("/words/reset")
@requires("money")
def reset_words() -> Response:
    """Go back to the usual words."""
    known, language = _kind(), _locale()
    service.reset_words(known, language)
    words = _("The usual words are back.")
    return see_other("office.documents.words", message=words, kind=known.value, locale=language)


@bp.get("/<string:public_id>/")
@requires("money.read")
def show(public_id: str) -> Response:
    """Show a document as it is printed."""
    return _document(_found(public_id), VoidForm())


@bp.get("/<string:public_id>/file")
@requires("money.read")
def file(public_id: str) -> Response:
    """Answer with a document as a workbook."""
    return workbook_of(_found(public_id))


@bp.post("/<string:public_id>/sign")
@requires("money")
def sign(public_id: str) -> Response:
    """Note that both have signed."""
    service.sign(_found(public_id))
    return see_other(
        "office.documents.show", message=_("Noted: it is signed."), public_id=public_id
    )


@bp.post("/<string:public_id>/<any(void, reissue):act>")
@requires("money")
def void(public_id: str, act: str) -> Response:
    """Declare a document void, and issue another in its place where that is asked for."""
    document, form = _found(public_id), VoidForm()
    if not form.validate_on_submit():
        return _document(document, form, 422)
    if act == "void":
        service.void(document, form.reason.data)
        words = _("Void. Its number stays.")
        return see_other("office.documents.show", message=words, public_id=public_id)
    made = service.reissue(document, form.reason.data)
    words = _("Issued anew; it names the one whose place it takes.")
    return see_other("office.documents.show", message=words, public_id=made.public_id)


def workbook_of(document: Document) -> Response:
    """Answer with a document as a workbook."""
    answer = Response(service.workbook(document), content_type=FORMATS["xlsx"])
    answer.headers["Content-Disposition"] = f'attachment; filename="{document.label}.xlsx"'
    return answer


def _table() -> Table:
    """The list can be narrowed to a month that has documents."""
    tenant = g.tenant
    known = months(tenant.created_at, clock.now(), tenant.closed_until, tenant.timezone)
    choices = [(each.first.isoformat()[:7], month_text(each.first)) for each in known]
    narrow = Filter(
        "month", _l("Month"), choices, lambda s, v: s.where(Document.period_from == _month(v))
    )
    return replace(TABLE, filters=(narrow, *TABLE.filters))


def _month(said: str) -> date:
    try:
        return date.fromisoformat(f"{said}-01")
    except ValueError as error:
        raise NotFound from error


def _kind() -> Kind:
    """Return the kind of the address; an act, where it says nothing."""
    said = request.args.get("kind", Kind.ACT.value)
    if said not in set(Kind):
        raise NotFound
    return Kind(said)


def _locale() -> str:
    """Return the language of the address; the merchant's, where it says nothing."""
    said = request.args.get("locale", "")
    usual = g.tenant.locale if g.tenant.locale in LOCALES else next(iter(LOCALES))
    if said and said not in LOCALES:
        raise NotFound
    return said or usual


def _found(public_id: str) -> Document:
    found = queries.find(public_id) if "\x00" not in public_id else None
    if found is None:
        raise NotFound
    return found


def _run(run_id: str) -> Run:
    run = runs.find(run_id) if "\x00" not in run_id else None
    if run is None or run.kind not in {service.ISSUE, service.PACK}:
        raise NotFound
    return run


def _new(form: IssueForm, status: int = 200) -> Response:
    return page("documents/office/new.html", status=status, form=form)


def _document(document: Document, form: VoidForm, status: int = 200) -> Response:
    content = Content.from_json(document.content)
    standing = document.voided_at is None
    replaces = queries.by_id(document.replaces_id) if document.replaces_id else None
    return page(
        "documents/office/show.html",
        status=status,
        document=document,
        content=content,
        sheet=sheet(document, content, replaces),
        kind=KINDS[Kind(document.kind)],
        replaces=replaces,
        replaced_by=queries.replaced_by(document.id),
        form=form,
        may_sign=standing and document.signed_at is None and may("money"),
        may_void=standing and may("money"),
    )


def _words(kind: Kind, locale: str, form: WordsForm, status: int = 200) -> Response:
    usual = service.usual(kind, locale)
    return page(
        "documents/office/words.html",
        status=status,
        form=form,
        kind=kind,
        locale=locale,
        kinds=KINDS,
        locales=LOCALES,
        places=PLACES,
        own=bool(queries.words(kind, locale)),
        sample=_sample(form, usual),
        may_change=may("money"),
    )


def _sample(form: WordsForm, usual: Any) -> Any:
    """Return the words filled with samples: nothing of a real partner."""
    values = {name: f"‹{name}›" for name in PLACES}
    return filled(Content(form.words(usual), values, 0, {}, 0), values["number"])
