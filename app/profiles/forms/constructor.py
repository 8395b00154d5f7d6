"""The whole constructor: what stands on the page, the acts on it, and the rule it says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.profiles.forms import board, cards, values
from app.profiles.forms.board import Group, Written
from app.profiles.forms.levels import Level
from app.profiles.rules.arguments import MOST_LEVELS
from app.profiles.rules.facts import PAYLOAD, find
from app.profiles.rules.shape import SCHEMA
from app.profiles.rules.triggers import PROFILES, SILENT, TRIGGERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from werkzeug.datastructures import MultiDict

    from app.profiles.forms.cards import Card

CAPS = (
    ("per_member", _l("At most for a customer")),
    ("per_referrer", _l("At most for a referrer")),
    ("global", _l("At most for everybody")),
)
WINDOW_LABELS = {
    "day": _l("each day"),
    "week": _l("each week"),
    "month": _l("each month"),
    "year": _l("each year"),
    "ever": _l("in all"),
}
_PLAIN = ("pay", "mode", "priority", "since", "until")


@dataclass
class Constructor:
    """A rule on the page. `problems` by place: a row, a card's control, a limit, or "" for the whole."""

    name: str
    profile: str
    trigger: str
    when: Group = field(default_factory=lambda: Group("c"))
    effects: list[Card] = field(default_factory=list)
    plain: dict[str, str] = field(default_factory=dict)
    caps: dict[str, str] = field(default_factory=dict)
    problems: dict[str, list[str]] = field(default_factory=dict)

    @property
    def triggers(self) -> list[tuple[str, str]]:
        """What may set the rule off."""
        return [
            (key, TRIGGERS[key].label)
            for key in PROFILES[self.profile].triggers
            if key not in SILENT or key == self.trigger
        ]

    def complaint(self, place: str) -> str:
        """What is wrong at a place."""
        return " ".join(self.problems.get(place, ()))

    @property
    def complaints(self) -> int:
        """How many things are wrong."""
        return sum(len(each) for each in self.problems.values())

    def complain(self, place: str, text: str) -> None:
        """Put a complaint at a place."""
        said = self.problems.setdefault(place, [])
        if text not in said:
            said.append(text)

    def act(self, act: str, form: MultiDict[str, str]) -> None:
        """Add or take away a row, a group or an effect; an act that means nothing changes nothing."""
        verb, _colon, path = act.partition(":")
        if verb == "effect":
            made = cards.new(form.get("new_effect", ""))
            if made is not None and len(self.effects) < cards.MOST:
                self.effects.append(made)
        elif verb == "drop":
            self._drop(path)
        elif verb == "level":
            self._add_level(path)
        elif verb in {"row", "group", "goods"}:
            self._add(verb, path, form)
        self.number()

    def _add(self, verb: str, path: str, form: MultiDict[str, str]) -> None:
        group = self._group(path)
        if group is None or len(group.nodes) >= board.MOST:
            return
        if verb == "row":
            key = form.get(f"{path}.new", "")
            if key == "external.payload.":
                key += form.get(f"{path}.payload", "").strip()
                if not PAYLOAD.fullmatch(key):
                    self.complain(
                        path, _("Latin letters, digits and underscores, as the service says it.")
                    )
            fact = find(key)
            if fact is not None:
                group.nodes.append(board.new_row(fact))
        elif group.may_nest:
            inner = Group("", "any" if group.mode == "all" else "all", scope=group.scope)
            if verb == "goods":
                inner = Group("", "all", agg="any", scope="event")
            group.nodes.append(inner)

    def _add_level(self, path: str) -> None:
        for card in self.effects:
            if card.path == path and card.levels is not None and len(card.levels) < MOST_LEVELS:
                card.levels.append(Level())

    def _drop(self, path: str) -> None:
        self.effects = [each for each in self.effects if each.path != path]
        for card in self.effects:
            if card.levels is not None:
                card.levels = [each for each in card.levels if each.path != path]
        for group in self._trees():
            group.drop(path)

    def _group(self, path: str) -> Group | None:
        found = (each.find(path) for each in self._trees())
        return next((each for each in found if each is not None), None)

    def _trees(self) -> Iterable[Group]:
        yield self.when
        for card in self.effects:
            yield from card.groups

    def number(self) -> None:
        """Give every row, group and card the path of its place."""
        self.when.number()
        for place, card in enumerate(self.effects):
            card.number(place)

    def write(self) -> tuple[dict[str, Any], Written]:
        """Return the rule as JSON, with where each part stands; unreadable parts are complained of here."""
        written = Written()
        when = written.write(self.when, "when")
        body: dict[str, Any] = {"schema": SCHEMA, "profile": self.profile, "trigger": self.trigger}
        body["when"] = when or {"all": []}
        body["effects"] = [cards.write(each, n, written) for n, each in enumerate(self.effects)]
        body |= self._rest(written)
        for place, text in written.problems.items():
            self.complain(place, text)
        return body, written

    def blame(self, problems: Iterable[tuple[str, str]], written: Written) -> None:
        """Put what the rules say is wrong where it stands; a part with a complaint keeps that one."""
        for path, text in problems:
            place = path if path == "name" else written.at(path)
            if place not in written.problems:
                self.complain(place, text)

    def _rest(self, written: Written) -> dict[str, Any]:
        found: dict[str, Any] = {}
        caps = {name: cap for name, _label in CAPS if (cap := self._cap(name, written))}
        if caps:
            found["limits"] = {**caps, "pay": self.plain.get("pay") or "rest"}
        priority = self.plain.get("priority", "").strip() or "0"
        written.places["stacking"] = "priority"
        sign, digits = (-1, priority[1:]) if priority[:1] in {"-", "−"} else (1, priority)
        strength = written.typed("priority", lambda: sign * values.count(digits))
        found["stacking"] = {"mode": self.plain.get("mode") or "add", "priority": strength}
        window = {"from": self._moment("since", written), "to": self._moment("until", written)}
        written.places["window"] = "until"
        if any(window.values()):
            found["window"] = {name: at for name, at in window.items() if at}
        return found

    def _cap(self, name: str, written: Written) -> dict[str, Any] | None:
        points = self.caps.get(f"{name}.points", "").strip()
        times = self.caps.get(f"{name}.times", "").strip()
        written.places[f"limits.{name}"] = f"l.{name}"
        if not points and not times:
            return None
        place = f"l.{name}"
        cap: dict[str, Any] = {"window": self.caps.get(f"{name}.window") or "ever"}
        if points:
            cap["points"] = written.typed(place, lambda: values.money(points))
        if times:
            cap["times"] = written.typed(place, lambda: values.count(times))
        return cap

    def _moment(self, name: str, written: Written) -> str | None:
        typed = self.plain.get(name, "").strip()
        if not typed:
            return None
        return written.typed(name, lambda: values.moment(typed))  # type: ignore[no-any-return]


