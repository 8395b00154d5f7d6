"""When runs prepare themselves, and the calendar of days on which nobody pays."""

from __future__ import annotations

from calendar import Calendar as Weeks
from datetime import date
from typing import TYPE_CHECKING, Any

from flask import g, request
from flask_babel import format_date
from flask_babel import gettext as _

from app import clock
from app.errors import DomainError
from app.money import Money
from app.payruns import queries, service
from app.payruns.forms import PlanForm, SpanForm
from app.payruns.office.page import bp
from app.payruns.rules import Calendar, Pays, Plan, upcoming
from app.site.access import may, requires
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response

AHEAD = 6  # days of payment that are told
FIRST, LAST = 2000, 2100  # years that the calendar shows


@bp.get("/plan")
@requires("money")
def plan() -> Response:
    """Show the schedule, the next days of payment, and a year of the calendar."""
    return _plan(_plan_form(), SpanForm(formdata=None))


@bp.post("/plan")
@requires("money")
def change_plan() -> Response:
    """Keep the schedule."""
    form = PlanForm()
    if not form.validate_on_submit():
        return _plan(form, SpanForm(formdata=None), 422)
    every = form.every.data
    day = int(form.weekday.data) if every == "week" else form.day.data
    above = form.second_above.data
    if _loosens(above) and not may("settings"):
        form.complain("second_above", _("Only the owner can raise this limit or take it away."))
        return _plan(form, SpanForm(formdata=None), 422)
    try:
        service.change_plan(
            Plan(every, day, form.shift.data),
            Pays(form.pays.data),
            weekend={int(d) for d in form.weekend.data or ()},
            second_above=above.minor if above is not None else None,
        )
    except DomainError as error:
        form.tell(error)
        return _plan(form, SpanForm(formdata=None), error.status)
    return see_other("office.payruns.plan", message=_("Saved."))


@bp.post("/days")
@requires("money")
def span() -> Response:
    """Mark a row of days, such as holidays."""
    form = SpanForm()
    if form.validate_on_submit():
        try:
            service.mark_days(
                form.first.data,
                form.last.data,
                works=form.works.data == "yes",
                name=form.name.data or "",
            )
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("office.payruns.plan", year=form.first.data.year, message=_("Saved."))
    return _plan(_plan_form(), form, 422)


@bp.post("/day")
@requires("money")
def turn() -> Response:
    """Turn one day of the calendar over."""
    try:
        day = date.fromisoformat(request.form.get("day", ""))
    except ValueError:
        return see_other("office.payruns.plan")
    if not FIRST <= day.year <= LAST:
        return see_other("office.payruns.plan")
    works = service.mark_day(day)
    words = _("%(day)s is a working day.") if works else _("%(day)s is a day off.")
    return see_other(
        "office.payruns.plan", year=day.year, message=words % {"day": format_date(day)}
    )


def _loosens(above: Money | None) -> bool:
    """Whether one person could approve more than now: who is bound by the limit does not do that."""
    row = queries.plan()
    if row is None or row.second_above is None:
        return False
    return above is None or above.minor > row.second_above


def _plan_form() -> PlanForm:
    row = queries.plan()
    every, day = (row.every, row.day) if row else ("never", 1)
    above = row.second_above if row else None
    return PlanForm(
        formdata=None,
        data={
            "every": every,
            "weekday": str(day if every == "week" else 5),
            "day": day if every == "month" else 10,
            "shift": row.shift if row else "before",
            "pays": row.pays if row else Pays.AVAILABLE.value,
            "weekend": list(row.weekend if row else "67"),
            "second_above": Money(above, g.tenant.currency) if above is not None else None,
        },
    )


def _plan(form: PlanForm, days: SpanForm, status: int = 200) -> Response:
    today = clock.today(g.tenant.timezone)
    row, year = queries.plan(), _year(today.year)
    known = queries.calendar(row)
    coming = upcoming(queries.rule_of(row), known, today, AHEAD)
    return page(
        "payruns/office/plan.html",
        status=status,
        form=form,
        days=days,
        coming=coming,
        year=year,
        today=today,
        months=_months(year, known, {worked for _nominal, worked in coming}),
        named=[each for each in queries.exceptions(year) if each.name],
    )


def _year(usual: int) -> int:
    said = request.args.get("year", "")
    return (
        int(said) if said.isdecimal() and len(said) == 4 and FIRST <= int(said) <= LAST else usual
    )


def _months(
    year: int, known: Calendar, paid: set[date]
) -> Sequence[tuple[date, list[list[dict[str, Any] | None]]]]:
    """The year's months as weeks of days, as the calendar draws them."""
    months = []
    for month in range(1, 13):
        weeks = [
            [
                {"day": day, "works": known.works(day), "paid": day in paid}
                if day.month == month
                else None
                for day in week
            ]
            for week in Weeks().monthdatescalendar(year, month)
        ]
        months.append((date(year, month, 1), weeks))
    return months
