"""An event made by hand: a control for everything that a rule asks; an empty one is not known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from app.profiles.forms import values
from app.profiles.forms.offered import choices
from app.profiles.forms.values import TypedError
from app.profiles.rules import Facts, Goods, Referrer, leaves
from app.profiles.rules.facts import Fact, Kind, find
from app.profiles.rules.shape import trees
from app.profiles.rules.triggers import TRIGGERS

if TYPE_CHECKING:
    from datetime import datetime

    from werkzeug.datastructures import MultiDict

    from app.profiles.rules import Rule

LINES, MOST_LEVELS = 3, 1_000


@dataclass
class Ask:
    """One control: the fact, its name in the form, what was typed."""

    name: str
    fact: Fact
    days: int | None
    typed: str
    problem: str = ""

    @property
    def options(self) -> tuple[tuple[str | int, str], ...]:
        """The values that it offers, where there are few."""
        return () if self.fact.kind is Kind.SET else choices(self.fact)


@dataclass
class Trial:
    """The form of an event; `facts` once everything could be read."""

    event: list[Ask]
    lines: list[list[Ask]]
    upline: list[Ask]
    levels: str
    has_goods: bool
    has_chain: bool
    facts: Facts | None = None


def read(rule: Rule, form: MultiDict[str, str], now: datetime) -> Trial:
    """Return the form of what a rule asks, filled with what was typed. `now`: in the merchant's zone."""
    asked = {(leaf.fact, leaf.days) for _p, _s, tree in trees(rule) for leaf in leaves(tree)}
    by_scope: dict[str, list[tuple[Fact, int | None]]] = {"event": [], "line": [], "upline": []}
    for key, days in sorted(asked, key=str):
        fact = find(key)
        if fact is not None:
            scope = fact.family if fact.family in {"line", "upline"} else "event"
            by_scope[scope].append((fact, days))
    goods = TRIGGERS[rule.trigger].of_order
    amount = find("line.amount")
    line: list[tuple[Fact, int | None]] = [(amount, None)] if goods and amount is not None else []
    line += [each for each in by_scope["line"] if each[0].key != "line.amount"]
    trial = Trial(
        event=_asks("f", by_scope["event"], form),
        lines=[_asks(f"g{n}", line, form) for n in range(LINES)] if goods else [],
        upline=_asks("u", by_scope["upline"], form),
        levels=form.get("levels", ""),
        has_goods=goods,
        has_chain=any(each.do == "chain.pay" for each in rule.effects),
    )
    trial.facts = _facts(trial, now)
    return trial


def _asks(
    prefix: str, facts: list[tuple[Fact, int | None]], form: MultiDict[str, str]
) -> list[Ask]:
    found = []
    for fact, days in facts:
        key = fact.key if days is None else f"{fact.key}@{days}"
        name = f"{prefix}.{key}"
        found.append(Ask(name, fact, days, form.get(name, "").strip()))
    return found


def _facts(trial: Trial, now: datetime) -> Facts | None:
    event = {_key(ask): _value(ask) for ask in trial.event}
    goods = []
    for place, row in enumerate(trial.lines, start=1):
        said = {ask.fact.key: _value(ask) for ask in row}
        amount = said.get("line.amount")
        if amount is not None:
            goods.append(Goods(line=str(place), basis=Fraction(amount), said=said))
    upline = {_key(ask): _value(ask) for ask in trial.upline}
    levels = int(trial.levels) if trial.levels.isdecimal() and len(trial.levels) < 5 else 0
    known = {"time.date": now.date(), "time.weekday": now.isoweekday(), "time.hour": now.hour}
    if trial.has_goods:
        total = sum(int(each.basis) for each in goods)
        known |= {"order.total": total, "order.total_without_discount": total}
    said = {**known, **{key: value for key, value in event.items() if value is not None}}
    if any(
        ask.problem for ask in (*trial.event, *trial.upline, *(a for r in trial.lines for a in r))
    ):
        return None
    chain = tuple(
        Referrer(member_id=-level, active=upline.get("upline.active") is not False, said=upline)
        for level in range(1, min(levels, MOST_LEVELS) + 1)
    )
    return Facts(at=now, member_id=0, said=said, goods=tuple(goods), chain=chain)


def _key(ask: Ask) -> str:
    return ask.fact.key if ask.days is None else f"{ask.fact.key}@{ask.days}"


def _value(ask: Ask) -> Any:
    """Return what was typed as the fact; None where it is empty, or cannot be read (then with a problem)."""
    if not ask.typed:
        return None
    try:
        return _read(ask.fact, ask.typed)
    except TypedError as error:
        ask.problem = str(error)
    except ValueError:
        ask.problem = _("Type a date.")
    return None


def _read(fact: Fact, typed: str) -> Any:
    """Return what was typed as the fact is known. Raises TypedError, ValueError for a day."""
    if fact.options:
        return values.wanted(fact, "in", [typed])[0]
    if fact.kind is Kind.SET:
        return frozenset(values.wanted(fact, "any_in", [typed]))
    if fact.kind is Kind.BOOL:
        return typed == "yes"
    if fact.kind is Kind.DATE:
        return date.fromisoformat(typed)
    if fact.kind in {Kind.CHOICE, Kind.TEXT}:
        return typed[:200]
    found = values.wanted(fact, "eq", [typed])
    return Fraction(found) if fact.kind in {Kind.NUMBER, Kind.MONEY} else found
