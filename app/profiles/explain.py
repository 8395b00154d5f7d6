"""Words for what a rule saw and gave: every question with its answer, every sum with its reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from flask_babel import gettext, lazy_gettext

from app.profiles.rules import Leaf, Recipient, find_fact, leaf_text, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flask_babel.speaklater import LazyString

    from app.profiles.rules import Applied, Step, Words
    from app.profiles.rules.outcome import Who

STOPS: dict[str, LazyString] = {
    "no_parent": lazy_gettext("Nobody stands above."),
    "too_small": lazy_gettext("The next sum would fall under its floor."),
    "budget": lazy_gettext("The budget of the chain is spent."),
    "too_long": lazy_gettext("A chain ends after a thousand levels."),
    "cycle": lazy_gettext("Somebody came a second time."),
    "last_level": lazy_gettext("There is no further level."),
}
WHYS: dict[str, LazyString] = {
    "yielded": lazy_gettext("a stronger rule alone gives"),
    "stopped": lazy_gettext("a stronger rule silenced this one"),
    "limited": lazy_gettext("cut by a limit"),
    "rounded": lazy_gettext("rounded"),
}
_INSIDE = re.compile(r"\[([^\]]*)\]")


@dataclass(frozen=True)
class Line:
    """One question: yes, no or unknown; about which line of goods or level; what was there."""

    mark: str
    text: str
    got: str
    where: str = ""


@dataclass(frozen=True)
class Gift:
    """What one recipient gets: who, how much, why less than counted."""

    who: str
    amount: str
    why: str


def steps(trace: Iterable[Step], words: Words) -> list[Line]:
    """Return every question of a trace in words."""
    return [_line(each, words) for each in trace]


def gifts(applied: Iterable[Applied], words: Words) -> list[Gift]:
    """Return who gets what."""
    return [
        Gift(who(each.to), words.money(each.amount), str(WHYS.get(each.why, "")))
        for each in applied
    ]


def kept_gift(kept: Mapping[str, Any], words: Words) -> tuple[str, str, str]:
    """Return what was kept of a gift: who, how much, why less than counted."""
    kind = cast("Who", str(kept["to"]).partition(":")[0])
    to = Recipient(kind, None, int(kept["level"]))
    return who(to), words.money(int(kept["amount"])), str(WHYS.get(kept["why"], ""))


def who(to: Recipient) -> str:
    """Name a recipient."""
    if to.who == "referrer":
        return str(gettext("Referrer, level %(level)s", level=to.level))
    return str(gettext("Rights holder") if to.who == "owner" else gettext("The customer"))


def _line(step: Step, words: Words) -> Line:
    mark = {True: "yes", False: "no", None: "unknown"}[step.result]
    inside = _INSIDE.search(step.path)
    where = inside[1] if inside else ""
    if step.fact == "window":
        return Line(mark, gettext("The rule holds at this time"), "", where)
    if step.fact == "lines":
        return Line(mark, gettext("Such goods in the order"), words.number(int(step.got)), where)
    leaf = Leaf(step.fact, step.op, step.wanted)
    got = gettext("no data") if step.got is None else told(step.fact, step.got, words)
    got = got or str(gettext("none"))
    return Line(mark, leaf_text(leaf, words), got, _where(step, where))


def _where(step: Step, inside: str) -> str:
    if not inside:
        return ""
    fact = find_fact(step.fact)
    if fact is not None and fact.family == "upline":
        return str(gettext("Level %(number)s", number=inside))
    return str(gettext("Line %(number)s", number=inside))


def stops(found: Iterable[tuple[int, str]]) -> list[Any]:
    """Return why chains ended."""
    return [STOPS[why] for _effect, why in found]
