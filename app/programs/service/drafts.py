"""Verbs on drafts of terms: kept, tried on past orders, published from a date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from flask_babel import gettext as _

from app import clock
from app.errors import Conflict, DomainError, FieldError
from app.events.service import actor
from app.extensions import db
from app.facts import service as facts
from app.programs.models import Terms, TermsDraft
from app.programs.service.terms import TermsChanges, change_terms, check, dated
from app.tenancy import public_id
from app.tenants import queries as settings_now
from app.tenants import rules as settings
from app.tenants import service as tenants

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

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
    terms: Terms, earning: Mapping[str, Any], **said: Unpack[TermsChanges]
) -> TermsDraft:
    """Keep terms as they might be; nothing holds by it. `earning`: settings of OF_MERCHANT.

    Raises DomainError for what cannot stand.
    """
    now = clock.now()
    draft = TermsDraft(
        public_id=public_id("td"),
        terms_id=terms.id,
        facts=_facts(terms, earning, said),
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
    now_said = _facts(terms, earning, said)
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


def publish_draft(draft: TermsDraft, terms: Terms, since: datetime | None) -> Terms:
    """Let a draft hold from a later moment, or from now (None). Raises Conflict when it is published."""
    _hold(draft)
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
