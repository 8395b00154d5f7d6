"""Texts that people agree to, in versions, and who agreed: when, from where, to which version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _

from app import clock
from app.errors import Conflict, DomainError, FieldError
from app.events.service import actor, record
from app.extensions import db
from app.participation import queries
from app.participation.models import Consent, ConsentText
from app.participation.rules import CONSENTS
from app.participation.rules.consents import FREE
from app.partners.service import lock_partners
from app.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.participation.rules import Owed
    from app.partners.models import Partner
    from app.programs.models import Terms


def publish(
    kind: str, texts: Mapping[str, str], *, again: bool, seen: int | None = None
) -> ConsentText:
    """Make a new version of a text; texts in no language: it is asked no more.

    `again`: partners must accept this version before they go on; marketing never stands in the way.
    `seen`: the version that the writer had before him. Raises Conflict where it is another by now,
    DomainError where nothing would change.
    """
    if kind not in CONSENTS:
        raise LookupError(kind)
    lock_partners()
    before = queries.history(kind)
    newest = before[0].version if before else 0
    if seen is not None and seen != newest:
        words = _("Somebody else has changed this meanwhile. Look at it again.")
        raise Conflict("stale", words)
    said = {code: text.strip() for code, text in texts.items() if text.strip()}
    if said == (before[0].texts if before else {}) and not again:
        words = _("Nothing was changed.")
        raise DomainError("unchanged", words, FieldError("text", words))
    return _publish(kind, None, newest + 1, said, again=again and kind not in FREE and bool(said))


def publish_terms(terms: Terms) -> ConsentText:
    """Let partners accept a set of terms again, as it now stands. Raises Conflict where they were asked already."""
    lock_partners()
    if any(each.version == terms.version for each in queries.history("terms", terms.id)):
        raise Conflict("asked", _("Partners are asked to accept this version already."))
    return _publish("terms", terms.id, terms.version, {"": terms.text or terms.name}, again=True)


def _publish(
    kind: str, terms_id: int | None, version: int, texts: dict[str, str], *, again: bool
) -> ConsentText:
    made = ConsentText(
        kind=kind,
        terms_id=terms_id,
        version=version,
        texts=texts,
        again=again,
        actor=actor(),
        created_at=clock.now(),
    )
    db.session.add(made)
    db.session.flush()
    facts = {"consent": kind, "version": version, "again": again}
    record("consent.changed", f"merchant:{current_tenant()}", **facts, terms_id=terms_id)
    return made


def agree(
    partner: Partner,
    said: Iterable[tuple[str, int | None, int]],
    ip: str | None,
    *,
    given: bool = True,
) -> None:
    """Note what a partner agrees to (kind, terms, version), or takes back: now, from this address."""
    rows = [
        Consent(
            partner_id=partner.id,
            kind=kind,
            terms_id=terms_id,
            version=version,
            given=given,
            ip=ip,
            actor=actor(),
            at=clock.now(),
        )
        for kind, terms_id, version in said
    ]
    db.session.add_all(rows)
    db.session.flush()


def accept(partner: Partner, seen: Iterable[Owed], ip: str | None) -> None:
    """Accept what stands before the cabinet, as it was seen.

    Raises Conflict where another version stands there by now.
    """
    now = list(queries.owed_by(partner))
    if list(seen) != now:
        words = _("The text has changed since you read it. Please read it again.")
        raise Conflict("changed", words)
    agree(partner, [(each.kind, each.terms_id, each.version) for each in now], ip)
    terms = next((each for each in now if each.kind == "terms"), None)
    if terms is not None:
        partner.accepted_terms_version, partner.accepted_terms_at = terms.version, clock.now()
    _told(partner, {each.kind: each.version for each in now}, given=True)


def withdraw(partner: Partner, kind: str, *, given: bool, ip: str | None) -> None:
    """Give or take back what is free to be taken back. Raises Conflict for what is not, or is not asked."""
    text = queries.current_texts().get(kind)
    if kind not in FREE or text is None:
        raise Conflict("not_free", _("This cannot be taken back here."))
    agree(partner, [(kind, None, text.version)], ip, given=given)
    _told(partner, {kind: text.version}, given=given)


def _told(partner: Partner, versions: Mapping[str, int], *, given: bool) -> None:
    record(
        "partner.consented",
        f"partner:{partner.id}",
        partner_id=partner.id,
        name=partner.name,
        versions=dict(versions),
        given=given,
    )
