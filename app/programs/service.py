"""Verbs on sets of terms and partner groups: every change of what they pay is a dated fact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from flask_babel import gettext as _
from sqlalchemy import select

from app import clock
from app.errors import Conflict, DomainError, FieldError, NotFound
from app.events.service import actor, record
from app.extensions import db
from app.facts import service as facts
from app.programs import queries
from app.programs.models import Group, Terms
from app.programs.rules import MOST_LEVELS, RateError, parse_rate, write_rate
from app.tenancy import current_tenant, public_id
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

MOST_DAYS = {"hold_days": (0, 365), "window_days": (1, 3650)}
BASE_PARTS = ("shipping", "tax", "bonus")
LONGEST_NAME, LONGEST_TEXT = 100, 50_000
DATED = ("levels", "hold_days", "window_days", "base")


class TermsChanges(TypedDict, total=False):
    """What may be said of a set of terms; what is absent stays. Days None: as the merchant's settings."""

    name: str
    text: str
    levels: Sequence[str | None]
    hold_days: int | None
    window_days: int | None
    base: dict[str, bool] | None
    valid_from: datetime
    valid_to: datetime | None


def currency() -> str:
    """Return the scope's merchant's currency. Raises NotFound for a scope without a merchant."""
    tenant = tenants.tenant(current_tenant())
    if tenant is None:
        raise NotFound
    return tenant.currency


def read_levels(
    texts: Sequence[str | None] | None, *, of_terms: bool = False, field: str = "levels"
) -> list[str | None]:
    """Return levels in the API's own form: one rate per level, None where it falls through.

    Empty levels at the end say nothing and are cut. Terms have one to nine levels, all of them
    said. Raises DomainError with the field of each wrong rate.
    """
    unit = currency()
    given = [text.strip() or None if text is not None else None for text in texts or ()]
    while given and given[-1] is None:
        given.pop()
    errors, levels = [], []
    for place, text in enumerate(given):
        try:
            levels.append(None if text is None else write_rate(parse_rate(text, unit), unit))
        except RateError as error:
            errors.append(FieldError(f"{field}.{place}", rate_words(error.code)))
    if len(given) > MOST_LEVELS:
        errors.append(FieldError(field, _("There are at most nine levels.")))
    if of_terms and not given:
        errors.append(FieldError(field, _("Terms need at least one level.")))
    if of_terms and None in given:
        errors.append(
            FieldError(field, _("Every level of the terms needs a rate; 0% pays nothing."))
        )
    if errors:
        raise DomainError("invalid_levels", _("The levels cannot be read."), *errors)
    return levels


def rate_words(code: str) -> str:
    """Return the sentence for a rate that cannot be read."""
    words: dict[str, str] = {
        "above_100": _("Percents go from 0 to 100."),
        "negative": _("A rate cannot be negative."),
        "too_precise": _("This currency has fewer decimals."),
        "too_large": _("The sum is too large."),
    }
    return words.get(code) or str(_("Write percents such as 10%, or a fixed sum such as 50.00."))


def found_base(name: str = "Base terms", levels: Sequence[str | None] = ("10%",)) -> Terms:
    """Make the set of terms that every new merchant starts with."""
    return create_terms(is_base=True, name=name, levels=levels)


def create_terms(*, is_base: bool = False, **said: Unpack[TermsChanges]) -> Terms:
    """Make a set of terms, version 1. Raises DomainError for what cannot stand, Conflict for a taken name."""
    _check(said)
    levels = read_levels(said.get("levels"), of_terms=True)
    now = clock.now()
    terms = Terms(
        public_id=public_id("tm"),
        name=_free_name(Terms, said.get("name", "")),
        text=said.get("text", ""),
        version=1,
        is_base=is_base,
        valid_from=said.get("valid_from") or now,
        valid_to=said.get("valid_to"),
        created_at=now,
    )
    db.session.add(terms)
    db.session.flush()
    first = {name: said.get(name) for name in DATED} | {"levels": levels, "label": label_of(terms)}
    facts.found(f"terms:{terms.id}", first, actor())
    record("terms.created", f"terms:{terms.id}", name=terms.name, levels=levels)
    return terms


