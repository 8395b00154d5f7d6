"""The back office: payouts, decisions on them, payments made by hand, and the merchant's methods."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from flask import Blueprint, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from app import clock
from app.errors import DomainError, NotFound
from app.events.service import actor
from app.ledger.queries import partner_balances
from app.lists.queries import views
from app.money import Money
from app.papers import service as papers
from app.papers.queries import of_missing
from app.partners import queries as partners
from app.partners.models import Partner
from app.payouts import queries, service
from app.payouts.forms import ACTORS, STEPS, MethodForm, ReasonForm, RecordForm
from app.payouts.models import Payout
from app.payouts.rules import LIFECYCLE, METHODS_LIMIT, OFFERED, PLATFORM, State
from app.payouts.service import bulk
from app.requisites.forms import KIND_NAMES, STATUS_NAMES
from app.requisites.rules import Kind
from app.runs import queries as runs
from app.runs.rules import OPEN, can_resume, percent_done
from app.settlement import queries as settlement_queries
from app.settlement import service as settlement
from app.site.access import may, requires
from app.web import lists
from app.web.pages import page, see_address, see_other, toast
from app.web.ranges import Range
from app.web.states import STATES
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy import Select

    from app.payouts.queries import Line

bp = Blueprint("payouts", __name__, url_prefix="/payouts")

DONE = {
    "approve": _l("Approved."),
    "pay": _l("Marked as paid."),
    "send": _l("Noted: the transfer is under way."),
    "lose": _l("Noted: it is not known whether the money arrived."),
    "reject": _l("Rejected; the money is available to the partner again."),
    "fail": _l("Marked as failed; the money is available to the partner again."),
}


def _search(statement: Select[Any], words: str) -> Select[Any]:
    text = words.casefold()
    return statement.where(
        Partner.search.contains(text, autoescape=True) | (Payout.public_id == words)
    )


def _since(statement: Select[Any], days: str) -> Select[Any]:
    return statement.where(Payout.requested_at >= clock.now() - timedelta(days=int(days)))


PAYOUTS = Table(
    name="payouts",
    listing="payouts",
    caption=_l("Payouts"),
    key=Payout.id,
    default="-requested",
    columns=(
        Column("tick", _l("Choose"), render="tick", value=lambda row: row.Payout.public_id, tool=True),
        Column(
            "partner", _l("Partner"), render="name", main=True, sort=Partner.name,
            href=lambda row: url_for("office.payouts.show", public_id=row.Payout.public_id),
        ),
        Column("refcode", _l("Code"), render="code", quiet=True),
        Column(
            "amount", _l("Amount"), render="money", sort=Payout.amount, end=True,
            value=lambda row: row.Payout.amount,
        ),
        Column("method", _l("Method")),
        Column("state", _l("State"), render="badge", value=lambda row: row.Payout.state),
        Column(
            "requested", _l("Asked for"), render="datetime", sort=Payout.requested_at,
            value=lambda row: row.Payout.requested_at,
        ),
        Column(
            "ended", _l("Closed"), render="datetime", sort=Payout.ended_at, nullable=True, quiet=True,
            value=lambda row: row.Payout.ended_at,
        ),
        Column("number", _l("Number"), render="code", spare=True, value=lambda row: row.Payout.public_id),
        Column("reason", _l("Reason"), spare=True, value=lambda row: row.Payout.reason),
    ),
    filters=(
        Filter(
            "state", _l("State"), [(s.value, STATES[s.value][0]) for s in State],
            lambda s, v: s.where(Payout.state == v),
        ),
        Filter(
            "days", _l("Asked for"),
            [("7", _l("7 days")), ("30", _l("30 days")), ("90", _l("90 days")), ("365", _l("a year"))],
            _since,
        ),
    ),
    ranges=(
        Range("amount", _l("Amount"), Payout.amount, "money"),
        Range("asked", _l("Asked for"), Payout.requested_at, "date"),
        Range("closed", _l("Closed"), Payout.ended_at, "date"),
    ),
    search=_search,
    search_label=_l("Partner or number"),
    empty=Empty(
        _l("No payouts yet"),
        _l("Requests of partners appear here; a payment can also be recorded without one."),
        icon="cash",
        endpoint="office.payouts.record",
        act=_l("Record a payment"),
    ),
)  # fmt: skip
lists.register(
    lists.Listing(
        "payouts",
        "office.payouts.index",
        lambda: PAYOUTS,
        queries.lines,
        needs="money.read",
    )
)


@bp.get("/")
@requires("money.read")
def index() -> Response:
    """List payouts, with what waits and what was paid on top."""
    view = PAYOUTS.load(queries.lines())
    view.saved, view.shares = views("payouts", g.person.id), may("manage")
    return page(
        "payouts/office/index.html",
        "_table.html",
        payouts=view,
        counters=queries.counters(),
        may_pay=may("money"),
    )


@bp.post("/bulk")
@requires("money")
def many() -> Response:
    """Approve those ticked, or all that the filter shows: those that can be, with a word on the others."""
    query = request.form.get("query", "")[:2_000]
    try:
        run = bulk.start(_chosen(query))
    except DomainError as error:
        toast(error.message, "danger")
        return see_address(f"{url_for('office.payouts.index')}?{query}")
    return see_other("office.payouts.bulk_run", work_id=run.public_id)


def _chosen(query: str) -> list[int]:
    if request.form.get("scope") != "all":
        return bulk.named(request.form.getlist("payout")[: bulk.MOST])
    asked = PAYOUTS.ask(MultiDict(parse_qsl(query)))
    return bulk.ids_of(PAYOUTS.narrow(queries.lines(), asked))


@bp.get("/bulk/<string:work_id>")
@requires("money.read")
def bulk_run(work_id: str) -> Response:
    """Show how far it is, and what could not be approved."""
    run = runs.find(work_id)
    if run is None or run.kind != bulk.KIND:
        raise NotFound
    return page(
        "payouts/office/bulk.html",
        "_bulk_run.html",
        run=run,
        open=run.standing in OPEN,
        can_resume=can_resume(run.standing, run.phase),
        percent=percent_done(run.done, run.total),
        refused=bulk.refused(run),
    )


@bp.get("/<string:public_id>/")
@requires("money.read")
def show(public_id: str) -> Response:
    """Show one payout: what is asked, to whom, and what can be done now."""
    return _card(_line(public_id), ReasonForm())


@bp.post("/<string:public_id>/<any(approve,pay,send,lose):act>")
@requires("money")
def decide(public_id: str, act: str) -> Response:
    """Do what needs no words."""
    verbs = {
        "approve": service.approve,
        "pay": service.pay,
        "send": service.send,
        "lose": service.lose,
    }
    line = _line(public_id)
    if _is_trial(line):
        verbs |= {"pay": settlement.pay, "send": settlement.send, "lose": settlement.lose}
    done = verbs[act](line.payout.id, actor())
    half = act == "approve" and done.state == State.REQUESTED
    message = _("Noted. Another person must approve it now.") if half else str(DONE[act])
    return see_other("office.payouts.show", public_id=public_id, message=message)


@bp.post("/<string:public_id>/<any(reject,fail):act>")
@requires("money")
def give_back(public_id: str, act: str) -> Response:
    """Give the money back to the partner, saying why."""
    line, form = _line(public_id), ReasonForm()
    if not form.validate_on_submit():
        return _card(line, form, status=422)
    verbs = {"reject": service.reject, "fail": settlement.fail if _is_trial(line) else service.fail}
    verbs[act](line.payout.id, form.reason.data, actor())
    return see_other("office.payouts.show", public_id=public_id, message=str(DONE[act]))


@bp.get("/new")
@requires("money")
def record() -> Response:
    """Offer to record a payment, the amount prefilled with what is available."""
    return _record(_record_form(request.args.get("partner", "")))


@bp.post("/new")
@requires("money")
def recorded() -> Response:
    """Record a payment already made, or make a request on the partner's behalf."""
    form = _record_form()
    if not form.validate_on_submit():
        return _record(form, status=422)
    partner = partners.by_refcode(form.partner.data)
    if partner is None:
        form.complain("partner", _("There is no such partner."))
        return _record(form, status=422)
    given = (partner.id, form.amount.data.minor, form.method.data, actor())
    try:
        if form.what.data == "paid":
            made = service.record_paid(*given, form.reason.data or None)
        else:
            made = service.request_for(*given)
    except DomainError as error:
        form.complain(error.errors[0].field if error.errors else "", error.message)
        return _record(form, status=error.status)
    return see_other("office.payouts.show", public_id=made.public_id, message=_("Saved."))


