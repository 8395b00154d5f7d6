"""The back office: why an order earned what it earned, and why nothing, rule by rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flask import g, request
from flask_babel import gettext as _

from app.bonuses import queries as bonuses
from app.checkout import service as checkout
from app.earnings import queries as earned
from app.earnings import service as earnings
from app.orders import service as orders
from app.orders.rules import State
from app.profiles import explain, queries, service
from app.profiles.office.listing import bp
from app.profiles.rules import EFFECTS, evaluate, sentence
from app.profiles.rules.due import Due, due_of, earning_of
from app.site.access import requires
from app.web.forms import storable
from app.web.pages import page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Response

    from app.orders.service import Standing
    from app.profiles.models import ProfileRule
    from app.profiles.rules import Evaluation
    from app.profiles.rules.due import Published, Seen


@dataclass(frozen=True)
class Look:
    """One rule and the order: whether it is met, the first no, every answer, what is kept of what it gave.

    `lets`: what a rule of paying with bonuses lets be paid of the order, in sentences; None for others.
    """

    rule: ProfileRule
    said: str
    matched: bool
    first: explain.Line | None
    steps: list[explain.Line]
    dues: list[tuple[Due, int]]  # and from how much it was counted, minor units
    lets: list[str] | None = None
    nothing: str = ""


@bp.get("/why")
@requires("read")
def why() -> Response:
    """Ask by the number of an order; every rule of its time answers."""
    number = request.args.get("order", "").strip()
    own = _own(number) if number else []
    looks = _looks(own) if own else []
    problem = _("There is no such order.") if number and not own else ""
    return page(
        "profiles/office/why.html",
        status=422 if problem else 200,
        number=number,
        problem=problem,
        asked=bool(own),
        looks=looks,
        words=service.Spoken(),
        recipient=explain.who,
    )


def _own(number: str) -> list[Standing]:
    """Return all orders of the order's customer, that order last."""
    past = queries.past_order(number) if storable(number) else None
    if past is None:
        return []
    order = orders.get(past.id)
    own = [order] if order.member_id is None else orders.of_members([order.member_id])
    return sorted(own, key=lambda each: each.id == past.id)


def _looks(own: list[Standing]) -> list[Look]:
    """Answer for the last of a customer's orders, as it was booked: by lines and within all limits."""
    zone = ZoneInfo(g.tenant.timezone)
    seen = queries.seen_of(g.tenant, own, earned.shares_of(own))
    order = next(each for each in seen if each.order_id == own[-1].id)
    taken = earned.taken(g.tenant, earned.rules_of(own), {f"order:{each.id}" for each in own})
    dues = due_of(seen, earning_of(bonuses.program(order.created_at)), zone, taken)
    known = {rule.id: rule for rule in queries.rules([each.rule_id for each in order.rules])}
    looks = [
        _look(
            each,
            known[each.rule_id],
            order,
            [due for due in dues if due.order_id == order.order_id],
        )
        for each in order.rules
        if each.rule.trigger.startswith("order.")
    ]
    return [*looks, *_paying(own, order, known)]


def _paying(own: list[Standing], order: Seen, known: Mapping[int, ProfileRule]) -> list[Look]:
    """Answer for rules of paying with bonuses, asked as quotes and orders ask them."""
    rules = [each for each in order.rules if each.rule.trigger == earnings.QUOTED]
    if not rules:
        return []
    seen = queries.seen_of(g.tenant, own)
    asked = next(each for each in seen if each.order_id == order.order_id)
    bounds = earnings.bounds_by_rule(g.tenant, own[-1])
    return [
        _look(
            each,
            known[each.rule_id],
            asked,
            [],
            checkout.reasons(
                [bound for rule_id, bound in bounds if rule_id == each.rule_id], g.tenant.currency
            ),
        )
        for each in rules
    ]


def _look(
    held: Published,
    rule: ProfileRule,
    order: Seen,
    dues: list[Due],
    lets: list[str] | None = None,
) -> Look:
    words = service.Spoken()
    evaluation = evaluate(held.rule, order.facts)
    steps = explain.steps(evaluation.trace, words)
    asked = [
        line for step, line in zip(evaluation.trace, steps, strict=True) if step.path[:4] == "when"
    ]
    first = next((line for line in asked if line.mark != "yes"), None)
    return Look(
        rule=rule,
        said=sentence(held.rule, words),
        matched=evaluation.matched,
        first=None if evaluation.matched else first,
        steps=steps,
        dues=[
            (due, _counted_from(due, evaluation, order))
            for due in dues
            if due.rule_id == held.rule_id
        ],
        lets=lets,
        nothing=_nothing(held, evaluation, order),
    )


def _nothing(held: Published, evaluation: Evaluation, order: Seen) -> str:
    """Say why a rule that is met gives nothing, where it can be told in a word."""
    if order.state in {State.CANCELLED, State.REFUNDED}:
        return str(_("The order came to nothing: what the rule gave is taken back."))
    gifts = [each.do for each in held.rule.effects if EFFECTS[each.do].earns]
    if gifts and not evaluation.shares:
        if set(gifts) == {"owner.pay"}:
            return str(_("Nobody holds the rights to these goods."))
        if set(gifts) == {"chain.pay"}:
            return str(_("Nobody stands above the customer."))
    return ""


def _counted_from(due: Due, evaluation: Evaluation, order: Seen) -> int:
    """Return the worth of the lines from which an effect counted, less what bonuses paid of them."""
    lines = {
        line
        for share in evaluation.shares
        if (share.effect, share.to) == (due.effect, due.to)
        for line in share.lines
    }
    return int(sum(each.basis for each in order.facts.goods if each.line in lines))
