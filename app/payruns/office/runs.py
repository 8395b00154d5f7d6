"""Pay runs: the list, a new one, its progress and what may be done, who is in and who is out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import clock
from app.errors import DomainError, NotFound
from app.lists.rules import FORMATS
from app.lists.service import told
from app.partners.models import Partner
from app.payouts import queries as payout_queries
from app.payouts.models import Payout
from app.payouts.rules import State as PayoutState
from app.payruns import queries, service
from app.payruns.forms import REASONS, RunForm
from app.payruns.models import PayLine, PayRun
from app.payruns.office.page import bp, found
from app.payruns.rules import LIFECYCLE, OFFERED, OVER, Out, Pays, State, upcoming
from app.runs import queries as work_queries
from app.runs.rules import OPEN, can_resume, percent_done
from app.site.access import may, requires
from app.web.files import attachment
from app.web.lists import cells
from app.web.pages import page, see_other
from app.web.states import STATES
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy import Select

DONE = {
    "prepare": _l("The money is being reserved."),
    "approve": _l("Approved."),
    "pay": _l("The payouts are being marked as paid."),
    "cancel": _l("Everything is being given back."),
    "look": _l("Everybody is looked at again."),
    "pause": _l("Paused. What was done stays done."),
    "resume": _l("It goes on where it was."),
}
VERBS = {
    "prepare": service.prepare,
    "approve": service.approve,
    "pay": service.pay,
    "cancel": service.cancel,
    "look": service.look_again,
    "pause": service.pause,
    "resume": service.resume,
}
RUNS = Table(
    name="payruns",
    caption=_l("Pay runs"),
    key=PayRun.id,
    default="-made_at",
    columns=(
        Column(
            "on_day", _l("Earned by"), render="date", main=True,
            href=lambda r: url_for("office.payruns.show", run_id=r.public_id),
        ),
        Column("state", _l("State"), render="badge", value=lambda r: f"payrun_{r.state}"),
        Column("counted", _l("Partners"), render="number", end=True, sort=PayRun.counted),
        Column("total", _l("Sum"), render="money", end=True, sort=PayRun.total),
        Column("pay_on", _l("To be paid"), render="date", quiet=True),
        Column("made_at", _l("Made"), render="datetime", sort=PayRun.made_at),
    ),
    empty=Empty(
        _l("No pay run yet"),
        _l("A run pays everybody above the minimum at once. You see who is in and who is out before anything moves."),
        icon="cash",
        endpoint="office.payruns.new",
        act=_l("New pay run"),
    ),
)  # fmt: skip


def _search(statement: Select[Any], words: str) -> Select[Any]:
    return statement.where(Partner.search.contains(words.casefold(), autoescape=True))


def _inside(statement: Select[Any], value: str) -> Select[Any]:
    if value == "in":
        return statement.where(PayLine.reason.is_(None))
    return statement.where(
        PayLine.reason.is_not(None) if value == "out" else PayLine.reason == value
    )


LINES = Table(
    name="paylines",
    caption=_l("Who is in and who is out"),
    key=PayLine.id,
    default="-amount",
    columns=(
        Column(
            "partner", _l("Partner"), render="name", main=True, sort=Partner.name,
            href=lambda r: url_for("office.partners.card", refcode=r.refcode),
        ),
        Column("refcode", _l("Code"), render="code", quiet=True),
        Column("amount", _l("Sum"), render="money", end=True, sort=PayLine.amount, value=lambda r: r.PayLine.amount),
        Column("why", _l("Why not"), value=lambda r: REASONS.get(r.PayLine.reason)),
        Column("method", _l("Method"), quiet=True),
        Column("state", _l("Payout"), render="badge"),
        Column(
            "payout", _l("Number"), render="code", quiet=True,
            href=lambda r: r.payout and url_for("office.payouts.show", public_id=r.payout),
        ),
        Column("said", _l("Note"), quiet=True),
    ),
    filters=(
        Filter(
            "who", _l("Who"),
            [("in", _l("All who are in")), ("out", _l("All who are out")), *REASONS.items()],
            _inside,
        ),
        Filter(
            "state", _l("Payout"), [(s.value, STATES[s.value][0]) for s in PayoutState],
            lambda s, v: s.where(Payout.state == v),
        ),
    ),
    search=_search,
    search_label=_l("Partner"),
    empty=Empty(_l("Nobody has money to be paid"), icon="users"),
)  # fmt: skip


@bp.get("/")
@requires("money.read")
def index() -> Response:
    """List the runs, and say when the next prepares itself."""
    row = queries.plan()
    today = clock.today(g.tenant.timezone)
    coming = upcoming(queries.rule_of(row), queries.calendar(row), today, 3)
    return page(
        "payruns/office/index.html",
        "_table.html",
        listed=RUNS.load(queries.listed()),
        coming=coming,
        may_pay=may("money"),
    )


@bp.get("/new")
@requires("money")
def new() -> Response:
    """Ask what is to be paid."""
    today = clock.today(g.tenant.timezone)
    return _new(_offered(RunForm(formdata=None, data={"on_day": today})))


@bp.post("/new")
@requires("money")
def make() -> Response:
    """Begin a run: everybody is looked at."""
    form = _offered(RunForm())
    if not form.validate_on_submit():
        return _new(form, 422)
    method = int(form.method.data) if form.method.data else None
    try:
        run = service.make(Pays(form.pays.data), form.on_day.data, method_id=method)
    except DomainError as error:
        form.tell(error)
        return _new(form, error.status)
    return see_other("office.payruns.show", run_id=run.public_id)


@bp.get("/<string:run_id>/")
@requires("money.read")
def show(run_id: str) -> Response:
    """Show how far a run is, what it comes to, and what may be done; it asks again while work goes on."""
    run = found(run_id)
    return page("payruns/office/show.html", "_run.html", **_told(run))


@bp.post("/<string:run_id>/<any(prepare,approve,pay,cancel,look,pause,resume):act>")
@requires("money")
def act(run_id: str, act: str) -> Response:
    """Take the next step, or the way back."""
    run = VERBS[act](found(run_id))
    half = act == "approve" and run.standing is State.PREPARED
    message = _("Noted. Another person must approve it now.") if half else str(DONE[act])
    return see_other("office.payruns.show", run_id=run_id, message=message)


@bp.post("/<string:run_id>/remind")
@requires("money")
def remind(run_id: str) -> Response:
    """Write to those whose payment details are missing."""
    number = service.remind(found(run_id))
    words = _("Nobody was left to remind.")
    if number:
        words = _(
            "%(num)s are reminded. They stay untouched and come into the next run.", num=number
        )
    return see_other("office.payruns.show", run_id=run_id, message=words)


@bp.get("/<string:run_id>/lines/")
@requires("money.read")
def lines(run_id: str) -> Response:
    """List who is in, with the payout, and who is out, with the reason."""
    run = found(run_id)
    return page(
        "payruns/office/lines.html",
        "_lines.html",
        run=run,
        listed=LINES.load(queries.lines(run.id)),
    )


@bp.get("/<string:run_id>/lines.<string:kind>")
@requires("money.read")
def export(run_id: str, kind: str) -> Response:
    """Answer with the lines that the filter shows, as a file."""
    if kind not in FORMATS:
        raise NotFound
    run = found(run_id)
    asked = LINES.ask(request.args)
    rows = queries.all_of(LINES.narrow(queries.lines(run.id), asked).order_by(PayLine.id))
    told("paylines", len(rows), kind)
    head = [str(c.label) for c in LINES.columns]
    body = (cells(LINES.columns, row) for row in rows)
    return attachment(f"pay-run-{run.on_day}", str(LINES.caption), kind, head, body)


def _told(run: PayRun) -> dict[str, Any]:
    work = service.work_of(run)
    busy = work.standing in OPEN
    acts = [a for a in LIFECYCLE.actions(run.standing) if a in OFFERED and may("money")]
    if run.standing is State.PAYING and may("money"):
        acts = ["pay"]
    if busy and run.standing is not State.PREPARING:
        acts = [a for a in acts if a == "cancel" and run.standing is State.DRAFT]
    return {
        "run": run,
        "work": work,
        "open": busy,
        "can_resume": can_resume(work.standing, work.phase) and run.standing not in OVER,
        "percent": percent_done(work.done, work.total),
        "acts": acts,
        "consent": service.consent_to(run) if "approve" in acts else None,
        "sums": queries.sums(run.id),
        "unreminded": queries.without_details(run) if may("money") else 0,
        "problems": work_queries.problems(work.id),
        "reasons": REASONS,
        "no_details": Out.NO_DETAILS,
        "people": queries.names(run),
        "may_pay": may("money"),
        "poll": url_for("office.payruns.show", run_id=run.public_id),
    }


def _offered(form: RunForm) -> RunForm:
    form.method.choices = [
        ("", _("Each by the first method that has details")),
        *((str(m.id), m.name) for m in payout_queries.methods()),
    ]
    return form


def _new(form: RunForm, status: int = 200) -> Response:
    return page(
        "payruns/office/new.html",
        status=status,
        form=form,
        minimum=payout_queries.minimum(),
        draft=queries.open_draft(),
    )
