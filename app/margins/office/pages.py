"""The margin guard's page: red orders with the why, the share given away week by week, the worst stacks."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.catalog.rules import BadMargin, read_margin
from app.margins import queries, service
from app.margins.forms import MarginForm
from app.runs import queries as runs
from app.runs.models import RunLine
from app.runs.rules import OPEN, can_resume, percent_done
from app.site.access import requires
from app.tenants import service as tenants
from app.tenants.queries import settings
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Table

if TYPE_CHECKING:
    from flask import Response

    from app.runs.models import Run

bp = Blueprint("margins", __name__, url_prefix="/margin")

PARTS = {
    "discount": _l("Discounts"),
    "commission": _l("Commission, all levels"),
    "cashback": _l("Cashback"),
    "bonuses": _l("Bonuses earned"),
    "fee": _l("The platform's fee"),
}


def _part(name: str) -> Any:
    return lambda row: row.RunLine.facts.get(name) or None


RED = Table(
    name="margin-red",
    caption=_l("Red orders"),
    key=RunLine.id,
    default="left",
    counted=False,
    columns=(
        Column("number", _l("Order"), value=lambda r: r.Order.number, main=True, render="whole"),
        Column("created_at", _l("Ordered"), value=lambda r: r.Order.created_at, render="datetime", quiet=True),
        Column("room", _l("Margin"), value=lambda r: r.RunLine.before, render="money", end=True),
        Column("left", _l("Left"), value=lambda r: r.RunLine.before - r.RunLine.after, render="money", end=True,
               sort=RunLine.before - RunLine.after),
        Column("why", _l("Why"), value=lambda r: r.Order.id, render="why"),
        *(
            Column(name, label, value=_part(name), render="money", end=True, quiet=True)
            for name, label in PARTS.items()
        ),
    ),
    empty=Empty(_l("No red orders"), _l("No order gave away more than its margin."), icon="circle-check"),
)  # fmt: skip


@bp.get("/")
@requires("read")
def index() -> Response:
    """Show what was given away of the margin, and what could be at worst."""
    known = settings()
    said = {"margin": known["margin"] or "", "margin_stop": known["margin_stop"]}
    return _index(MarginForm(formdata=None, data=said))


def _index(form: MarginForm, status: int = 200) -> Response:
    run = queries.latest()
    stacks = service.stacks()
    listed = RED.load(queries.red(run.id)) if run else None
    orders = [row.Order.id for row in listed.rows] if listed else []
    return page(
        "margins/office/index.html",
        "_result.html" if request.headers.get("HX-Target") == "run" else "_table.html",
        status=status,
        form=form,
        known=queries.is_known(),
        stacks=stacks,
        parts=PARTS,
        categories=queries.names_of([s.goods.category_id for s in stacks if s.goods.category_id]),
        deals=queries.deals_of(orders),
        listed=listed,
        **(_told(run) if run else {"run": None, "open": False}),
    )


def _told(run: Run) -> dict[str, Any]:
    sums = run.sums
    weeks = sorted(sums.get("weeks", {}).items())
    return {
        "run": run,
        "poll": request.path,
        "open": run.standing in OPEN,
        "percent": percent_done(run.done, run.total),
        "can_resume": can_resume(run.standing, run.phase),
        "sums": sums,
        "given": sums.get("given", {}),
        "weeks": [date.fromisoformat(week) for week, _pair in weeks],
        "shares": [pair[1] * 100 // pair[0] if pair[0] > 0 else 0 for _week, pair in weeks],
        "rooms": [pair[0] for _week, pair in weeks],
        "aways": [pair[1] for _week, pair in weeks],
        "problems": runs.problems(run.id),
    }


@bp.post("/look")
@requires("settings")
def look() -> Response:
    """Begin to look at the orders of the last 90 days."""
    service.look()
    return see_other("office.margins.index")


@bp.post("/")
@requires("settings")
def save() -> Response:
    """Keep the merchant's own margin, and whether it stops anything."""
    form = MarginForm()
    fits = form.validate_on_submit()
    margin = None
    try:
        margin = read_margin(form.margin.data) if (form.margin.data or "").strip() else None
    except BadMargin:
        form.complain("margin", _("Write a percent between 0 and 100, such as 40%%."))
        fits = False
    if not fits:
        return _index(form, 422)
    tenants.change_settings({"margin": margin, "margin_stop": form.margin_stop.data})
    return see_other("office.margins.index", message=_("Saved. It holds for orders from now on."))
