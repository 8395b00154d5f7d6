"""The back office: look at what a change would do to older orders, apply it, take it back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from app.errors import DomainError, NotFound
from app.orders.models import Order
from app.partners.models import Partner
from app.partners.service import read_scopes
from app.programs import queries as programs
from app.reruns import queries, service
from app.reruns.forms import RateForm, WordsForm
from app.reruns.rules import months_of, shares_of
from app.runs import queries as runs
from app.runs.models import Run, RunLine
from app.runs.rules import LIFECYCLE, OPEN, can_resume, percent_done
from app.site.access import requires
from app.tenants import queries as tenants
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Table

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("reruns", __name__)

KINDS = {
    service.WORDS: _l("New words for old orders"),
    service.TERMS: _l("Today's rates for old deals"),
    service.BACKTEST: _l("Draft terms tried"),
    service.ANNOUNCE: _l("New terms announced"),
}


def _title(run: Run) -> str:
    if run.kind == service.TERMS and run.parameters.get("undo"):
        return str(_("Old deals get back the rates of their time"))
    return str(KINDS.get(run.kind, run.kind))


def _address(run: Run) -> str:
    return url_for("office.reruns.show", run_id=run.public_id)


def _deal(row: Any) -> str | None:
    return url_for("office.orders.show", deal=row.deal) if row.deal else None


def _free(row: Any) -> datetime | None:
    said = row.facts["free_at"][1]
    return datetime.fromisoformat(said) if said else None


RUNS = Table(
    name="runs",
    caption=_l("Recalculations"),
    key=Run.id,
    default="-created_at",
    columns=(
        Column("kind", _l("What"), main=True, value=_title, href=_address),
        Column("created_at", _l("Asked"), render="datetime", sort=Run.id),
        Column("state", _l("State"), render="badge"),
        Column("changed", _l("Orders that differ"), render="number", end=True,
               value=lambda r: r.sums.get("changed", 0)),
    ),
    empty=Empty(
        _l("Nothing was recalculated yet"),
        _l("A change of terms or words holds for what comes later. Here it is applied to older orders."),
        icon="history",
    ),
)  # fmt: skip
_SUMS = (
    Column("before", _l("Before"), render="money", end=True),
    Column("after", _l("After"), render="money", end=True),
    Column("change", _l("Change"), render="signed", end=True, sort=RunLine.change),
)
ORDERS = Table(
    name="differences",
    caption=_l("Orders that differ"),
    key=RunLine.id,
    default="-change",
    columns=(
        Column("number", _l("Order"), render="name", main=True, href=_deal),
        Column("made", lazy_pgettext("order", "Made"),
               render="date", value=lambda r: r.created_at, sort=Order.created_at),
        Column("was", _l("State before"), render="badge", value=lambda r: r.facts["state"][0]),
        Column("is", _l("State after"), render="badge", value=lambda r: r.facts["state"][1]),
        Column("free", _l("Free from"), render="date", value=_free, quiet=True),
        *_SUMS,
    ),
    empty=Empty(_l("No order differs"), _l("Every order would earn what it earns now."), icon="check"),
)  # fmt: skip
PARTNERS = Table(
    name="gains",
    caption=_l("Who gains and who loses"),
    key=RunLine.id,
    default="-change",
    columns=(
        Column("partner", _l("Partner"), render="name", main=True, sort=Partner.name,
               href=lambda r: url_for("office.partners.card", refcode=r.refcode)),
        *_SUMS,
    ),
    empty=Empty(_l("No partner's sum differs"), icon="check"),
)  # fmt: skip


def found(run_id: str) -> Run:
    """Return a run of this page's kinds. Raises NotFound."""
    run = runs.find(run_id)
    if run is None or run.kind not in KINDS:
        raise NotFound
    return run


def _again(run: Run) -> str | None:
    """Return where a new look at a shop's words begins."""
    shop = tenants.shop_by_id(run.parameters["shop"])
    return url_for("office.reruns.look_at_words", shop_id=shop.public_id) if shop else None


