"""The back office: achievements: levels that rules wait for, how they look, and who has reached them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from app.earnings import queries as earnings
from app.errors import DomainError, NotFound
from app.profiles import queries as profiles
from app.profiles import service as rules
from app.profiles.rules.reaching import METRICS, OWN
from app.ranks import service
from app.ranks.forms import METRIC_WORDS, GoalForm, LookForm
from app.ranks.office.door import bp
from app.ranks.rules import SUMS
from app.site.access import requires
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.earnings.queries import Goal

INDEX = "office.ranks.achievements"


@bp.get("/achievements/")
@requires("read")
def achievements() -> Response:
    """List the levels that rules wait for, with how many customers have reached each."""
    return _index(GoalForm(formdata=None))


@bp.post("/achievements/")
@requires("settings")
def create_achievement() -> Response:
    """Make an achievement: a rule that gives for a level, published at once, and its look."""
    form = GoalForm()
    if form.validate_on_submit():
        try:
            _look(form, form.metric.data, form.level)
            rules.publish(rules.draft(form.name.data, _body(form)))
        except DomainError as error:
            form.tell(error)
        else:
            return see_other(INDEX, message=_("Saved: it holds from now on."))
    return _index(form, 422)


@bp.get("/achievements/<string:goal_id>")
@requires("manage")
def achievement(goal_id: str) -> Response:
    """Show how an achievement looks, and the rules that give for it."""
    goal = _goal(goal_id)
    said = {"name": goal.name or "", "symbol": goal.symbol or ""}
    return _edit(goal, LookForm(formdata=None, data=said))


@bp.post("/achievements/<string:goal_id>")
@requires("manage")
def change_achievement(goal_id: str) -> Response:
    """Call an achievement otherwise, or draw it otherwise."""
    goal, form = _goal(goal_id), LookForm()
    if form.validate_on_submit():
        try:
            _look(form, goal.metric, goal.level)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other(INDEX, message=_("Saved."))
    return _edit(goal, form, 422)


def _look(form: LookForm, metric: str, level: int) -> None:
    sent = form.picture.data
    body = sent.read(service.BIGGEST_PICTURE + 1) if getattr(sent, "filename", "") else None
    service.look_of(
        metric,
        level,
        name=form.name.data,
        symbol=form.symbol.data or None,
        picture=body,
        without=bool(form.without.data),
    )


def _body(form: GoalForm) -> dict[str, Any]:
    own = form.metric.data in METRICS[OWN]
    profile = "achievement" if own else "referrer_achievement"
    fact = "metric.sum" if form.metric.data in SUMS else "metric.value"
    return {
        "schema": 1,
        "profile": profile,
        "trigger": OWN if own else "referral.metric_crossed",
        "when": {
            "all": [
                {"fact": "metric.name", "op": "in", "value": [form.metric.data]},
                {"fact": fact, "op": "gte", "value": form.level},
            ]
        },
        "effects": [
            {"do": "earn.fixed", "points": form.points.data.minor},
            {"do": "notify", "channel": "any", "message": profile},
        ],
        "limits": {"per_member": {"times": 1, "window": "ever"}},
    }


def _goal(goal_id: str) -> Goal:
    for each in earnings.defined():
        if each.key == goal_id:
            return each
    raise NotFound


def _index(form: GoalForm, status: int = 200) -> Response:
    goals = earnings.defined()
    names = {each.id: each for each in profiles.all_rules()}
    return page(
        "ranks/office/achievements.html",
        status=status,
        goals=goals,
        rules=names,
        form=form,
        words=METRIC_WORDS,
        sums=SUMS,
    )


def _edit(goal: Goal, form: LookForm, status: int = 200) -> Response:
    names = {each.id: each for each in profiles.all_rules()}
    return page(
        "ranks/office/achievement.html",
        status=status,
        goal=goal,
        form=form,
        rules=[names[each] for each in goal.rules if each in names],
        words=METRIC_WORDS,
        sums=SUMS,
    )
