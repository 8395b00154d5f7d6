"""The operator's pages: plans, and how each merchant stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app import clock
from app.billing import queries as billing
from app.errors import DomainError, NotFound
from app.events.service import actor
from app.money import Money
from app.site.access import requires
from app.site.people import freshly
from app.tariffs import queries, rules, service
from app.tariffs.forms import (
    BARS,
    INVOICES,
    STATES,
    CorrectForm,
    ExtendForm,
    PlanForm,
    SwitchForm,
    line_words,
)
from app.tenancy import tenant_scope
from app.tenants import queries as tenants
from app.tenants.models import Tenant
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy import Select

bp = Blueprint("tariffs", __name__, url_prefix="/tariffs")
SHOWN = 24  # invoices on a merchant's page


def _search(statement: Select[Any], words: str) -> Select[Any]:
    found = Tenant.slug.contains(words.lower(), autoescape=True)
    return statement.where(found | Tenant.name.icontains(words, autoescape=True))


def _stand(statement: Select[Any], value: str) -> Select[Any]:
    now = clock.now()
    ways = {
        "stopped": Tenant.stopped_at.is_not(None),
        "unpaid": Tenant.unpaid_due.is_not(None),
        "trial": Tenant.trial_until > now,
        "free": Tenant.trial_until.is_(None) & Tenant.plan.is_(None),
        "active": Tenant.plan.is_not(None),
    }
    return statement.where(ways[value])


MERCHANTS = Table(
    name="tariffs",
    caption=_l("Merchants"),
    key=Tenant.id,
    default="-created_at",
    columns=(
        Column("name", _l("Name"), render="name", main=True,
               href=lambda row: url_for("platform.tariffs.show", slug=row["slug"])),
        Column("slug", _l("Address"), render="code", quiet=True),
        Column("plan", _l("Plan")),
        Column("state", _l("State"), render="standing"),
        Column("until", _l("Trial until"), render="datetime", sort=Tenant.trial_until),
        Column("owed", _l("Unpaid"), render="sum", end=True),
        Column("created_at", _l("Since"), render="datetime", sort=Tenant.created_at, quiet=True),
    ),
    filters=(Filter("state", _l("State"), [(k, v[0]) for k, v in STATES.items()], _stand),),
    search=_search,
    empty=Empty(_l("No merchants yet")),
)  # fmt: skip


@bp.get("/")
@requires("operator")
def index() -> Response:
    """Show whether there are tariffs, the plans, and all merchants."""
    return _index(SwitchForm(formdata=None, data={"on": queries.is_on()}))


@bp.post("/")
@requires("operator")
@freshly
def switch() -> Response:
    """Let there be tariffs, or none."""
    form = SwitchForm()
    if not form.validate_on_submit():
        return _index(form, 422)
    service.switch(on=form.on.data, by=actor())
    return see_other("platform.tariffs.index", message=_("Saved."))


@bp.post("/example")
@requires("operator")
def example() -> Response:
    """Begin with the plan that is known from elsewhere."""
    service.offer_example(actor())
    return see_other("platform.tariffs.plan", code=rules.EXAMPLE.code, message=_("Saved."))


@bp.get("/plans/new")
@requires("operator")
def new() -> Response:
    """Offer to make a plan."""
    return page("tariffs/platform/plan.html", form=PlanForm(formdata=None), versions=[])


@bp.post("/plans/new")
@requires("operator")
def create() -> Response:
    """Make a plan."""
    form = PlanForm()
    form.in_currency((form.currency.data or "")[:3])
    if form.validate_on_submit():
        if form.code.data not in queries.versions():
            return _save(form)
        form.complain("code", _("There is a plan of this name."))
    return page("tariffs/platform/plan.html", status=422, form=form, versions=[])


@bp.get("/plans/<string:code>/")
@requires("operator")
def plan(code: str) -> Response:
    """Show what a plan says and said."""
    known = _known(code)
    now = queries.at(known, clock.now())
    return _plan(PlanForm.of(now.plan, offered=now.offered), known)


@bp.post("/plans/<string:code>/")
@requires("operator")
def change(code: str) -> Response:
    """Let a plan say something else from now on."""
    known = _known(code)
    form = PlanForm()
    form.in_currency(known[-1].plan.currency)
    form.code.data, form.currency.data = code, known[-1].plan.currency
    return _save(form) if form.validate_on_submit() else _plan(form, known, 422)


@bp.get("/merchants/<string:slug>/")
@requires("operator")
def show(slug: str) -> Response:
    """Show how a merchant stands."""
    return _show(_found(slug))


@bp.post("/merchants/<string:slug>/extend")
@requires("operator")
def extend(slug: str) -> Response:
    """Let a merchant go on until a day."""
    found, by, form = _found(slug), actor(), ExtendForm()
    if not form.validate_on_submit():
        return _show(found, extend=form, status=422)
    try:
        with tenant_scope(found.id):
            service.extend(form.moment(found.timezone), by)
    except DomainError as error:
        form.tell(error)
        return _show(found, extend=form, status=error.status)
    return see_other("platform.tariffs.show", slug=slug, message=_("Saved."))


@bp.post("/merchants/<string:slug>/begin")
@requires("operator")
def begin(slug: str) -> Response:
    """Let the trial of a merchant begin who was here before there were tariffs."""
    found = _found(slug)
    with tenant_scope(found.id):
        service.begin()
    return see_other("platform.tariffs.show", slug=slug, message=_("Saved."))


@bp.post("/merchants/<string:slug>/invoices/<string:invoice>/correct")
@requires("operator")
@freshly
def correct(slug: str, invoice: str) -> Response:
    """Take something off an invoice."""
    found, by = _found(slug), actor()
    form = CorrectForm()
    with tenant_scope(found.id):
        row = queries.invoice(invoice)
        if row is None:
            raise NotFound
        form.amount.own_currency = row.currency
    if not form.validate_on_submit():
        return _show(found, correct=form, status=422)
    try:
        with tenant_scope(found.id):
            service.correct(row, form.amount.data.minor, form.reason.data, by)
    except DomainError as error:
        form.tell(error)
        return _show(found, correct=form, status=error.status)
    return see_other("platform.tariffs.show", slug=slug, message=_("A counter line is written."))


def _known(code: str) -> list[queries.Version]:
    known = queries.versions().get(code)
    if not known:
        raise NotFound
    return known


def _save(form: PlanForm) -> Response:
    try:
        service.save(form.said(), actor(), offered=bool(form.offered.data))
    except DomainError as error:
        form.tell(error)
        return page("tariffs/platform/plan.html", status=error.status, form=form, versions=[])
    return see_other("platform.tariffs.index", message=_("Saved."))


def _plan(form: PlanForm, known: list[queries.Version], status: int = 200) -> Response:
    return page("tariffs/platform/plan.html", status=status, form=form, versions=known[::-1])


def _found(slug: str) -> Tenant:
    found = tenants.by_slug(slug)
    if found is None or found.twin_of is not None:
        raise NotFound
    return found


def _index(form: SwitchForm, status: int = 200) -> Response:
    statement = select(Tenant).where(Tenant.twin_of.is_(None), Tenant.id > 1)
    view = MERCHANTS.load(statement)
    known, owed = queries.plans(), queries.owed(row.id for row in view.rows)
    names = {version.plan.code: version.plan.name for version in known}
    on = queries.is_on()
    view.rows = [_line(row, names, owed.get(row.id), on=on) for row in view.rows]
    return page(
        "tariffs/platform/index.html",
        "_table.html",
        status,
        form=form,
        on=on,
        plans=known,
        merchants=view,
        states=STATES,
        complete=billing.requisites().complete,
    )


def _line(row: Tenant, names: dict[str, str], owed: int | None, *, on: bool) -> dict[str, Any]:
    state = rules.state(clock.now(), row.trial_until, row.plan, row.unpaid_due)
    return {
        "name": row.name,
        "slug": row.slug,
        "plan": names.get(row.plan or "", "–"),
        "state": state.value if on else "free",
        "until": row.trial_until,
        "owed": Money(owed, row.currency) if owed else None,
        "created_at": row.created_at,
    }


def _show(
    found: Tenant,
    extend: ExtendForm | None = None,
    correct: CorrectForm | None = None,
    status: int = 200,
) -> Response:
    with tenant_scope(found.id):
        first = clock.day_of(clock.now(), found.timezone).replace(day=1)
        days = queries.month(first, clock.now())
        used, current = queries.usage(days), queries.plan_now()
        free = current.receipts * max(used.tills, 1) if current else 0
        made = [(each, queries.lines(each.id)) for each in queries.invoices()[:SHOWN]]
        context: dict[str, Any] = {
            "state": queries.state().value,
            "used": used,
            "plan": current,
            "bars": used.bars(current, free) if current else [],
            "made": made,
            "balance": billing.balance(),
        }
    return page(
        "tariffs/platform/show.html",
        status=status,
        merchant=found,
        extend=extend or ExtendForm(formdata=None),
        correct=correct or CorrectForm(formdata=None),
        states=STATES,
        invoices=INVOICES,
        bar_words=BARS,
        words=line_words,
        **context,
    )
