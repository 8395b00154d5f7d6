"""Verbs on sets of terms: every change of what they pay is a dated fact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from flask_babel import gettext as _

from app import clock
from app.errors import Conflict, DomainError, FieldError
from app.events.service import actor, record
from app.extensions import db
from app.facts import service as facts
from app.programs.models import Terms
from app.programs.service.levels import free_name, read_by_buyer, read_levels, read_rate
from app.tenancy import public_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

MOST_DAYS = {"hold_days": (0, 365), "window_days": (1, 3650)}
BASE_PARTS = ("shipping", "tax", "bonus", "discount")
LONGEST_TEXT = 50_000
DATED = (
    "levels",
    "levels_by_buyer",
    "hold_days",
    "window_days",
    "base",
    "cashback_rate",
    "cap",
    "starts",
    "ends",
)


class TermsChanges(TypedDict, total=False):
    """What may be said of a set of terms; what is absent stays. Days None: as the merchant's settings."""

    name: str
    text: str
    levels: Sequence[str | None]
    hold_days: int | None
    window_days: int | None
    base: dict[str, bool] | None
    levels_by_buyer: Mapping[str, Sequence[str | None]]
    cashback_rate: str | None  # of own purchases, where the merchant pays cashback
    cap: int | None  # a month, minor units
    valid_from: datetime
    valid_to: datetime | None


def found_base(name: str = "Base terms", levels: Sequence[str | None] = ("10%",)) -> Terms:
    """Make the set of terms that every new merchant starts with."""
    return create_terms(is_base=True, name=name, levels=levels)


def create_terms(*, is_base: bool = False, **said: Unpack[TermsChanges]) -> Terms:
    """Make a set of terms, version 1. Raises DomainError for what cannot stand, Conflict for a taken name."""
    check(said, is_base=is_base)
    facts_said = dated({"levels": said.get("levels", ()), **said}, None)
    now = clock.now()
    terms = Terms(
        public_id=public_id("tm"),
        name=free_name(Terms, said.get("name", "")),
        text=said.get("text", ""),
        version=1,
        is_base=is_base,
        valid_from=said.get("valid_from") or now,
        valid_to=said.get("valid_to"),
        created_at=now,
    )
    db.session.add(terms)
    db.session.flush()
    first = {name: facts_said.get(name) for name in DATED}
    first |= {"levels_by_buyer": facts_said.get("levels_by_buyer", {}), "label": label_of(terms)}
    facts.found(f"terms:{terms.id}", first, actor())
    record("terms.created", f"terms:{terms.id}", name=terms.name, levels=first["levels"])
    return terms


def change_terms(
    terms: Terms,
    *,
    version: int | None = None,
    since: datetime | None = None,
    **said: Unpack[TermsChanges],
) -> Terms:
    """Change what is given. Any real change is a new version, in force from now on for later orders.

    `version` is that which the caller has seen: another one now raises Conflict. `since` puts off
    what is paid to a later moment. Raises DomainError for what cannot stand.
    """
    check(said, is_base=terms.is_base)
    db.session.refresh(terms, with_for_update=True)
    if version is not None and version != terms.version:
        raise Conflict("stale", _("These terms were changed meanwhile. Look at them again."))
    owner = f"terms:{terms.id}"
    before = facts.current([owner], at=since).get(owner, {})
    wanted = dated(said, terms)
    changes = {n: [before.get(n), v] for n, v in wanted.items() if before.get(n) != v}
    changes |= _change_row(terms, said)
    if not changes:
        return terms
    terms.version += 1
    for name in DATED:
        if name in changes:
            facts.put(owner, name, wanted[name], since=since, actor=actor())
    _label(terms, since)
    changes.pop("text", None)  # long; the version says that it changed
    record("terms.changed", owner, name=terms.name, version=terms.version, changes=changes)
    db.session.flush()
    return terms


def _label(terms: Terms, since: datetime | None) -> None:
    """Number a new version, and those planned for later anew: labels go by the order in which they hold."""
    owner, start = f"terms:{terms.id}", since or clock.now()
    known = facts.history([owner], ["label"])[owner, "label"].rows
    facts.put(owner, "label", label_of(terms), since=since, actor=actor())
    for at in (at for at, _said in known if at > start):
        terms.version += 1
        facts.put(owner, "label", label_of(terms), since=at, actor=actor())


def dated(said: TermsChanges, terms: Terms | None) -> dict[str, Any]:
    """Return what is said in the form of dated facts. Raises DomainError for rates that cannot be read."""
    found: dict[str, Any] = {name: said[name] for name in DATED if name in said}  # type: ignore[literal-required]
    if "levels" in found:
        found["levels"] = read_levels(found["levels"], of_terms=True)
    if "levels_by_buyer" in found:
        found["levels_by_buyer"] = read_by_buyer(found["levels_by_buyer"])
    if "cashback_rate" in found:
        found["cashback_rate"] = read_rate(found["cashback_rate"], "cashback")
    if "valid_from" in said:
        # A start that is not to come is none: the set holds for whoever is put on it.
        same = terms is not None and said["valid_from"] == terms.valid_from
        later = said["valid_from"] > clock.now()
        if not same:
            found["starts"] = said["valid_from"].isoformat() if later else None
    if "valid_to" in said:
        found["ends"] = said["valid_to"].isoformat() if said["valid_to"] else None
    return found


def label_of(terms: Terms) -> str:
    """Return how orders name the terms they were made under: "Base terms v1"."""
    return f"{terms.name} v{terms.version}"


def _change_row(terms: Terms, said: TermsChanges) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if "name" in said and said["name"].strip() != terms.name:
        changes["name"] = [terms.name, free_name(Terms, said["name"])]
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


def check(said: TermsChanges, *, is_base: bool) -> None:
    """Raise DomainError with every field of terms that cannot stand."""
    errors = []
    for name, (low, high) in MOST_DAYS.items():
        days = said.get(name)
        if days is not None and not low <= days <= high:  # type: ignore[operator]
            words = _("Between %(low)s and %(high)s days.", low=low, high=high)
            errors.append(FieldError(name, words))
    if any(part not in BASE_PARTS for part in said.get("base") or ()):
        errors.append(FieldError("base", _("The base knows shipping, tax, bonus and discount.")))
    if len(said.get("text", "")) > LONGEST_TEXT:
        errors.append(FieldError("text", _("This text is too long.")))
    ends, starts = said.get("valid_to"), said.get("valid_from")
    if ends is not None and starts is not None and ends <= starts:
        errors.append(FieldError("valid_to", _("The end is before the start.")))
    if is_base and (ends is not None or (starts is not None and starts > clock.now())):
        errors.append(FieldError("valid_to", _("The base terms always hold.")))
    if not 0 <= (said.get("cap") or 0) < 2**63:
        errors.append(FieldError("cap", _("The sum is too large.")))
    if errors:
        raise DomainError("invalid_terms", _("These terms cannot stand as they are."), *errors)