@bp.get("/methods/")
@requires("settings")
def methods() -> Response:
    """List the merchant's payout methods."""
    return _methods(MethodForm())


@bp.post("/methods/")
@requires("settings")
def add_method() -> Response:
    """Add a method."""
    form = MethodForm()
    if form.validate_on_submit():
        service.create_method(form.name.data, form.hint.data or "", kind=Kind(form.kind.data))
        return see_other("office.payouts.methods", message=_("Added."))
    return _methods(form, status=422)


@bp.post("/methods/<int:method_id>")
@requires("settings")
def change_method(method_id: int) -> Response:
    """Rename a method, or reword what is asked."""
    form = MethodForm()
    if form.validate_on_submit():
        service.change_method(method_id, form.name.data, form.hint.data or "", Kind(form.kind.data))
        return see_other("office.payouts.methods", message=_("Saved."))
    return _methods(form, status=422)


@bp.post("/methods/<int:method_id>/<any(retire,restore):act>")
@requires("settings")
def use_method(method_id: int, act: str) -> Response:
    """Take a method out of use, or back."""
    if act == "restore":
        service.restore_method(method_id)
        return see_other("office.payouts.methods", message=_("In use again."))
    service.retire_method(method_id)
    undo = url_for("office.payouts.use_method", method_id=method_id, act="restore")
    return see_other("office.payouts.methods", message=_("Removed."), undo=undo)


