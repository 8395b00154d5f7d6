"""What rules of withdrawals ask of one: whether it may be, and on which terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from app import clock
from app.earnings import queries
from app.profiles import queries as profiles
from app.profiles.rules import Run, evaluate
from app.profiles.rules.saying import said
from app.profiles.service import keep

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.profiles.rules import Act
    from app.tenants.models import Tenant

TRIGGER = "withdrawal.requested"


@dataclass(frozen=True)
class Asked:
    """The rules' word: none holds (`rules` empty), or those that are met and what they say (`terms`)."""

    rules: Sequence[str]
    terms: Sequence[Mapping[str, Any]]


def withdrawal(
    merchant: Tenant,
    member_id: int,
    amount: int,
    *,
    verified: bool,
    name: str | None = None,
) -> Asked:
    """Ask the rules that hold about a withdrawal of bonuses; with its `name` the look is kept.

    `rules`: the names of all that hold; without `terms` none of them is met, so it may not be.
    """
    held = profiles.live(TRIGGER)
    if not held:
        return Asked((), ())
    local = clock.now().astimezone(ZoneInfo(merchant.timezone))
    facts = queries.facts(member_id, TRIGGER, local, {"amount": amount, "verified": verified})
    runs = [Run(each.rule_id, each.rule, evaluate(each.rule, facts)) for each in held]
    if name is not None:
        keep(f"{TRIGGER}:{name}", held, runs, (), member_id=member_id)
    names = [each.name for each in profiles.rules([run.rule_id for run in runs])]
    found: list[Act] = [act for _run, act in said(runs, "withdraw.rule")]
    return Asked(names, [act.args for act in found])
