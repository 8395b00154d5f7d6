"""Levels of a chain as rows: percent or bonuses, and for whom a level is, by the same rows as conditions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _l

from app.profiles.forms import board, values
from app.profiles.forms.board import Group
from app.profiles.rules.arguments import MOST_LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.datastructures import MultiDict

    from app.profiles.forms.board import Written

OF = (("rate", _l("percent of the order")), ("points", _l("bonuses")))


@dataclass
class Level:
    """One level; `value` as it stands in its control."""

    path: str = ""
    of: str = "rate"
    value: str = ""
    when: Group = field(default_factory=lambda: Group("", scope="upline"))

    def number(self, path: str) -> None:
        """Give the level and its conditions the path of its place."""
        self.path = path
        self.when.path = f"{path}.when"
        self.when.number()


def read(form: MultiDict[str, str], path: str) -> list[Level]:
    """Return the levels that a form shows at the path."""
    found = []
    for place in range(MOST_LEVELS):
        here = f"{path}.{place}"
        of = form.get(f"{here}.of")
        if of is None:
            break
        when = board.read(form, f"{here}.when", "upline")
        of = of if of in dict(OF) else "rate"
        found.append(Level(here, of, form.get(f"{here}.value", ""), when))
    return found


def show(said: Sequence[Any]) -> list[Level]:
    """Return the rows that show levels (as JSON)."""
    return [_shown(each) for each in said]


def _shown(said: Any) -> Level:
    if isinstance(said, str):
        return Level(value=values.rate_shown(said))
    when = board.show(said.get("when"), "", "upline")
    if "points" in said:
        return Level(of="points", value=values.money_shown(said["points"]), when=when)
    return Level(value=values.rate_shown(said["rate"]), when=when)


def write(levels: Sequence[Level], path: str, written: Written) -> list[Any] | None:
    """Return levels as JSON; None where there are none. `path`: their place in the rule."""
    found: list[Any] = []
    for place, level in enumerate(levels):
        here = f"{path}.{place}"
        written.places[here] = level.path
        read_as = values.rate if level.of == "rate" else values.money
        value = written.typed(level.path, lambda read_as=read_as, said=level.value: read_as(said))
        when = written.write(level.when, f"{here}.when")
        if when is None:
            found.append(value if level.of == "rate" else {"points": value})
        else:
            found.append({level.of: value, "when": written.single(when, f"{here}.when")})
    return found or None
