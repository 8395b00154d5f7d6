"""The back office: run beside the former service, compare with it, go live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import clock
from app.errors import DomainError
from app.imports import queries as imports
from app.imports.forms import SOURCES
from app.runs import queries as runs
from app.runs.models import RunLine
from app.runs.rules import OPEN, can_resume, percent_done
from app.shadow import queries, service
from app.shadow.forms import REASONS, BeginForm
from app.shadow.rules import Reason
from app.shadow.service.comparing import weeks
from app.site.access import requires
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response

    from app.runs.models import Run
    from app.shadow.models import ShadowMonth

bp = Blueprint("shadow", __name__, url_prefix="/shadow")


def _who(row: Any) -> str:
    there, here = row.RunLine.facts.get("there_who"), row.RunLine.facts.get("here_who")
    return f"{there or '—'} → {here or '—'}" if there != here else str(there)


DIFFERENCES = Table(
    name="shadow-differences",
    caption=_l("Differences"),
    key=RunLine.id,
    default="-change",
    counted=False,
    columns=(
        Column("order", _l("Order"), value=lambda r: r.RunLine.facts["order"], main=True, render="whole"),
        Column("reason", _l("Why"), value=lambda r: REASONS[r.RunLine.kind]),
        Column("who", _l("Partner there → here"), value=_who, render="name"),
        Column("there", _l("There"), value=lambda r: r.RunLine.before, render="money", end=True),
        Column("here", _l("Here"), value=lambda r: r.RunLine.after, render="money", end=True),
        Column("change", _l("Difference"), value=lambda r: r.RunLine.change, render="signed", end=True,
               sort=RunLine.change),
        Column("why", _l("Here in full"), value=lambda r: r.RunLine.facts.get("deal"), render="why"),
    ),
    filters=(
        Filter("reason", _l("Why"), [(k, w) for k, w in REASONS.items() if k != Reason.SAME],
               lambda s, v: s.where(RunLine.kind == v)),
    ),
    empty=Empty(_l("No differences"), _l("What stands here is what was accrued there."), icon="circle-check"),
)  # fmt: skip


@bp.get("/")
@requires("read")
def index() -> Response:
    """Show how the month goes: sums there and here, differences with reasons, and what going live would do."""
    return _index(BeginForm(formdata=None))


def _index(form: BeginForm, status: int = 200) -> Response:
    month = queries.month()
    if month is None:
        return page("shadow/office/begin.html", status=status, form=form)
    run = queries.latest(queries.COMPARE)
    return page(
        "shadow/office/index.html",
        "_state.html" if request.headers.get("HX-Target") == "run" else "_table.html",
        status=status,
        month=month,
        source=SOURCES.get(month.source, month.source),
        poll=request.path,
        **_live(month),
        **(_told(run) if run else {"run": None, "open": False}),
    )


def _live(month: ShadowMonth) -> dict[str, Any]:
    """Return what going live would take back, or how far it is."""
    run = queries.latest(queries.LIVE)
    sheets = [s for s in imports.control() if s.source == month.source and s.kind == "balance"]
    return {
        "sheet": sheets[0] if sheets else None,
        "back": queries.would_take_back(month.live_from or clock.now()),
        "live": run,
        "live_open": run is not None and run.standing in OPEN,
        "live_percent": percent_done(run.done, run.total) if run else 0,
        "live_can_resume": run is not None and can_resume(run.standing, run.phase),
    }


def _told(run: Run) -> dict[str, Any]:
    sums = run.sums
    told = sums.get("reasons", {})
    by_week = weeks(sums.get("days", {}))
    return {
        "run": run,
        "open": run.standing in OPEN,
        "percent": percent_done(run.done, run.total),
        "can_resume": can_resume(run.standing, run.phase),
        "reasons": [(REASONS[name], name, *told[name]) for name in REASONS if name in told],
        "there": sum(each[1] for each in told.values()),
        "here": sum(each[2] for each in told.values()),
        "same": told.get(Reason.SAME.value, [0])[0],
        "number": sum(each[0] for each in told.values()),
        "weeks": [week for week, _there, _here in by_week],
        "weeks_there": [there for _week, there, _here in by_week],
        "weeks_here": [here for _week, _there, here in by_week],
        "listed": DIFFERENCES.load(queries.differences(run.id)),
        "problems": runs.problems(run.id),
    }


@bp.post("/")
@requires("settings")
def begin() -> Response:
    """Begin to run beside the former service."""
    form = BeginForm()
    if not form.validate_on_submit():
        return _index(form, 422)
    try:
        service.begin(form.source.data)
    except DomainError as error:
        form.tell(error)
        return _index(form, error.status)
    words = _("Begun: everything is computed from now on, and nothing is paid, spent or sent.")
    return see_other("office.shadow.index", message=words)


@bp.post("/compare")
@requires("settings")
def compare() -> Response:
    """Begin to compare, in the background."""
    service.compare()
    return see_other("office.shadow.index")


@bp.post("/live")
@requires("settings")
def live() -> Response:
    """Go live, from this moment on; pressed again it goes on."""
    service.go_live()
    return see_other("office.shadow.index")
