"""The back office: the clock of test mode, and what a move of it will bring."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, g, request
from flask_babel import gettext as _

from app import clock
from app.errors import DomainError, NotFound
from app.money import Money
from app.site.access import requires
from app.twin import queries, rules, service
from app.twin.forms import LookForm, MoveForm
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.tenants.models import Tenant

bp = Blueprint("twin", __name__, url_prefix="/test")

LATEST = datetime(9000, 1, 1, tzinfo=UTC)


def in_test_mode() -> Tenant:
    """Return the running twin. Raises NotFound in live mode."""
    tenant: Tenant = g.tenant
    if tenant.twin_of is None:
        raise NotFound
    return tenant


@bp.get("/clock")
@requires("settings")
def look() -> Response:
    """Show what time it is, and what would happen up to the moment asked for."""
    in_test_mode()
    asked = request.args.to_dict()
    form = LookForm(request.args) if asked else LookForm(formdata=None)
    to = _moment(form) if asked and form.validate() else None
    return _page(form, to, 422 if asked and to is None else 200)


@bp.post("/clock")
@requires("settings")
def move() -> Response:
    """Move the clock to the moment that was looked at."""
    tenant, form = in_test_mode(), MoveForm()
    if form.validate_on_submit() and form.instant is not None:
        try:
            service.move_to(tenant, form.instant)
        except DomainError as error:
            return _page(LookForm(formdata=None), None, error.status, error.message)
        return see_other("office.twin.look", message=_("The clock of test mode is moved."))
    return _page(LookForm(formdata=None), None, 422, " ".join(map(str, form.to.errors)))


@bp.post("/clock/reset")
@requires("settings")
def reset() -> Response:
    """Go back to the real time, while nothing has happened ahead."""
    try:
        service.reset(in_test_mode())
    except DomainError as error:
        return _page(LookForm(formdata=None), None, error.status, error.message)
    return see_other("office.twin.look", message=_("Test mode is at the real time again."))


def _moment(form: LookForm) -> datetime | None:
    """Return the moment that somebody looks ahead to; None with the complaint at its field."""
    to: datetime | None = form.until.data
    if to is None and form.amount.data:
        to = clock.now() + form.amount.data * rules.UNITS[form.unit.data]
    if to is None:
        form.complain("amount", _("Say how far."))
        return None
    try:
        rules.moved(g.tenant.clock_offset, clock.now(), min(to, LATEST))
    except rules.ClockError as error:
        far = error.code == "far"
        words = _("Ten years ahead at most.") if far else _("This lies in the past of test mode.")
        form.complain("until" if form.until.data else "amount", words)
        return None
    return to


def _page(form: LookForm, to: datetime | None, status: int = 200, problem: str = "") -> Response:
    now, offset = clock.now(), g.tenant.clock_offset
    found = queries.ahead(now, to) if to is not None else None
    return page(
        "twin/office/clock.html",
        status=status,
        form=form,
        mover=MoveForm(formdata=None, to=to.isoformat()) if to is not None else None,
        now=now,
        to=to,
        ahead=found,
        freed=Money(found.freed, g.tenant.currency) if found else None,
        offset=offset if offset > timedelta(0) else None,
        may_reset=bool(offset) and not queries.happened_after(clock.wall()),
        problem=problem,
    )
