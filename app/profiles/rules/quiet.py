"""For how long a customer must not have bought until a rule asks after him."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.profiles.rules.shape import leaves

if TYPE_CHECKING:
    from app.profiles.rules.shape import Leaf, Rule

USUAL = 60  # days, where a rule does not say
FACT = "member.last_order_days_ago"


def quiet_days(rule: Rule) -> int:
    """Return after how many days without an order a rule is looked at: the fewest that it asks for."""
    said = [days for leaf in leaves(rule.when) if (days := _least(leaf)) is not None]
    return max(min(said), 1) if said else USUAL


def _least(leaf: Leaf) -> int | None:
    if leaf.fact != FACT or leaf.op not in {"gt", "gte", "eq", "between"}:
        return None
    value = leaf.value[0] if isinstance(leaf.value, tuple) else leaf.value
    days = int(str(value).partition(".")[0])
    return days + 1 if leaf.op == "gt" else days
