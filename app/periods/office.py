"""The money desk: months, what is open before one is closed, closing and reopening."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from flask import Blueprint, g, request
from flask_babel import gettext as _

from app import clock
from app.errors import DomainError, NotFound
from app.partners.queries import actor_names
from app.periods import queries, rules, service
from app.periods.forms import ReopenForm
from app.site.access import may, requires
from app.statements.rules import month_of, month_span
from app.web.filters import month_text
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("periods", __name__, url_prefix="/months")


@bp.get("/")
@requires("money.read")
def index() -> Response:
    """List months with their state, and who closed and reopened them."""
    tenant, history = g.tenant, queries.history()
    known = rules.months(tenant.created_at, clock.now(), tenant.closed_until, tenant.timezone)
    return page(
        "periods/office/index.html",
        months=known,
        history=history,
        names=actor_names(each.actor for each in history),
    )


@bp.get("/month")
@requires("money.read")
def show() -> Response:
    """Show what is open for a month (`?month=2026-09`), and let it be closed."""
    return _show(_month(), ReopenForm())


@bp.post("/close")
@requires("money")
def close() -> Response:
    """Close the month and all before it."""
    first = _month()
    service.close(first)
    words = _("%(month)s is closed: nothing is dated into it any more.", month=month_text(first))
    return see_other("office.periods.index", message=words)


# Only the owner has this right: an accountant who closes a month does not open it again.
@bp.post("/reopen")
@requires("team")
def reopen() -> Response:
    """Open the month again, and all after it, with a reason."""
    first, form = _month(), ReopenForm()
    if not form.validate_on_submit():
        return _show(first, form, 422)
    try:
        service.reopen(first, form.reason.data)
    except DomainError as error:
        form.tell(error)
        return _show(first, form, error.status)
    words = _("%(month)s is open again.", month=month_text(first))
    return see_other("office.periods.index", message=words)


def _month() -> date:
    """Read "2026-09" of the address; none is the running month. Raises NotFound for what is none of the merchant's."""
    said, zone = request.args.get("month", ""), g.tenant.timezone
    running = month_of(clock.now(), zone)
    if not said:
        return running
    try:
        first = date.fromisoformat(f"{said}-01") if len(said) == len("2026-09") else None
    except ValueError:
        first = None
    if first is None or not month_of(g.tenant.created_at, zone) <= first <= running:
        raise NotFound
    return first


def _show(month: date, form: ReopenForm, status: int = 200) -> Response:
    tenant = g.tenant
    return page(
        "periods/office/show.html",
        status=status,
        month=month,
        span=month_span(month, tenant.timezone),
        closed=rules.is_closed(month, tenant.closed_until, tenant.timezone),
        closable=rules.may_close(month, clock.now(), tenant.closed_until, tenant.timezone),
        list=queries.checklist(month, tenant.timezone),
        form=form,
        may_reopen=may("team"),
    )