def read(form: MultiDict[str, str], profile: str) -> Constructor:
    """Return the constructor as a form shows it."""
    trigger = form.get("trigger", "")
    known = PROFILES[profile].triggers
    return Constructor(
        name=form.get("name", "")[:200],
        profile=profile,
        trigger=trigger if trigger in known else known[0],
        when=board.read(form, "c"),
        effects=cards.read(form),
        plain={name: form.get(name, "") for name in _PLAIN},
        caps={
            f"{name}.{part}": form.get(f"l.{name}.{part}", "")
            for name, _label in CAPS
            for part in ("points", "times", "window")
        },
    )


def show(name: str, body: dict[str, Any]) -> Constructor:
    """Return the constructor that shows a rule (as JSON)."""
    made = Constructor(name, body["profile"], body["trigger"], board.show(body.get("when"), "c"))
    made.effects = [cards.show(each) for each in body["effects"]]
    made.number()
    limits, stacking = body.get("limits", {}), body.get("stacking", {})
    made.plain = {
        "pay": limits.get("pay", "rest"),
        "mode": stacking.get("mode", "add"),
        "priority": str(stacking.get("priority", 0)),
        **_window(body.get("window", {})),
    }
    for said, _label in CAPS:
        cap = limits.get(said)
        if cap:
            points = values.money_shown(cap["points"]) if "points" in cap else ""
            made.caps |= {f"{said}.points": points, f"{said}.times": str(cap.get("times", ""))}
            made.caps[f"{said}.window"] = cap["window"]
    return made


def _window(window: dict[str, str]) -> dict[str, str]:
    return {
        name: values.moment_shown(window[said]) if said in window else ""
        for said, name in (("from", "since"), ("to", "until"))
    }
