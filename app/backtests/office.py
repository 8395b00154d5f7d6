"""The back office: the draft of a rule tried on the last 90 days."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from flask import Blueprint, g, request, url_for

from app.backtests import queries, service
from app.bonuses.office.entries import called
from app.profiles import queries as profiles
from app.profiles.office.listing import found
from app.profiles.rules import parse, sentence
from app.profiles.service import Spoken
from app.runs import queries as runs
from app.runs.rules import OPEN, can_resume, percent_done
from app.site.access import requires
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.profiles.models import ProfileRule
    from app.runs.models import Run

bp = Blueprint("backtests", __name__, url_prefix="/bonus-rules")

MOST = 10  # who gains, and who loses


@bp.post("/rule/<string:rule_id>/backtest")
@requires("settings")
def start(rule_id: str) -> Response:
    """Begin to look at what the draft would have given over the last 90 days."""
    service.start(found(rule_id))
    return see_other("office.backtests.show", rule_id=rule_id)


@bp.get("/rule/<string:rule_id>/backtest")
@requires("read")
def show(rule_id: str) -> Response:
    """Show how far it is, and what it found; while it runs the page asks again by itself."""
    rule = found(rule_id)
    run = service.latest(rule)
    return page(
        "backtests/office/show.html",
        "_result.html",
        rule=rule,
        said=sentence(parse(rule.draft), Spoken()),
        can_try=service.can_try(rule),
        **(result(run, rule) if run else {"run": None}),
    )


def result(run: Run, rule: ProfileRule) -> dict[str, Any]:
    """Return what the page shows of a look."""
    sums = run.sums
    by_rule = {int(key): pair for key, pair in sums.get("rules", {}).items()}
    names = {each.id: each for each in profiles.rules(by_rule)}
    days = days_of(run)
    return {
        "run": run,
        "poll": request.path,
        "open": run.standing in OPEN,
        "percent": percent_done(run.done, run.total),
        "can_resume": can_resume(run.standing, run.phase),
        "stale": not service.is_of_draft(run, rule),
        "cost": sums.get("cost", [0, 0]),
        "days": [day for day, _before, _after in days],
        "before": [before for _day, before, _after in days],
        "after": [after for _day, _before, after in days],
        "rules": [
            (names[key], pair, key == rule.id)
            for key, pair in sorted(by_rule.items(), key=lambda each: each[0] != rule.id)
            if key in names
        ],
        "gainers": _people(run, gain=True),
        "losers": _people(run, gain=False),
        "problems": runs.problems(run.id),
    }


def days_of(run: Run) -> list[tuple[date, int, int]]:
    """Return every day that was looked over, with what it would give before and after."""
    zone = ZoneInfo(g.tenant.timezone)
    first, last = (
        datetime.fromisoformat(run.parameters[name]).astimezone(zone).date()
        for name in ("since", "until")
    )
    said = run.sums.get("days", {})
    every = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [(day, *said.get(day.isoformat(), (0, 0))) for day in every]


def _people(run: Run, *, gain: bool) -> list[tuple[str, str, int, int, int]]:
    """Return who gains or loses most: the account's address, the name, before, after, the change."""
    return [
        (
            url_for("office.bonuses.account", member_id=row.Member.id),
            called(row.Member),
            row.before,
            row.after,
            row.change,
        )
        for row in queries.people(run.id, gain=gain, most=MOST)
    ]
