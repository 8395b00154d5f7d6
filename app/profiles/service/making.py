"""Verbs on rules: draft, publish from a moment, pause, archive, and switch a profile on or off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from app import clock
from app.errors import Conflict, DomainError, FieldError
from app.events.service import actor, record
from app.extensions import db
from app.facts import service as facts
from app.money import exponent
from app.profiles import queries
from app.profiles.models import ProfileRule, RuleVersion
from app.profiles.rules import Rule, RuleError, parse, rule_hash, unfit, write
from app.profiles.rules.presets import PRESETS
from app.profiles.service.words import Spoken
from app.programs.service import currency
from app.tenancy import public_id

if TYPE_CHECKING:
    from datetime import datetime

LONGEST_NAME = 100
LIVE = frozenset({"published"})


def draft(name: str, body: dict[str, Any], rule: ProfileRule | None = None) -> ProfileRule:
    """Keep a rule as a draft; anything well formed is kept. Raises DomainError with every problem.

    A published rule goes on as it was published until its draft is published too.
    """
    read = _read(body)
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        words = _("Between %(low)s and %(high)s letters.", low=1, high=LONGEST_NAME)
        raise DomainError("invalid_rule", words, FieldError("name", words))
    now = clock.now()
    if rule is None:
        rule = ProfileRule(
            public_id=public_id("ru"),
            profile=read.profile,
            name=name,
            state="draft",
            draft=write(read),
            version_id=None,
            preset=None,
            created_at=now,
            changed_at=now,
        )
        db.session.add(rule)
        db.session.flush()
        facts.found(queries.owner(rule.id), {"live": None}, actor(), since=now)
        _tell("bonus_rule.created", rule)
        return rule
    if rule.state == "archived":
        raise Conflict("archived", _("An archived rule is not changed any more."))
    rule.name, rule.draft, rule.changed_at = name, write(read), now
    rule.profile = read.profile
    db.session.flush()
    _tell("bonus_rule.changed", rule)
    return rule


def publish(rule: ProfileRule, since: datetime | None = None) -> RuleVersion:
    """Let the draft hold from a moment (now, unless later). Raises DomainError for what keeps it from it.

    A draft that says what is published already makes no new version; a paused rule goes on with it.
    """
    if rule.state == "archived":
        raise Conflict("archived", _("An archived rule is not changed any more."))
    read = _read(rule.draft)
    _refuse((*unfit(read), *queries.unknown(read)))
    body, now = write(read), clock.now()
    held = queries.version(rule.version_id) if rule.version_id else None
    start = now if since is None else max(since, now)
    if held is None or held.hash != rule_hash(body):
        held = RuleVersion(
            rule_id=rule.id,
            number=1 if held is None else held.number + 1,
            body=body,
            hash=rule_hash(body),
            valid_from=start,
            published_at=now,
            actor=actor(),
        )
        db.session.add(held)
        db.session.flush()
    facts.put(queries.owner(rule.id), "live", held.id, since=start, actor=actor())
    rule.version_id, rule.state, rule.changed_at = held.id, "published", now
    db.session.flush()
    _tell("bonus_rule.published", rule, version=held.number, since=start.isoformat())
    return held


def pause(rule: ProfileRule) -> None:
    """Let a published rule rest from now on; what orders before earned stays. Raises Conflict."""
    _stop(rule, "paused", frozenset({"published"}))


def archive(rule: ProfileRule) -> None:
    """Put a rule away for good; it holds no more, and lists leave it out. Raises Conflict."""
    _stop(rule, "archived", frozenset({"draft", "published", "paused"}))


def switch(profile: str, *, on: bool) -> list[ProfileRule]:
    """Switch a profile on or off. Returns the rules that changed.

    On: its paused rules go on; where there never was one, its preset is published. Off: all of its
    published rules rest.
    """
    own = queries.of_profile(profile)
    if not on:
        stopped = [each for each in own if each.state == "published"]
        for each in stopped:
            pause(each)
        return stopped
    paused = [each for each in own if each.state == "paused"]
    for each in paused:
        publish(each)
    if paused or any(each.state == "published" for each in own):
        return paused
    made = [each for each in own if each.preset == profile] or [_preset(profile)]
    publish(made[0])
    return made[:1]


def begin() -> None:
    """Let a program that is switched on for the first time earn: the preset "Order" is published.

    Done once: where the merchant has made, paused or archived a rule of orders, nothing happens.
    """
    if queries.ever("order"):
        return
    [rule] = switch("order", on=True)
    # Orders older than the rule read its first row: they earn by it as well, as a new program promises.
    facts.found(queries.owner(rule.id), {"live": rule.version_id}, actor(), since=rule.created_at)


def _preset(profile: str) -> ProfileRule:
    preset = PRESETS[profile]
    body = preset.body(10 ** exponent(currency()))
    made = draft(Spoken().gettext(preset.name), body)
    made.preset = profile
    db.session.flush()
    return made


def _stop(rule: ProfileRule, state: str, before: frozenset[str]) -> None:
    if rule.state not in before:
        raise Conflict("wrong_state", _("The rule is not published."))
    if rule.state == "published":
        facts.put(queries.owner(rule.id), "live", None, actor=actor())
    rule.state, rule.changed_at = state, clock.now()
    db.session.flush()
    _tell(f"bonus_rule.{state}", rule)


def _read(body: Any) -> Rule:
    try:
        return parse(body)
    except RuleError as error:
        _refuse(error.problems)
        raise


def _refuse(problems: Any) -> None:
    words = Spoken()
    errors = [FieldError(each.path, each.text(words)) for each in problems]
    if errors:
        raise DomainError("invalid_rule", _("This rule cannot stand."), *errors)


def _tell(kind: str, rule: ProfileRule, **more: Any) -> None:
    record(
        kind, f"rule:{rule.id}", name=rule.name, profile=rule.profile, rule=rule.public_id, **more
    )
