"""The back office: the plan, what of it is used, and the invoices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from app import clock
from app.billing import queries as billing
from app.billing.rules import Requisites
from app.errors import DomainError, NotFound
from app.events.service import actor
from app.money import Money
from app.site.access import may, requires
from app.tariffs import queries, rules, service
from app.tariffs.forms import BARS, INVOICES, STATES, ChooseForm, line_words
from app.tariffs.models import TariffInvoice
from app.web.filters import month_text
from app.web.pages import page, see_other
from app.web.surroundings import Standing
from app.web.tables import Column, Empty, Table

if TYPE_CHECKING:
    from flask import Response

    from app.tariffs.rules import Plan

bp = Blueprint("tariffs", __name__, url_prefix="/plan")
# What can be done while everything else can only be read: pay, choose, ask for help, sign in anew.
OPEN = ("office.tariffs.", "office.billing.", "office.help.", "office.identity.")

TABLE = Table(
    name="tariff-invoices",
    caption=_l("Invoices of the platform"),
    key=TariffInvoice.id,
    default="-month",
    columns=(
        Column(
            "month", _l("Month"), main=True, sort=TariffInvoice.month,
            value=lambda row: month_text(row.month),
            href=lambda row: url_for("office.tariffs.show", invoice=row.public_id),
        ),
        Column("number", _l("Invoice"), value=lambda row: f"№ {row.number}", quiet=True),
        Column("made_at", lazy_pgettext("invoice", "Made"), render="datetime", quiet=True),
        Column(
            "sum", _l("Sum"), render="sum", end=True,
            value=lambda row: Money(row.outstanding, row.currency),
        ),
        Column("state", _l("State"), render="invoice"),
    ),
    empty=Empty(
        _l("No invoices yet"),
        _l("The first one is made when the first month under a plan is over."),
        "receipt",
    ),
)  # fmt: skip


def standing() -> Standing | None:
    """Return what every page of the office says of the tariff; None: nothing, and without a statement."""
    here = g.tenant
    if not (here.plan or here.trial_until or here.unpaid_due or here.stopped_at):
        return None
    if not queries.is_on():
        return None
    now = clock.now()
    state = rules.state(now, here.trial_until, here.plan, here.unpaid_due)
    if here.stopped_at is not None:
        return Standing("stopped")
    if state is rules.State.TRIAL and here.plan is None:
        return Standing("trial", rules.days_left(now, here.trial_until, here.timezone))
    return Standing("unpaid" if state is rules.State.UNPAID else "works", until=here.unpaid_due)


def stopped(found: Standing | None) -> Response | None:
    """Return what answers an act while pages can only be read; None: nothing stands in its way."""
    reads = request.method in {"GET", "HEAD", "OPTIONS"}
    if found is None or found.kind != "stopped" or reads:
        return None
    if (request.endpoint or "").startswith(OPEN):
        return None
    return page("tariffs/office/stopped.html", status=402)


def _has_tariffs() -> bool:
    """Test mode has none, and neither has an installation without them."""
    return g.tenant.twin_of is None and queries.is_on()


def _gate() -> None:
    if not _has_tariffs():
        raise NotFound


@bp.get("/")
@requires("money.read")
def index() -> Response:
    """Show the plan, what is used of it, the forecast and the invoices."""
    if not _has_tariffs():
        return page("tariffs/office/none.html")
    return _index(_chooser())


@bp.post("/")
@requires("money")
def choose() -> Response:
    """Choose a plan from today on."""
    _gate()
    form = _chooser()
    if not form.validate_on_submit():
        return _index(form, 422)
    try:
        service.choose(form.plan.data, actor())
    except DomainError as error:
        form.tell(error)
        return _index(form, error.status)
    return see_other("office.tariffs.index", message=_("The plan holds from today on."))


@bp.post("/leave")
@requires("money")
def leave() -> Response:
    """Have no plan from today on."""
    _gate()
    service.leave(actor())
    return see_other("office.tariffs.index", message=_("You have no plan now."))


@bp.get("/invoices/<string:invoice>/")
@requires("money.read")
def show(invoice: str) -> Response:
    """Show an invoice as it is printed."""
    found = queries.invoice(invoice)
    if found is None:
        raise NotFound
    return page(
        "tariffs/office/show.html",
        invoice=found,
        lines=queries.lines(found.id),
        words=line_words,
        payee=Requisites.of(found.payee),
        states=INVOICES,
        balance=billing.balance(),
    )


def _chooser() -> ChooseForm:
    form = ChooseForm(data={"plan": g.tenant.plan})
    form.plan.choices = [(p.code, p.name) for p in queries.offers(g.tenant.currency)]
    return form


def _index(form: ChooseForm, status: int = 200) -> Response:
    zone, now = g.tenant.timezone, clock.now()
    today = clock.day_of(now, zone)
    days = queries.month(today.replace(day=1), now)
    length, plan = len(rules.days_of(today.replace(day=1))), queries.plan_now()
    used, state = queries.usage(days), queries.state()
    trial = g.tenant.trial_until
    lines = rules.reckon(days, length)
    return page(
        "tariffs/office/index.html",
        "_table.html",
        status,
        form=form,
        plan=plan,
        offers=queries.offers(g.tenant.currency),
        state=state.value,
        states=STATES,
        left=rules.days_left(now, trial, zone) if trial and trial > now else None,
        bars=used.bars(plan, _free(plan, used.tills)) if plan else [],
        bar_words=BARS,
        lines=lines,
        words=line_words,
        so_far=sum(line.amount for line in lines),
        coming=_coming(days, length),
        table=TABLE.load(queries.all_invoices()),
        invoices=INVOICES,
        owed=sum(each.outstanding for each in queries.unpaid()),
        balance=billing.balance(),
        may_choose=may("money"),
    )


def _free(plan: Plan, tills: int) -> int:
    return plan.receipts * max(tills, 1)


def _coming(days: list[rules.Day], length: int) -> int:
    """Return what the month comes to that goes on as its last day stands, with receipts as so far."""
    if not days:
        return 0
    charged = [day for day in days if day.plan is not None]
    receipts = rules.forecast(sum(d.receipts for d in charged), max(len(charged), 1), 1)
    last = days[-1]
    rest = rules.Day(last.plan, last.tills, last.integrations, receipts)
    return sum(e.amount for e in rules.reckon([*days, *[rest] * (length - len(days))], length))
