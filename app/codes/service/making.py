"""Make codes, say what they are good for, switch them off and on again."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from app.codes import queries, rules
from app.codes.rules import ALWAYS, MOST_USES, Conditions, PatternError, conditions_to_json
from app.errors import Conflict, DomainError, FieldError
from app.events.service import actor, record
from app.extensions import db
from app.facts import service as facts
from app.partners import service as partners
from app.partners.rules import fold_code
from app.tenancy import current_tenant
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from app.partners.models import Code, Partner

NOTE, GIVES, TRIES = 500, 200, 40


@dataclass(frozen=True, kw_only=True)
class NewCode:
    """A code for a partner; without `code` one is made by the merchant's pattern."""

    code: str = ""
    conditions: Conditions = ALWAYS
    note: str = ""
    gives: str | None = None


def create(partner: Partner, new: NewCode) -> Code:
    """Give a partner a promo code.

    Raises DomainError for what is no code or cannot be meant, Conflict for a code that is taken.
    """
    check(new.conditions)
    said = new.code.strip() or generate(partner.name)
    found = partners.add_code(partner, said, field="code")
    found.note, found.gives = _line(new.note, NOTE), _line(new.gives or "", GIVES) or None
    _put(found, new.conditions)
    record("code.created", f"code:{found.id}", **_facts(found, new.conditions))
    db.session.flush()
    return found


def change(code: Code, conditions: Conditions, note: str, gives: str | None) -> dict[str, Any]:
    """Change what a code is good for, from now on: orders made before keep what held then.

    Returns {name: [before, after]} of what changed. Raises DomainError for what cannot be meant.
    """
    check(conditions)
    before = queries.conditions_of([code.id])[code.id]
    now = {"note": _line(note, NOTE), "gives": _line(gives or "", GIVES) or None}
    changes = {n: [getattr(code, n), v] for n, v in now.items() if getattr(code, n) != v}
    for name, (_before, after) in changes.items():
        setattr(code, name, after)
    if _put(code, conditions):
        was, said = _written(before), _written(conditions)
        changes |= {name: [was[name], said[name]] for name in was if was[name] != said[name]}
    if changes:
        record("code.changed", f"code:{code.id}", **_facts(code, conditions), changes=changes)
        db.session.flush()
    return changes


def switch(code: Code, *, off: bool) -> None:
    """Switch a code off (orders from now on lose by it, with that reason), or on again."""
    known = queries.conditions_of([code.id])[code.id]
    change(code, replace(known, off=off), code.note, code.gives)


def generate(name: str) -> str:
    """Return a code that nobody has, by the merchant's pattern for a partner of this name."""
    pattern = queries.pattern()
    for tried in range(TRIES):
        # A pattern may have run out of codes for this name; then it grows.
        longer = pattern + "*" * (tried // 10)
        made = rules.fill(longer, name, secrets.choice)
        if len(fold_code(made)) >= 2 and not queries.taken([fold_code(made)]):
            return made
    words = _("The pattern makes no more codes. Make it longer.")
    raise Conflict("pattern_exhausted", words, FieldError("code", words))


def set_pattern(pattern: str) -> None:
    """Let new codes be made by this pattern. Raises DomainError for what is none."""
    text = read_pattern(pattern, "pattern")
    before = queries.pattern()
    if facts.put("merchant", "code_pattern", text, actor=actor()):
        subject = f"merchant:{current_tenant()}"
        record("merchant.settings_changed", subject, changes={"code_pattern": [before, text]})


def read_pattern(pattern: str, field: str, *, unguessable: bool = False) -> str:
    """Return a pattern that makes codes. Raises DomainError at the field."""
    try:
        return rules.check_pattern(pattern, unguessable=unguessable)
    except PatternError as error:
        words = _pattern_words(error.code)
        raise DomainError("invalid_pattern", words, FieldError(field, words)) from error


def _pattern_words(code: str) -> str:
    words: dict[str, str] = {
        "too_long": _("Codes of this pattern would be longer than 40 characters."),
        "too_short": _("A code has at least two characters."),
        "guessable": _("Too easy to guess: add more signs by chance, such as nine times *."),
    }
    plain = _(
        "A pattern has Latin letters, digits, hyphens, underscores and the signs @ # * {name}."
    )
    return words.get(code) or str(plain)


def _put(code: Code, conditions: Conditions) -> bool:
    owner, said = f"code:{code.id}", conditions_to_json(conditions)
    if not code.dated:
        if said is None:
            return False
        facts.found(owner, {queries.NAME: None}, actor(), since=code.created_at)
        code.dated = True
        db.session.flush()
    return facts.put(owner, queries.NAME, said, actor=actor())


def check(said: Conditions) -> None:
    """Raise DomainError for conditions that cannot be meant."""
    wrong = []
    if said.starts is not None and said.ends is not None and said.ends <= said.starts:
        wrong.append(FieldError("ends", _("The end comes before the beginning.")))
    if said.limit is not None and not 1 <= said.limit <= MOST_USES:
        wrong.append(FieldError("limit", _("From 1 to %(most)s orders.", most=MOST_USES)))
    if said.shop_id is not None and tenants.shop_by_id(said.shop_id) is None:
        wrong.append(FieldError("shop", _("There is no such shop.")))
    if wrong:
        raise DomainError("invalid", wrong[0].message, *wrong)


def _line(text: str, most: int) -> str:
    return " ".join(text.split())[:most]


def _written(said: Conditions) -> dict[str, Any]:
    return conditions_to_json(said) or dict.fromkeys(("starts", "ends", "limit", "shop"), None) | {
        "off": False
    }


def _facts(code: Code, conditions: Conditions) -> dict[str, Any]:
    return {
        "partner_id": code.partner_id,
        "code": code.display,
        "conditions": conditions_to_json(conditions),
    }
