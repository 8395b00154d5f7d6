"""Verbs on drafts of terms: kept, tried on past orders, published from a date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from flask_babel import gettext as _

from app import clock
from app.errors import Conflict, DomainError, FieldError
from app.events.service import actor, record
from app.extensions import db
from app.facts import service as facts
from app.programs import rules
from app.programs.models import Terms, TermsDraft
from app.programs.queries import plans_of, waiting_at
from app.programs.service.terms import TermsChanges, change_terms, check, dated
from app.tenancy import public_id
from app.tenants import queries as settings_now
from app.tenants import rules as settings
from app.tenants import service as tenants
from app.tenants.queries import MERCHANT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from app.programs.rules import Moved

OF_TERMS = (
    "levels",
    "levels_by_buyer",
    "hold_days",
    "window_days",
    "base",
    "cashback_rate",
    "cap",
)
OF_MERCHANT = ("promotional", "foreign_coupons", "first_orders")  # what earns, for everybody


def draft_terms(
    terms: Terms,
    earning: Mapping[str, Any],
    *,
    seen_at: datetime | None = None,
    **said: Unpack[TermsChanges],
) -> TermsDraft:
    """Keep terms as they might be; nothing holds by it. `earning`: settings of OF_MERCHANT.

    `seen_at`: when its author looked at what holds (now). Raises DomainError for what cannot stand.
    """
    now = clock.now()
    draft = TermsDraft(
        public_id=public_id("td"),
        terms_id=terms.id,
        facts=_facts(terms, earning, said) | {"was": _holding(terms.id, seen_at)},
        version=1,
        author=actor(),
        created_at=now,
        changed_at=now,
        published_at=None,
        holds_from=None,
    )
    db.session.add(draft)
    db.session.flush()
    return draft


def change_draft(
    draft: TermsDraft, terms: Terms, earning: Mapping[str, Any], **said: Unpack[TermsChanges]
) -> TermsDraft:
    """Change a draft that is not published. Raises as draft_terms does, and Conflict."""
    _hold(draft)
    now_said = _facts(terms, earning, said) | {"was": _was(draft)}
    if now_said != draft.facts:
        draft.facts = now_said
        draft.version += 1
        draft.changed_at = clock.now()
        db.session.flush()
    return draft


def delete_draft(draft: TermsDraft) -> None:
    """Forget a draft that is not published. Raises Conflict."""
    _hold(draft)
    db.session.delete(draft)


def moved_since(draft: TermsDraft, since: datetime | None = None) -> list[Moved]:
    """Return what was changed since a draft was made, and would be undone by it.

    It is compared with what holds now, or will at a later moment.
    """
    return rules.moved(draft.facts, _was(draft), _holding(draft.terms_id, since))


def changed_by(draft: TermsDraft) -> list[str]:
    """Return the names of what a draft changes: facts, and parts of the base."""
    return rules.changed(draft.facts, _was(draft))


def bring_up(draft: TermsDraft, since: datetime | None = None) -> TermsDraft:
    """Let a draft keep only what it changes itself; the rest becomes what holds now, or at `since`.

    Where it says something else then it is to be tried anew. Raises Conflict when it is published.
    """
    _hold(draft)
    now = _holding(draft.terms_id, since)
    found = rules.brought_up(draft.facts, _was(draft), now)
    if rules.opened(found) != rules.opened(draft.facts):
        draft.version += 1
    draft.facts = found | {"was": now}
    draft.changed_at = clock.now()
    db.session.flush()
    return draft


def publish_draft(draft: TermsDraft, terms: Terms, since: datetime | None) -> Terms:
    """Let a draft hold from a later moment, or from now (None).

    Raises Conflict when it is published, when it would undo what was changed since it was made, and
    when another draft is to hold from that very moment.
    """
    _hold(draft)
    db.session.refresh(terms, with_for_update=True)
    if moved_since(draft, since):
        words = _(
            "What holds was changed since this draft was made. Bring the draft up to date first."
        )
        raise Conflict("moved", words)
    if since is not None and any(p.holds_from == since for p in plans_of(terms.id, clock.now())):
        raise Conflict("planned", _("Another draft is to hold from this day. Withdraw it first."))
    said: dict[str, Any] = draft.facts["terms"]
    change_terms(terms, since=since, **said)
    tenants.change_settings(draft.facts["merchant"], since)
    draft.published_at = clock.now()
    draft.holds_from = since or draft.published_at
    db.session.flush()
    return terms


def standing(terms: Terms) -> dict[str, dict[str, Any]]:
    """Return what holds now in the form of a draft: of the terms, and of the merchant."""
    owner = f"terms:{terms.id}"
    known = facts.current([owner], OF_TERMS).get(owner, {})
    earning = settings_now.settings()
    return {
        "terms": {name: known.get(name) for name in OF_TERMS},
        "merchant": {name: earning[name] for name in OF_MERCHANT},
    }


def withdraw_draft(draft: TermsDraft, terms: Terms) -> TermsDraft:
    """Take back a published draft before it holds: it is a draft again.

    What was changed since stays. Raises Conflict for one that is not published, or holds already.
    """
    db.session.refresh(draft, with_for_update=True)
    db.session.refresh(terms, with_for_update=True)
    at = draft.holds_from
    if at is None or at <= clock.now():
        raise Conflict("not_now", _("This draft does not wait for its day any more."))
    others = [p for p in waiting_at(at) if p.id != draft.id]
    theirs = {name for other in others for name in changed_by(other)}
    facts.take_back(f"terms:{terms.id}", at)
    facts.take_back(MERCHANT, at, set(draft.facts["merchant"]) - theirs)
    draft.published_at = draft.holds_from = None
    draft.changed_at = clock.now()
    record("terms.withdrawn", f"terms:{terms.id}", name=terms.name, holds_from=at.isoformat())
    db.session.flush()
    return draft


def _was(draft: TermsDraft) -> dict[str, Any]:
    """Return what held when the draft was made, or was last brought up to date."""
    kept: dict[str, Any] | None = draft.facts.get("was")
    return _holding(draft.terms_id, draft.created_at) if kept is None else kept


def _holding(terms_id: int, at: datetime | None) -> dict[str, Any]:
    """Return what holds at a moment (now) of all that a draft could change."""
    owner = f"terms:{terms_id}"
    terms = facts.current([owner], OF_TERMS, at=at).get(owner, {})
    merchant = settings.DEFAULTS | facts.current([MERCHANT], OF_MERCHANT, at=at).get(MERCHANT, {})
    return {
        "terms": {name: terms.get(name) for name in OF_TERMS},
        "merchant": {name: merchant[name] for name in OF_MERCHANT},
    }


def _hold(draft: TermsDraft) -> None:
    db.session.refresh(draft, with_for_update=True)
    if draft.published_at is not None:
        raise Conflict("published", _("This draft is published; make another one."))


def _facts(terms: Terms, earning: Mapping[str, Any], said: TermsChanges) -> dict[str, Any]:
    """Return what a draft keeps: all that it could say, as it is now where nothing else is said."""
    check(said, is_base=terms.is_base)
    wrong = [n for n, v in earning.items() if settings.setting_problem(n, v)]
    if wrong:
        words = _("This value is not allowed.")
        raise DomainError("invalid_terms", words, *(FieldError(n, words) for n in wrong))
    owner = f"terms:{terms.id}"
    known = facts.current([owner], OF_TERMS).get(owner, {})
    read = dated(said, terms)
    return {
        "terms": {name: read.get(name, known.get(name)) for name in OF_TERMS},
        "merchant": {name: earning[name] for name in OF_MERCHANT if name in earning},
    }
