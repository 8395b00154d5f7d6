"""Verbs on messages to customers: write, take back to ours, make and remove one of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from app import clock
from app.errors import DomainError, FieldError, NotFound
from app.events.service import actor, record
from app.extensions import db
from app.tenancy import current_tenant, public_id
from app.wordings import queries, rules
from app.wordings.models import Wording

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_TITLE = 100
MOST = 100  # messages of one's own


def write(code: str, texts: Mapping[str, Mapping[str, str]], title: str | None = None) -> None:
    """Keep the texts of a message. A language of which nothing is said is ours again.

    Raises DomainError at each field, NotFound. Records merchant.settings_changed.
    """
    found = queries.find(code)
    if found is None and code not in rules.CODES:
        raise NotFound
    own = code not in rules.CODES
    said = _checked(texts, title if own else None, needed=own)
    kept = said if own else rules.changed(code, said)
    before = dict(found.texts) if found else {}
    if not kept and not own:
        if found is not None:
            db.session.delete(found)
    elif found is None:
        db.session.add(_row(code, None, kept))
    else:
        found.texts, found.changed_at, found.changed_by = kept, clock.now(), actor()
        found.title = (title or "").strip() if own else None
    db.session.flush()
    _tell(code, before, kept)


def add(title: str, texts: Mapping[str, Mapping[str, str]]) -> Wording:
    """Make a message of the merchant's own. Raises DomainError at each field."""
    said = _checked(texts, title, needed=True)
    if sum(code not in rules.CODES for code in queries.kept()) >= MOST:
        words = _("At most %(most)s messages of your own.", most=MOST)
        raise DomainError("too_many", words, FieldError("title", words))
    made = _row(public_id("tx"), title.strip(), said)
    db.session.add(made)
    db.session.flush()
    _tell(made.code, {}, said)
    return made


def reset(code: str) -> None:
    """Take a message back to our words. Raises NotFound for what is no message of ours."""
    if code not in rules.CODES:
        raise NotFound
    write(code, {})


def remove(code: str) -> None:
    """Forget a message of one's own. Raises NotFound."""
    found = queries.find(code)
    if found is None or code in rules.CODES:
        raise NotFound
    before = dict(found.texts)
    db.session.delete(found)
    db.session.flush()
    _tell(code, before, {})


def _row(code: str, title: str | None, texts: dict[str, Any]) -> Wording:
    return Wording(code=code, title=title, texts=texts, changed_at=clock.now(), changed_by=actor())


def _checked(
    texts: Mapping[str, Mapping[str, str]], title: str | None, *, needed: bool
) -> dict[str, dict[str, str]]:
    said = rules.tidied(texts)
    wrong = [
        FieldError(f"{part}_{locale}", _words(why)) for locale, part, why in rules.problems(said)
    ]
    if needed and not 1 <= len((title or "").strip()) <= LONGEST_TITLE:
        words = _("Between %(low)s and %(high)s letters.", low=1, high=LONGEST_TITLE)
        wrong.insert(0, FieldError("title", words))
    if needed and not said:
        wrong.append(FieldError("subject_en", _("Write it in one language at least.")))
    if wrong:
        raise DomainError("invalid", wrong[0].message, *wrong)
    return said


def _words(why: str) -> str:
    strange = why.partition(":")[2]
    said: dict[str, str] = {"empty": _("Fill this in."), "long": _("This is too long.")}
    return said.get(why) or str(_("{%(name)s} cannot be filled in here.", name=strange))


def _tell(code: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    if before != after:
        changes = {"message_texts": [{code: before}, {code: after}]}
        record("merchant.settings_changed", f"merchant:{current_tenant()}", changes=changes)