def _line(public_id: str) -> Line:
    found = queries.line(public_id) if "\x00" not in public_id else None
    if found is None:
        raise NotFound
    return found


def _is_trial(line: Line) -> bool:
    """Tell whether the platform would pay it, and does not because this is test mode: staff play its part."""
    return line.payout.settled_by == PLATFORM and g.tenant.twin_of is not None


def _card(line: Line, form: ReasonForm, status: int = 200) -> Response:
    payout = line.payout
    funding = settlement_queries.of_payout(payout.id) if payout.settled_by == PLATFORM else None
    mine = may("money") and (funding is None or g.tenant.twin_of is not None)
    actions = LIFECYCLE.actions(State(payout.state)) if mine else ()
    return page(
        "payouts/office/show.html",
        status=status,
        line=line,
        payout=payout,
        form=form,
        partner=partners.by_id(payout.partner_id),
        balance=partner_balances([payout.partner_id])[payout.partner_id],
        details=service.copied(payout) if may("money.read") else None,
        status_names=STATUS_NAMES,
        actions=[a for a in actions if a in OFFERED and (funding is None or a != "reject")],
        **_missing(payout),
        funding=funding,
        rate=Decimal(funding.rate) if funding else None,
        consent=service.consent_to(payout, actor()) if "approve" in actions else None,
        limit=queries.second_above(),
        steps=queries.steps(payout),
        words=STEPS,
        actors=ACTORS,
    )


def _missing(payout: Payout) -> dict[str, Any]:
    """Return what the partner's papers lack, and the sentence about it."""
    if payout.state not in {State.REQUESTED, State.APPROVED} or payout.settled_by == PLATFORM:
        return {"missing": None}
    found = of_missing([payout.partner_id]).get(payout.partner_id)
    return {"missing": found, "missing_words": papers.words_of(found) if found else ""}


def _record_form(refcode: str = "") -> RecordForm:
    form = RecordForm()
    form.method.choices = [(m.code, m.name) for m in queries.methods()]
    partner = partners.by_refcode(refcode) if refcode and "\x00" not in refcode else None
    if partner is not None:
        form.partner.data = partner.refcode
        free = partner_balances([partner.id])[partner.id].available
        form.amount.data = Money(free, g.tenant.currency) if free else None
    return form


def _record(form: RecordForm, status: int = 200) -> Response:
    known = partners.by_refcode(form.partner.data) if form.partner.data and status == 200 else None
    balance = partner_balances([known.id])[known.id] if known else None
    return page(
        "payouts/office/record.html", status=status, form=form, partner=known, balance=balance
    )


def _methods(form: MethodForm, status: int = 200) -> Response:
    return page(
        "payouts/office/methods.html",
        status=status,
        form=form,
        methods=queries.methods(),
        kinds=KIND_NAMES,
        limit=METHODS_LIMIT,
    )
