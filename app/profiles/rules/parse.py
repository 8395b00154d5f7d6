"""Read a rule from JSON, strictly, and write it again. Every problem is told, not the first alone."""

from __future__ import annotations

from typing import Any

from app.profiles.rules.arguments import read_args, write_args
from app.profiles.rules.effects import EFFECTS
from app.profiles.rules.problems import Problem, RuleError
from app.profiles.rules.shape import (
    DEPTH,
    LEAVES,
    SCHEMA,
    WINDOWS,
    All,
    Cap,
    Effect,
    Limits,
    Rule,
    Stacking,
    Window,
    depth,
    leaves,
    trees,
)
from app.profiles.rules.tree import Problems, read_node, write_node
from app.profiles.rules.triggers import PROFILES, TRIGGERS, profile_of
from app.profiles.rules.values import NoValueError, instant, whole

MOST_EFFECTS = 20
_KEYS = {"schema", "profile", "trigger", "when", "effects", "limits", "stacking", "window"}
_CAPS = {"per_member": "per_member", "per_referrer": "per_referrer", "global": "everybody"}


def parse(data: Any) -> Rule:
    """Return the rule. Raises RuleError with every problem of form.

    What is read is well formed: known facts, operators that fit, values that fit, within the bounds.
    Whether it may be published, `checks.unfit` says.
    """
    found = Problems()
    if not isinstance(data, dict):
        raise RuleError([Problem("", "not_an_object")])
    found.only(data, _KEYS, "")
    if data.get("schema") != SCHEMA or isinstance(data.get("schema"), bool):
        found.add("schema", "unknown_schema")
    profile, trigger = _heads(data, found)
    rule = Rule(
        profile=profile,
        trigger=trigger,
        when=read_node(data["when"], "when", "event", found) if "when" in data else All(),
        effects=_effects(data.get("effects", []), found),
        limits=_limits(data.get("limits", {}), found),
        stacking=_stacking(data.get("stacking", {}), found),
        window=_window(data.get("window", {}), found),
    )
    if not found.all:
        _bounds(rule, found)
    if found.all:
        raise RuleError(found.all)
    return rule


def write(rule: Rule) -> dict[str, Any]:
    """Return the rule as JSON in its one form: what parse() reads gives the same rule."""
    written: dict[str, Any] = {
        "schema": SCHEMA,
        "profile": rule.profile,
        "trigger": rule.trigger,
        "when": write_node(rule.when),
        "effects": [{"do": each.do, **write_args(each.args)} for each in rule.effects],
    }
    limits = {said: _cap_json(getattr(rule.limits, name)) for said, name in _CAPS.items()}
    limits = {said: cap for said, cap in limits.items() if cap}
    if limits:
        written["limits"] = {**limits, "pay": rule.limits.pay}
    if rule.stacking != Stacking():
        written["stacking"] = {"mode": rule.stacking.mode, "priority": rule.stacking.priority}
    window = {"from": rule.window.since, "to": rule.window.until}
    if any(window.values()):
        written["window"] = {name: at.isoformat() for name, at in window.items() if at}
    return written


def _heads(data: dict[str, Any], found: Problems) -> tuple[str, str]:
    trigger, profile = data.get("trigger"), data.get("profile")
    if not isinstance(trigger, str) or trigger not in TRIGGERS:
        found.add("trigger", "unknown_trigger", name=str(trigger)[:60])
        return str(profile), ""
    if profile is None:
        return profile_of(trigger), trigger
    if not isinstance(profile, str) or profile not in PROFILES:
        found.add("profile", "unknown_profile", name=str(profile)[:60])
    elif trigger not in PROFILES[profile].triggers:
        found.add("trigger", "foreign_trigger", name=trigger)
    return str(profile), trigger


def _effects(data: Any, found: Problems) -> tuple[Effect, ...]:
    if not isinstance(data, list):
        found.add("effects", "not_a_list")
        return ()
    if len(data) > MOST_EFFECTS:
        found.add("effects", "too_many_effects", most=MOST_EFFECTS)
        return ()
    read = []
    for place, each in enumerate(data):
        path = f"effects.{place}"
        if not isinstance(each, dict):
            found.add(path, "not_an_object")
            continue
        do = each.get("do")
        if not isinstance(do, str) or do not in EFFECTS:
            found.add(f"{path}.do", "unknown_effect", name=str(do)[:60])
            continue
        read.append(Effect(do, read_args(EFFECTS[do], each, path, found)))
    return tuple(read)


def _limits(data: Any, found: Problems) -> Limits:
    if not isinstance(data, dict):
        found.add("limits", "not_an_object")
        return Limits()
    found.only(data, {*_CAPS, "pay"}, "limits")
    pay = data.get("pay", "rest")
    if pay not in {"rest", "nothing"}:
        found.add("limits.pay", "wrong_value")
        pay = "rest"
    caps = {
        name: _cap(data[said], f"limits.{said}", found)
        for said, name in _CAPS.items()
        if said in data
    }
    return Limits(pay=pay, **caps)


def _cap(data: Any, path: str, found: Problems) -> Cap | None:
    if not isinstance(data, dict):
        found.add(path, "not_an_object")
        return None
    found.only(data, {"points", "times", "window"}, path)
    if not {"points", "times"} & data.keys():
        found.add(path, "missing", name="points")
    said: dict[str, int] = {}
    for name in ("points", "times"):
        if name in data:
            try:
                said[name] = whole(data[name], 1)
            except NoValueError:
                found.add(f"{path}.{name}", "wrong_value")
    window = data.get("window", "ever")
    if not isinstance(window, str) or window not in WINDOWS:
        found.add(f"{path}.window", "wrong_value")
        window = "ever"
    return Cap(points=said.get("points"), times=said.get("times"), window=window)


def _cap_json(cap: Cap | None) -> dict[str, Any]:
    if cap is None:
        return {}
    said = {"points": cap.points, "times": cap.times}
    return {**{k: v for k, v in said.items() if v is not None}, "window": cap.window}


def _stacking(data: Any, found: Problems) -> Stacking:
    if not isinstance(data, dict):
        found.add("stacking", "not_an_object")
        return Stacking()
    found.only(data, {"mode", "priority"}, "stacking")
    mode = data.get("mode", "add")
    if mode not in {"add", "exclusive"}:
        found.add("stacking.mode", "wrong_value")
        mode = "add"
    try:
        return Stacking(mode=mode, priority=whole(data.get("priority", 0), -1_000, 1_000))
    except NoValueError:
        found.add("stacking.priority", "wrong_value")
        return Stacking(mode=mode)


def _window(data: Any, found: Problems) -> Window:
    if not isinstance(data, dict):
        found.add("window", "not_an_object")
        return Window()
    found.only(data, {"from", "to"}, "window")
    said = {}
    for name in ("from", "to"):
        if data.get(name) is not None:
            try:
                said[name] = instant(data[name])
            except NoValueError:
                found.add(f"window.{name}", "wrong_value")
    if "from" in said and "to" in said and said["to"] <= said["from"]:
        found.add("window.to", "rule_window")
    return Window(since=said.get("from"), until=said.get("to"))


def _bounds(rule: Rule, found: Problems) -> None:
    all_trees = trees(rule)
    for path, _scope, tree in all_trees:
        if depth(tree) > DEPTH:
            found.add(path, "too_deep", most=DEPTH)
    if sum(len(leaves(tree)) for _path, _scope, tree in all_trees) > LEAVES:
        found.add("when", "too_many_leaves", most=LEAVES)
