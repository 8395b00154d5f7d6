"""The one namespace of codes per merchant: refcodes, promo codes and link codes."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import select, text

from app import clock
from app.catalog.rules import search_text
from app.errors import Conflict, DomainError, FieldError
from app.events.service import record
from app.extensions import db, kick_after_commit
from app.partners.models import Code
from app.partners.rules import CodeError, code_from_name, fold_code, normalise_code
from app.tenancy import CROCKFORD, current_tenant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.partners.models import Partner

TRIED = 30
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_TOUCH = text(
    "INSERT INTO tree_version (version) VALUES (1)"
    " ON CONFLICT (tenant_id) DO UPDATE SET version = tree_version.version + 1"
)


def lock_partners() -> None:
    """Let one transaction at a time change the merchant's codes or sponsor tree; held to its end."""
    db.session.execute(_LOCK, {"name": f"partners:{current_tenant()}"})


def touch_tree() -> None:
    """Count one more change of the tree or of a partner's state, and ask for new roll-ups after the commit."""
    db.session.flush()
    db.session.execute(_TOUCH)
    kick_after_commit("refresh_networks")


def free_refcode(name: str) -> str:
    """Return a refcode made of a name that nobody has; hold the lock of lock_partners."""
    base = code_from_name(name)
    tries = [base, *(f"{base}-{n}" for n in range(2, TRIED))]
    taken = set(db.session.scalars(select(Code.key).where(Code.key.in_(tries))))
    for candidate in tries:
        if candidate not in taken:
            return candidate
    return f"{base}-" + "".join(secrets.choice(CROCKFORD) for _n in range(6))


def read_code(said: str, field: str) -> str:
    """Return a code's key. Raises DomainError at the field for what is no code."""
    try:
        return normalise_code(said)
    except CodeError as error:
        words = code_words(error.code)
        raise DomainError("invalid_code", words, FieldError(field, words)) from error


def code_words(code: str) -> str:
    """Return the sentence for a text that is no code."""
    words: dict[str, str] = {
        "too_short": _("A code has at least two characters."),
        "too_long": _("A code has at most 40 characters."),
        "mixed_scripts": _("Write all letters of a code in one script."),
    }
    return words.get(code) or str(_("A code has only letters, digits, hyphens and underscores."))


def add_code(partner: Partner, said: str, kind: str = "promo", field: str = "codes") -> Code:
    """Give the partner a code, as it is spelled. One's own retired code is shown again.

    Raises DomainError for what is no code and Conflict for one that another partner, or another
    kind, has or had: a renamed code still counts for its first owner.
    """
    key = read_code(said, field)
    lock_partners()
    found = db.session.scalar(select(Code).where(Code.key == key))
    if found is not None and (found.partner_id, found.kind) != (partner.id, kind):
        words = _("The code %(code)s is taken.", code=said.strip())
        raise Conflict("code_taken", words, FieldError(field, words))
    if found is None:
        found = Code(
            key=key,
            display=said.strip(),
            kind=kind,
            partner_id=partner.id,
            created_at=clock.now(),
            retired_at=None,
        )
        db.session.add(found)
    found.display, found.retired_at = said.strip(), None
    db.session.flush()
    return found


def rename_refcode(partner: Partner, said: str) -> None:
    """Give the partner another refcode; the old one still counts. Raises as add_code does."""
    key = read_code(said, "refcode")
    if key == partner.refcode:
        return
    lock_partners()
    own = Code.partner_id == partner.id
    shown = select(Code).where(own, Code.kind == "refcode", Code.retired_at.is_(None))
    for old in db.session.scalars(shown):
        old.retired_at = clock.now()
    before = partner.refcode
    add_code(partner, said, "refcode", "refcode")
    partner.refcode = key
    partner.search = searched(partner)
    record(
        "partner.changed",
        f"partner:{partner.id}",
        partner_id=partner.id,
        name=partner.name,
        changes={"refcode": [before, key]},
    )
    db.session.flush()


def set_promo_codes(partner: Partner, said: Iterable[str]) -> list[list[str]] | None:
    """Let the partner's promo codes be exactly these; others of his retire. Returns [before, after] if changed."""
    wanted = {read_code(each, f"codes.{place}"): each for place, each in enumerate(said)}
    own = (Code.partner_id == partner.id, Code.kind == "promo", Code.retired_at.is_(None))
    shown = {code.key: code for code in db.session.scalars(select(Code).where(*own))}
    if set(shown) == set(wanted):
        return None
    for key in shown.keys() - wanted.keys():
        shown[key].retired_at = clock.now()
    for key in [key for key in wanted if key not in shown]:
        add_code(partner, wanted[key])
    db.session.flush()
    return [sorted(shown), sorted(wanted)]


def lead_to_terms(terms_id: int, said: Iterable[str]) -> list[list[str]] | None:
    """Let exactly these codes lead to a set of terms: whoever registers by one begins on it.

    Returns [before, after] if changed. Raises DomainError for a code that nobody has.
    """
    lock_partners()
    wanted = {read_code(each, "codes"): each for each in said}
    found = {c.key: c for c in db.session.scalars(select(Code).where(Code.key.in_(wanted)))}
    unknown = [wanted[key] for key in wanted if key not in found]
    if unknown:
        words = _("No partner has the code %(code)s.", code=unknown[0])
        raise DomainError("unknown_code", words, FieldError("codes", words))
    before = {c.key: c for c in db.session.scalars(select(Code).where(Code.terms_id == terms_id))}
    if before.keys() == found.keys():
        return None
    for code in before.values():
        code.terms_id = None
    for code in found.values():
        code.terms_id = terms_id
    changes = [sorted(before), sorted(found)]
    record("terms.changed", f"terms:{terms_id}", changes={"codes": changes})
    db.session.flush()
    return changes


def retire_code(partner: Partner, said: str) -> None:
    """No longer show one of the partner's promo codes; it still counts where it was given out."""
    key = fold_code(said)
    query = select(Code).where(Code.partner_id == partner.id, Code.key == key, Code.kind == "promo")
    found = db.session.scalar(query)
    if found is not None and found.retired_at is None:
        found.retired_at = clock.now()
        db.session.flush()


def searched(partner: Partner) -> str:
    """Return what a search for the partner looks at."""
    return search_text(partner.name, partner.email, partner.refcode, partner.phone)
