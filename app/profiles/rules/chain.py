"""Pay up the chain of referrers, as deep as it goes (SW14)."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from app.profiles.rules.outcome import Recipient, Referrer, Share
from app.profiles.rules.rounding import rounded
from app.profiles.rules.shape import LEVELS, Effect
from app.profiles.rules.values import rate

if TYPE_CHECKING:
    from app.profiles.rules.answering import Asking
    from app.profiles.rules.outcome import Facts

NO_PARENT, TOO_SMALL, BUDGET, TOO_LONG, CYCLE, LAST = (
    "no_parent",
    "too_small",
    "budget",
    "too_long",
    "cycle",
    "last_level",
)


def pay_chain(
    place: int, effect: Effect, facts: Facts, asking: Asking
) -> tuple[tuple[Share, ...], str]:
    """Return what each referrer gets, exactly, and why the chain ended.

    Level by level: the listed ones first, then each a part (`ratio`) of the one below. It ends where
    nobody is above, a tail's sum falls under its floor, the budget is spent, somebody comes a second
    time, or after 1,000 levels. Inactive referrers are passed over with `compress`; without, their
    level goes unpaid, as does one whose condition is not met.
    """
    args = effect.args
    goods = asking.matching(args.get("lines"), f"effects.{place}.lines")
    basis = sum((each.basis for each in goods), Fraction(0))
    shares: list[Share] = []
    seen, level, raw = {facts.member_id}, 0, Fraction(0)
    left = args.get("budget")
    for person in facts.chain:
        if person.member_id in seen:
            return tuple(shares), CYCLE
        seen.add(person.member_id)
        if args.get("compress") and not person.active:
            continue
        level += 1
        if level > LEVELS:
            return tuple(shares), TOO_LONG
        found = _sum_at(level, raw, basis, args)
        if isinstance(found, str):
            return tuple(shares), found
        raw = found
        if not _meets(person, level, place, args, asking):
            continue
        due, ended = raw, False
        if left is not None:
            amount = rounded(raw, args)
            due, ended = (Fraction(left), True) if amount >= left else (raw, False)
            left -= min(amount, left)
        shares.append(
            Share(
                effect=place,
                do=effect.do,
                to=Recipient("referrer", person.member_id, level),
                raw=due,
                lines=tuple(each.line for each in goods),
                args=args,
            )
        )
        if ended:
            return tuple(shares), BUDGET
    return tuple(shares), NO_PARENT


def _sum_at(
    level: int, below: Fraction, basis: Fraction, args: Mapping[str, Any]
) -> Fraction | str:
    """Return what the level gets, or why there is no such level."""
    levels, tail = args["levels"], args.get("tail")
    if level <= len(levels):
        said = levels[level - 1]
        if isinstance(said, str):
            return basis * rate(said)
        return Fraction(said["points"]) if "points" in said else basis * rate(said["rate"])
    if tail is None:
        return LAST
    raw = below * rate(tail["ratio"])
    return TOO_SMALL if raw < tail["min_points"] else raw


def _meets(
    person: Referrer, level: int, place: int, args: Mapping[str, Any], asking: Asking
) -> bool:
    known = {**person.said, "upline.level": level, "upline.active": person.active}
    path = f"effects.{place}"
    asked = []
    if "when" in args:
        asked.append(asking.ask(args["when"], f"{path}.when[{level}]", known))
    levels = args["levels"]
    said = levels[level - 1] if level <= len(levels) else None
    if isinstance(said, Mapping) and "when" in said:
        asked.append(asking.ask(said["when"], f"{path}.levels.{level - 1}.when", known))
    return person.active and all(answer is True for answer in asked)