def change_terms(
    terms: Terms, *, version: int | None = None, **said: Unpack[TermsChanges]
) -> Terms:
    """Change what is given. Any real change is a new version, in force from now on for later orders.

    `version` is that which the caller has seen: another one now raises Conflict. Raises DomainError
    for what cannot stand.
    """
    _check(said)
    db.session.refresh(terms, with_for_update=True)
    if version is not None and version != terms.version:
        raise Conflict("stale", _("These terms were changed meanwhile. Look at them again."))
    owner = f"terms:{terms.id}"
    before = facts.current([owner]).get(owner, {})
    wanted: dict[str, Any] = {name: said[name] for name in DATED if name in said}  # type: ignore[literal-required]
    if "levels" in wanted:
        wanted["levels"] = read_levels(wanted["levels"], of_terms=True)
    changes = {n: [before.get(n), v] for n, v in wanted.items() if before.get(n) != v}
    changes |= _change_row(terms, said)
    if not changes:
        return terms
    terms.version += 1
    for name in DATED:
        if name in changes:
            facts.put(owner, name, wanted[name], actor=actor())
    facts.put(owner, "label", label_of(terms), actor=actor())
    changes.pop("text", None)  # long; the version says that it changed
    record("terms.changed", owner, name=terms.name, version=terms.version, changes=changes)
    db.session.flush()
    return terms


def create_group(name: str, levels: Sequence[str | None] = ()) -> Group:
    """Make a partner group. Raises DomainError for levels that cannot be read, Conflict for a taken name."""
    rates = read_levels(levels)
    group = Group(public_id=public_id("gr"), name=_free_name(Group, name), created_at=clock.now())
    db.session.add(group)
    db.session.flush()
    facts.found(f"group:{group.id}", {"levels": rates}, actor())
    record("group.changed", f"group:{group.id}", name=group.name, levels=rates)
    return group


def change_group(
    group: Group, *, name: str | None = None, levels: Sequence[str | None] | None = None
) -> Group:
    """Change a group's name or rates, from now on. Raises as create_group does."""
    owner = f"group:{group.id}"
    changes: dict[str, Any] = {}
    if name is not None and name.strip() != group.name:
        changes["name"] = [group.name, _free_name(Group, name)]
        group.name = changes["name"][1]
    if levels is not None:
        before = queries.group_levels([group.id])[group.id]
        rates = read_levels(levels)
        if facts.put(owner, "levels", rates, actor=actor()):
            changes["levels"] = [before, rates]
    if changes:
        record("group.changed", owner, name=group.name, changes=changes)
        db.session.flush()
    return group


def label_of(terms: Terms) -> str:
    """Return how orders name the terms they were made under: "Base terms v1"."""
    return f"{terms.name} v{terms.version}"


def _change_row(terms: Terms, said: TermsChanges) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if "name" in said and said["name"].strip() != terms.name:
        changes["name"] = [terms.name, _free_name(Terms, said["name"])]
        terms.name = changes["name"][1]
    if "text" in said and said["text"] != terms.text:
        terms.text = said["text"]
        changes["text"] = True
    for name in ("valid_from", "valid_to"):
        if name in said and said[name] != getattr(terms, name):
            before, after = getattr(terms, name), said[name]
            changes[name] = [moment and moment.isoformat() for moment in (before, after)]
            setattr(terms, name, after)
    return changes


def _check(said: TermsChanges) -> None:
    errors = []
    for name, (low, high) in MOST_DAYS.items():
        days = said.get(name)
        if days is not None and not low <= days <= high:  # type: ignore[operator]
            words = _("Between %(low)s and %(high)s days.", low=low, high=high)
            errors.append(FieldError(name, words))
    if any(part not in BASE_PARTS for part in said.get("base") or ()):
        errors.append(FieldError("base", _("The base knows shipping, tax and bonus.")))
    if len(said.get("text", "")) > LONGEST_TEXT:
        errors.append(FieldError("text", _("This text is too long.")))
    ends, starts = said.get("valid_to"), said.get("valid_from")
    if ends is not None and starts is not None and ends <= starts:
        errors.append(FieldError("valid_to", _("The end is before the start.")))
    if errors:
        raise DomainError("invalid_terms", _("These terms cannot stand as they are."), *errors)


def _free_name(table: type[Terms | Group], text: str) -> str:
    name = " ".join(text.split())
    if not 0 < len(name) <= LONGEST_NAME:
        words = _("A name has 1 to %(most)s characters.", most=LONGEST_NAME)
        raise DomainError("invalid_name", words, FieldError("name", words))
    if db.session.scalar(select(table.id).where(table.name == name)) is not None:
        words = _("This name is taken.")
        raise Conflict("name_taken", words, FieldError("name", words))
    return name
