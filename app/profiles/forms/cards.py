"""Effects as cards: a field for each argument, by the registry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.profiles.forms import board, levels, values
from app.profiles.forms.offered import of_arg
from app.profiles.forms.values import TypedError
from app.profiles.rules.effects import EFFECTS, Arg, Of, Spec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from werkzeug.datastructures import MultiDict

    from app.profiles.forms.board import Group, Written
    from app.profiles.forms.levels import Level

MOST = 20
_TREES = {Of.LINES: "line", Of.UPLINE: "upline"}
_STATES = (("", _l("at once")), ("paid", _l("when paid")), ("completed", _l("when completed")))


@dataclass
class Field:
    """One control of a card."""

    name: str
    label: Any
    value: str = ""
    control: str = "text"  # text, number, date, select, check, area
    options: tuple[tuple[str, Any], ...] = ()
    required: bool = False
    help: Any = ""


@dataclass
class Card:
    """One effect on the page; `typed` as its controls stand; `seldom`: arguments few people need."""

    path: str
    spec: Spec
    typed: dict[str, str] = field(default_factory=dict)
    trees: dict[str, Group] = field(default_factory=dict)
    levels: list[Level] | None = None  # of a chain

    @property
    def groups(self) -> list[Group]:
        """All conditions in it."""
        return [*self.trees.values(), *(each.when for each in self.levels or ())]

    @property
    def fields(self) -> list[Field]:
        """The controls that one always sees."""
        return [each for arg in self.spec.args if not _seldom(arg) for each in self._of(arg)]

    @property
    def more(self) -> list[Field]:
        """The controls that few people need."""
        return [
            each
            for arg in self.spec.args
            if _seldom(arg) and len(arg.options) != 1
            for each in self._of(arg)
        ]

    def _of(self, arg: Arg) -> list[Field]:
        return [self._filled(each) for each in _controls(arg)]

    def _filled(self, made: Field) -> Field:
        made.value = self.typed.get(made.name, "")
        made.name = f"{self.path}.{made.name}"
        return made

    def number(self, place: int) -> None:
        """Give the card and the conditions in it the path of its place."""
        self.path = f"e.{place}"
        for name, group in self.trees.items():
            group.path = f"{self.path}.{name}"
            group.number()
        for level, each in enumerate(self.levels or ()):
            each.number(f"{self.path}.levels.{level}")


def _seldom(arg: Arg) -> bool:
    return arg.name in {"rounding", "wallet", "comment", "basis"}


def _controls(arg: Arg) -> list[Field]:
    if arg.of in _TREES or arg.of is Of.LEVELS:
        return []
    if arg.of is Of.DELAY:
        return [
            Field("delay_days", _("Usable after, days"), control="number"),
            Field("delay_until", _("Usable"), control="select", options=_STATES),
        ]
    if arg.of is Of.EXPIRES:
        return [
            Field("expires_days", _("Expires after, days"), control="number"),
            Field("expires_on", _("or expires on"), control="date"),
            Field("expires_end", _("or at the end of the month"), control="check"),
        ]
    if arg.of is Of.TAIL:
        return [
            Field("tail_ratio", _("Further up: a part of the level below"), help=_("Such as 50%.")),
            Field("tail_min", _("until it is less than"), help=_("Empty: the smallest unit.")),
        ]
    label = _(arg.label)
    return [_chosen(arg, label) or _plain(arg, label)]


def _chosen(arg: Arg, label: str) -> Field | None:
    """Return a control with the values that there are; None where anything may be typed."""
    offered = of_arg(arg.name)
    if offered is not None:
        options: tuple[tuple[str, Any], ...] = (("", _("choose")), *offered)
        words = "" if offered else _("There is none yet: define it under Bonuses first.")
        return Field(arg.name, label, "", "select", options, arg.required, words)
    if arg.of is Of.CHOICE:
        options = tuple((value, _(words)) for value, words in arg.options)
        empty = () if arg.required else (("", _("as usual")),)
        return Field(arg.name, label, control="select", options=(*empty, *options))
    return None


def _plain(arg: Arg, label: str) -> Field:
    control = {Of.YES: "check", Of.COUNT: "number", Of.PERCENT: "number", Of.PERCENTS: "area"}
    return Field(
        arg.name,
        label,
        control=control.get(arg.of, "text"),
        required=arg.required,
        help=_help(arg),
    )


def _help(arg: Arg) -> str:
    if arg.of is Of.PERCENTS:
        return str(_("A line each: the shop's id of the category, a colon, percent."))
    return ""


def read(form: MultiDict[str, str]) -> list[Card]:
    """Return the cards that a form shows."""
    found = []
    for place in range(MOST):
        path = f"e.{place}"
        spec = EFFECTS.get(form.get(f"{path}.do", ""))
        if spec is None:
            break
        card = Card(path, spec)
        for arg in spec.args:
            for each in _controls(arg):
                card.typed[each.name] = form.get(f"{path}.{each.name}", "")
            if arg.of in _TREES:
                card.trees[arg.name] = board.read(form, f"{path}.{arg.name}", _TREES[arg.of])
            elif arg.of is Of.LEVELS:
                card.levels = levels.read(form, f"{path}.{arg.name}")
        found.append(card)
    return found


def new(do: str) -> Card | None:
    """Return an empty card of an effect."""
    spec = EFFECTS.get(do)
    return None if spec is None else show({"do": do})


def show(effect: Mapping[str, Any]) -> Card:
    """Return the card that shows an effect (as JSON)."""
    spec = EFFECTS[effect["do"]]
    card = Card("", spec)
    for arg in spec.args:
        if arg.of in _TREES:
            card.trees[arg.name] = board.show(effect.get(arg.name), "", _TREES[arg.of])
        elif arg.of is Of.LEVELS:
            card.levels = levels.show(effect.get(arg.name, ("",)))
        elif arg.name in effect:
            card.typed |= _shown(arg, effect[arg.name])
    return card


def _shown(arg: Arg, value: Any) -> dict[str, str]:
    if arg.of is Of.DELAY:
        return {"delay_days": str(value.get("days", "")), "delay_until": value.get("until", "")}
    if arg.of is Of.EXPIRES:
        end = "on" if "end_of" in value else ""
        days = str(value.get("days", ""))
        return {"expires_days": days, "expires_on": value.get("on", ""), "expires_end": end}
    if arg.of is Of.TAIL:
        least = values.money_shown(value["min_points"]) if value.get("min_points", 1) > 1 else ""
        return {"tail_ratio": values.rate_shown(value["ratio"]), "tail_min": least}
    return {arg.name: _SHOWN.get(arg.of, str)(value)}


_SHOWN: dict[Of, Callable[[Any], str]] = {
    Of.RATE: values.rate_shown,
    Of.POINTS: values.money_shown,
    Of.SUM: values.money_shown,
    Of.YES: lambda value: "on" if value else "",
    Of.PERCENTS: lambda value: "\n".join(f"{name}: {each}" for name, each in value.items()),
}


def write(card: Card, place: int, written: Written) -> dict[str, Any]:
    """Return the effect as JSON; what cannot be read is kept with `written`."""
    path = f"effects.{place}"
    written.places[path] = card.path
    made: dict[str, Any] = {"do": card.spec.do}
    for arg in card.spec.args:
        here = f"{path}.{arg.name}"
        value: Any
        if arg.of in _TREES:
            found = written.write(card.trees[arg.name], here)
            value = None if found is None else written.single(found, here)
        elif arg.of is Of.LEVELS:
            written.places[here] = f"{card.path}.{arg.name}"
            value = levels.write(card.levels or (), here, written)
        else:
            written.places[here] = f"{card.path}.{_controls(arg)[0].name}"
            said = {each.name: card.typed.get(each.name, "").strip() for each in _controls(arg)}
            value = _value(arg, said, written.places[here], written)
        if value is not None:
            made[arg.name] = value
    return made


def _value(arg: Arg, said: dict[str, str], place: str, written: Written) -> Any:
    if not any(said.values()):
        return None
    return written.typed(place, lambda: _READ[arg.of](arg, said))


def _delay(_arg: Arg, said: dict[str, str]) -> dict[str, Any]:
    if said["delay_until"]:
        return {"until": said["delay_until"]}
    return {"days": values.count(said["delay_days"])}


def _expires(_arg: Arg, said: dict[str, str]) -> dict[str, Any]:
    if said["expires_end"]:
        return {"end_of": "month"}
    if said["expires_on"]:
        return {"on": said["expires_on"]}
    return {"days": values.count(said["expires_days"])}


def _tail(_arg: Arg, said: dict[str, str]) -> dict[str, Any]:
    if not said["tail_ratio"]:
        raise TypedError(_("Say which part of the level below."))
    least = values.money(said["tail_min"]) if said["tail_min"] else 1
    return {"ratio": values.rate(said["tail_ratio"]), "min_points": least}


def _percents(arg: Arg, said: dict[str, str]) -> dict[str, int]:
    found = {}
    for line in said[arg.name].splitlines():
        name, colon, percent = line.rpartition(":")
        if not colon and not line.strip():
            continue
        found[name.strip()] = values.count(percent.strip().removesuffix("%").strip())
    return found


_READ: dict[Of, Callable[[Arg, dict[str, str]], Any]] = {
    Of.RATE: lambda arg, said: values.rate(said[arg.name], times=arg.low == 1),
    Of.POINTS: lambda arg, said: values.money(said[arg.name]),
    Of.SUM: lambda arg, said: values.money(said[arg.name]),
    Of.COUNT: lambda arg, said: values.count(said[arg.name]),
    Of.PERCENT: lambda arg, said: values.count(said[arg.name].removesuffix("%")),
    Of.WORD: lambda arg, said: said[arg.name],
    Of.MESSAGE: lambda arg, said: said[arg.name],
    Of.CHOICE: lambda arg, said: said[arg.name],
    Of.YES: lambda _arg, _said: True,
    Of.DELAY: _delay,
    Of.EXPIRES: _expires,
    Of.TAIL: _tail,
    Of.PERCENTS: _percents,
}
