"""Customers made partners: a filter, a look, the work in the background, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.errors import DomainError, NotFound
from app.participation import queries, service
from app.participation.forms import ConvertForm
from app.participation.office.page import bp
from app.participation.queries.sample import sample
from app.programs import queries as programs
from app.runs import queries as runs
from app.runs.models import Run
from app.runs.rules import LIFECYCLE, OPEN, can_resume, percent_done
from app.site.access import requires
from app.tenants import queries as tenants
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Table

if TYPE_CHECKING:
    from flask import Response

KINDS = {
    service.CONVERT: _l("Customers made partners"),
    service.UNDO: _l("Partners made by mistake, taken back"),
}


def _address(run: Run) -> str:
    return url_for("office.participation.conversion", run_id=run.public_id)


RUNS = Table(
    name="conversions",
    caption=_l("Customers made partners"),
    key=Run.id,
    default="-created_at",
    columns=(
        Column("kind", _l("What"), main=True, value=lambda r: KINDS[r.kind], href=_address),
        Column("created_at", _l("Asked"), render="datetime", sort=Run.id),
        Column("state", _l("State"), render="badge"),
        Column("made", _l("Partners"), render="number", end=True,
               value=lambda r: r.applied.get("made", -r.applied.get("undone", 0))),
    ),
    empty=Empty(
        _l("No customer was made a partner yet"),
        _l("Choose above who becomes one: you see how many and some of them before anything is done."),
        icon="users",
    ),
)  # fmt: skip


@bp.get("/customers")
@requires("settings")
def customers() -> Response:
    """Offer the filter, and list what was done."""
    return _customers(ConvertForm(formdata=None))


@bp.post("/customers")
@requires("settings")
def look() -> Response:
    """Begin to look at who fits; or let the filter hold for future customers too."""
    form = _offered(ConvertForm())
    if form.validate_on_submit():
        try:
            if request.form.get("rule"):
                service.set_rule(form.wish, on=True)
                words = _("Every future customer who fits becomes a partner.")
                return see_other("office.participation.customers", message=words)
            run = service.look_at_customers(form.wish)
        except DomainError as error:
            form.tell(error)
            return _customers(form, error.status)
        return see_other("office.participation.conversion", run_id=run.public_id)
    return _customers(form, 422)


@bp.post("/customers/rule/off")
@requires("settings")
def end_rule() -> Response:
    """Let customers become partners by themselves no more."""
    rule = queries.rule()
    if rule is not None:
        service.set_rule(service.Conversion.read(rule.parameters), on=False)
    words = _("Customers no longer become partners by themselves.")
    return see_other("office.participation.customers", message=words)


@bp.get("/customers/<string:run_id>")
@requires("settings")
def conversion(run_id: str) -> Response:
    """Show how far it is, and who fits; while it runs the page asks again by itself."""
    run = _found(run_id)
    return page("participation/office/conversion.html", "_conversion.html", **_told(run))


@bp.post("/customers/<string:run_id>/<any(apply, undo):what>")
@requires("settings")
def act(run_id: str, what: str) -> Response:
    """Make partners of those who were looked at, or take back what was made."""
    run = _found(run_id)
    if what == "apply" and run.kind == service.CONVERT:
        service.apply_run(run)
        return see_other("office.participation.conversion", run_id=run_id)
    back = service.undo_run(run)
    return see_other("office.participation.conversion", run_id=back.public_id)


def _found(run_id: str) -> Run:
    run = runs.find(run_id)
    if run is None or run.kind not in KINDS:
        raise NotFound
    return run


def _told(run: Run) -> dict[str, Any]:
    applied = run.phase == "apply"
    return {
        "run": run,
        "title": KINDS[run.kind],
        "percent": percent_done(run.done, run.total),
        "open": run.standing in OPEN,
        "can_resume": can_resume(run.standing, run.phase),
        "can_apply": LIFECYCLE.allows(run.standing, "apply") and run.state == "previewed",
        "can_undo": run.kind == service.CONVERT and applied and run.state in {"done", "stopped"},
        "sample": sample(run.id),
        "problems": runs.problems(run.id),
        "letters": run.parameters.get("letters"),
        "poll": request.path,
    }


def _offered(form: ConvertForm) -> ConvertForm:
    shops, groups = tenants.shops(), programs.all_groups()
    return form.offer(shops, queries.groups_known(), groups, programs.all_terms())


def _customers(form: ConvertForm, status: int = 200) -> Response:
    rule = queries.rule()
    return page(
        "participation/office/customers.html",
        "_runs.html",
        status=status,
        form=_offered(form),
        listed=RUNS.load(queries.runs_listed(KINDS)),
        rule=rule if rule is not None and rule.is_on else None,
        shops={shop.id: shop.name for shop in tenants.shops()},
    )
