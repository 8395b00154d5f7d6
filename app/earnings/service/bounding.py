"""What rules of paying with bonuses let be paid of an order, or of a cart."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from app.checkout.rules import Bound
from app.orders import service as orders
from app.profiles import queries as profiles
from app.profiles.rules import Run, evaluate
from app.profiles.rules.saying import said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.orders.service import Standing
    from app.profiles.rules import Act
    from app.profiles.rules.due import Published
    from app.tenants.models import Tenant

TRIGGER = "quote.requested"


def bounds(merchant: Tenant, order: Standing) -> Sequence[Bound]:
    """Return what the rules of the time when the order was made let be paid of it in bonuses.

    All that are met hold together. The order need not be there yet: a cart is asked like an order.
    """
    return [bound for _rule, bound in bounds_by_rule(merchant, order)]


def bounds_by_rule(merchant: Tenant, order: Standing) -> Sequence[tuple[int, Bound]]:
    """Return bounds() with the rule of each; rules that a stronger one silences are not among them."""
    [held], _windows = profiles.published_at([order.folded.snapshot.created_at])
    rules = [each for each in held if each.rule.trigger == TRIGGER]
    if not rules:
        return ()
    runs = _runs(merchant, order, rules)
    names = {each.id: each.name for each in profiles.rules([run.rule_id for run in runs])}
    return [
        (run.rule_id, _bound(names[run.rule_id], act)) for run, act in said(runs, "spend.limit")
    ]


def _runs(merchant: Tenant, order: Standing, rules: Sequence[Published]) -> list[Run]:
    others = [] if order.member_id is None else orders.of_members([order.member_id])
    own = [*(each for each in others if each.id != order.id), order]
    seen = {each.order_id: each for each in profiles.seen_of(merchant, own)}
    facts = seen[order.id].facts
    return [Run(each.rule_id, each.rule, evaluate(each.rule, facts)) for each in rules]


def _bound(name: str, act: Act) -> Bound:
    percent, said_ = act.args.get("percent"), act.args.get("categories", {})
    return Bound(
        rule=name,
        percent=None if percent is None else Fraction(percent),
        categories={category: Fraction(each) for category, each in said_.items()},
        step=act.args.get("step", 1),
        minimum_cash=act.args.get("minimum_cash", 0),
    )