def result(run: Run) -> dict[str, Any]:
    """Return what the pages show of a run."""
    stale = service.is_stale(run) and (
        can_resume(run.standing, run.phase) or run.state == "previewed"
    )
    return {
        "run": run,
        "title": _title(run),
        "again": _again(run) if stale else None,
        "percent": percent_done(run.done, run.total),
        "open": run.standing in OPEN,
        "can_resume": can_resume(run.standing, run.phase),
        "can_apply": not stale
        and run.kind in {service.WORDS, service.TERMS}
        and LIFECYCLE.allows(run.standing, "apply")
        and run.phase == "preview"
        and run.state == "previewed",
        "can_undo": run.kind == service.TERMS
        and run.state == "done"
        and not run.parameters["undo"],
        "winners": queries.winners(run.id),
        "months": months_of(run.sums),
        "shares": shares_of(run.sums),
        "capped": queries.has_month_caps(),
        "problems": runs.problems(run.id),
        "poll": request.path,
    }


@bp.get("/recalculations/")
@requires("settings")
def index() -> Response:
    """List what was looked at and applied, the newest first."""
    listed = RUNS.load(runs.listed(KINDS))
    return page("reruns/office/index.html", "_table.html", listed=listed)


@bp.post("/recalculations/words/<string:shop_id>")
@requires("settings")
def look_at_words(shop_id: str) -> Response:
    """Begin to look at what a shop's words of today would change in older orders."""
    shop, form = tenants.shop(shop_id), WordsForm()
    if shop is None:
        raise NotFound
    if not form.validate_on_submit():
        raise DomainError("invalid", _("Choose one of the periods."))
    run = service.look_at_words(shop, form.days.data or None)
    return see_other("office.reruns.show", run_id=run.public_id)


@bp.get("/recalculations/new")
@requires("settings")
def new() -> Response:
    """Ask which old deals are to get today's rates."""
    form = RateForm(formdata=None, of=request.args.get("of", "all"))
    return _new(form)


@bp.post("/recalculations/new")
@requires("settings")
def look_at_terms() -> Response:
    """Begin to look at what today's rates would change in old deals."""
    form = RateForm().offer(programs.all_terms(), programs.all_groups())
    if not form.validate_on_submit():
        return _new(form, 422)
    kind, _colon, said = form.of.data.partition(":")
    try:
        run = service.look_at_terms(
            form.since.starts_at,
            terms=programs.find_terms(said) if kind == "terms" else None,
            group=programs.find_group(said) if kind == "group" else None,
            partners=read_scopes({"partners": form.refcodes})["partners"],
        )
    except DomainError as error:
        form.tell(error)
        return _new(form, error.status)
    return see_other("office.reruns.show", run_id=run.public_id)


@bp.get("/recalculations/<string:run_id>")
@requires("settings")
def show(run_id: str) -> Response:
    """Show how far it is, and what it found; while it runs the page asks again by itself."""
    return page("reruns/office/show.html", "_run.html", **result(found(run_id)))


@bp.get("/recalculations/<string:run_id>/orders")
@requires("settings")
def orders(run_id: str) -> Response:
    """List every order that differs, the greatest change first."""
    run = found(run_id)
    lines = ORDERS.load(queries.order_lines(run.id))
    return page("reruns/office/lines.html", "_table.html", run=run, title=_title(run), listed=lines)


@bp.get("/recalculations/<string:run_id>/partners")
@requires("settings")
def partners(run_id: str) -> Response:
    """List who gains and who loses."""
    run = found(run_id)
    lines = PARTNERS.load(queries.partner_lines(run.id))
    return page("reruns/office/lines.html", "_table.html", run=run, title=_title(run), listed=lines)


@bp.post("/recalculations/<string:run_id>/apply")
@requires("settings")
def apply(run_id: str) -> Response:
    """Apply what was looked at, in the background."""
    service.apply(found(run_id))
    return see_other("office.reruns.show", run_id=run_id)


@bp.post("/recalculations/<string:run_id>/undo")
@requires("settings")
def undo(run_id: str) -> Response:
    """Look at what taking it back would change."""
    back = service.undo(found(run_id))
    return see_other("office.reruns.show", run_id=back.public_id)


def _new(form: RateForm, status: int = 200) -> Response:
    form.offer(programs.all_terms(), programs.all_groups())
    return page("reruns/office/new.html", status=status, form=form)
