"""The words of documents: the usual ones in each language, and the merchant's own."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.documents import queries
from app.documents.models import DocumentText
from app.documents.rules import LONGEST_WORDS, Kind, Words, problems
from app.errors import DomainError, FieldError
from app.events.service import record
from app.extensions import db

if TYPE_CHECKING:
    from collections.abc import Mapping


def usual(kind: Kind, locale: str) -> Words:
    """Return the usual words of a kind in a language."""
    with force_locale(locale):
        title, intro, closing = _usual(kind)
        return Words(title, intro, closing, "{merchant}: {signer}", "{partner}")


def _usual(kind: Kind) -> tuple[str, str, str]:
    if kind is Kind.ACT:
        return (
            _("Act of services rendered No. {number} of {date}"),
            _(
                "{partner} (the partner) has brought buyers to {merchant} (the merchant) from {first} to "
                "{last}. The services have been rendered in full; the merchant has no claims to them."
            ),
            _("The partner's reward for the period is {amount}."),
        )
    if kind is Kind.STATEMENT:
        return (
            _("Statement No. {number} of {date}"),
            _("The account of {partner} ({code}) with {merchant} from {first} to {last}."),
            _("The balance on {last} is {closing}; {paid} was paid in the period."),
        )
    return (
        _("Reconciliation No. {number} of {date}"),
        _(
            "{merchant} and {partner} have compared what they owe each other from {first} to {last}. "
            "On the first day the merchant owed {opening}."
        ),
        _("On {last} the merchant owes the partner {closing}."),
    )


def words_of(kind: Kind, locale: str) -> Words:
    """Return the words that documents are issued with: the merchant's, else the usual ones."""
    return Words.of(queries.words(kind, locale), usual(kind, locale))


def set_words(kind: Kind, locale: str, words: Mapping[str, str]) -> None:
    """Keep the merchant's words; what is as usual is not kept. Raises DomainError (422) by field."""
    said = {name: words.get(name, "").strip() for name in LONGEST_WORDS}
    wrong = problems(said)
    if wrong:
        errors = [FieldError(name, _problem(name, code)) for name, code in wrong.items()]
        raise DomainError("invalid", errors[0].message, *errors)
    known = asdict(usual(kind, locale))
    own = {name: text for name, text in said.items() if text and text != known[name]}
    made = insert(DocumentText).values(
        kind=kind.value, locale=locale, words=own, changed_at=clock.now()
    )
    db.session.execute(
        made.on_conflict_do_update(
            index_elements=["tenant_id", "kind", "locale"],
            set_={"words": made.excluded.words, "changed_at": made.excluded.changed_at},
        )
    )
    record("merchant.settings_changed", "documents", document_words=kind.value, locale=locale)


def reset_words(kind: Kind, locale: str) -> None:
    """Go back to the usual words."""
    gone = delete(DocumentText).where(DocumentText.kind == kind, DocumentText.locale == locale)
    db.session.execute(gone)
    record("merchant.settings_changed", "documents", document_words=kind.value, locale=locale)


def _problem(name: str, code: str) -> str:
    if code == "long":
        return str(_("At most %(most)s characters.", most=LONGEST_WORDS[name]))
    return str(_("Nothing is known by the name %(name)s.", name=code))
