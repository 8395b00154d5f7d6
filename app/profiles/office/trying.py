"""The back office: a rule tried on an event made by hand, or on a past order. Nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import g, request
from flask_babel import gettext as _

from app import clock
from app.orders import service as orders
from app.profiles import explain, queries, service
from app.profiles.forms import trial
from app.profiles.office.listing import bp, found
from app.profiles.rules import evaluate, parse, sentence
from app.site.access import requires
from app.web.forms import storable
from app.web.locale import zone
from app.web.pages import page

if TYPE_CHECKING:
    from flask import Response

    from app.profiles.rules import Evaluation, Facts, Rule


@bp.get("/rule/<string:rule_id>/try")
@requires("read")
def attempt(rule_id: str) -> Response:
    """Say what the draft of a rule would give, and every answer on the way."""
    rule = found(rule_id)
    read, words = parse(rule.draft), service.Spoken()
    form = trial.read(read, request.args, clock.now().astimezone(zone()))
    number, problem, facts = request.args.get("order", "").strip(), "", None
    if number:
        facts = _past(number, read)
        problem = "" if facts else _("There is no such order.")
    elif "try" in request.args:
        facts = form.facts
    bad = bool(problem) or ("try" in request.args and not number and facts is None)
    return page(
        "profiles/office/try.html",
        status=422 if bad else 200,
        rule=rule,
        form=form,
        number=number,
        problem=problem,
        said=sentence(read, words),
        **_answer(read, facts),
    )


def _answer(rule: Rule, facts: Facts | None) -> dict[str, Any]:
    if facts is None:
        return {"evaluation": None}
    words = service.Spoken()
    found_: Evaluation = evaluate(rule, facts)
    return {
        "evaluation": found_,
        "steps": explain.steps(found_.trace, words),
        "gifts": explain.gifts(found_.effects, words),
        "stops": explain.stops(found_.stops),
    }


def _past(number: str, rule: Rule) -> Facts | None:
    past = queries.past_order(number) if storable(number) else None
    if past is None:
        return None
    order = orders.get(past.id)
    own = [order] if order.member_id is None else orders.of_members([order.member_id])
    seen = queries.seen_of(g.tenant, own, also=[rule])
    return next((each.facts for each in seen if each.order_id == order.id), None)
