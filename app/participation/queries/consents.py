"""What there is to agree to, who agreed to what, and what stands before a cabinet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, literal, select

from app.extensions import db
from app.participation.models import Admission, Consent, ConsentText
from app.participation.queries.customers import standing_of_partner
from app.participation.queries.page import entry, page
from app.participation.rules import Agreed, Needed, Owed, owed
from app.partners import queries as partners
from app.partners.models import Partner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement


@dataclass(frozen=True)
class Gate:
    """What stands before a cabinet: a forbidden customer group, or texts to accept; nothing."""

    group: str | None = None
    owed: Sequence[Owed] = ()


def current_texts() -> dict[str, ConsentText]:
    """Return the newest text of each kind that the form asks; an emptied text asks no more."""
    query = select(ConsentText).where(ConsentText.kind != "terms").order_by(ConsentText.version)
    found = {row.kind: row for row in db.session.scalars(query)}  # the newest comes last
    return {kind: row for kind, row in found.items() if any(row.texts.values())}


def agreed_to_letters() -> ColumnElement[bool] | None:
    """Say of a partner that the last word on letters was yes; None where the form does not ask."""
    if "marketing" not in current_texts():
        return None
    newest = (
        select(Consent.given)
        .where(
            Consent.tenant_id == Partner.tenant_id,
            Consent.partner_id == Partner.id,
            Consent.kind == "marketing",
        )
        .order_by(Consent.id.desc())
        .limit(1)
    )
    return func.coalesce(newest.correlate(Partner).scalar_subquery(), literal(value=False))


def history(kind: str, terms_id: int | None = None) -> Sequence[ConsentText]:
    """Return every version of a text, the newest first."""
    query = select(ConsentText).where(
        ConsentText.kind == kind, ConsentText.terms_id.is_not_distinct_from(terms_id)
    )
    return db.session.scalars(query.order_by(ConsentText.version.desc())).all()


def text_of(kind: str, version: int, terms_id: int | None = None) -> ConsentText | None:
    """Return one version of a text."""
    return db.session.scalar(
        select(ConsentText).where(
            ConsentText.kind == kind,
            ConsentText.version == version,
            ConsentText.terms_id.is_not_distinct_from(terms_id),
        )
    )


def consents_of(partner_id: int) -> Sequence[Consent]:
    """Return what a partner agreed to or took back, the newest first."""
    query = select(Consent).where(Consent.partner_id == partner_id)
    return db.session.scalars(query.order_by(Consent.id.desc())).all()


def owed_by(partner: Partner) -> Sequence[Owed]:
    """Return what a partner has still to agree to."""
    needed = _needed()
    if not needed:
        return ()
    query = (
        select(Consent.kind, Consent.terms_id, func.max(Consent.version))
        .where(Consent.partner_id == partner.id, Consent.given)
        .group_by(Consent.kind, Consent.terms_id)
    )
    agreed = [Agreed(*row) for row in db.session.execute(query)]
    unasked = db.session.scalar(
        select(Admission.id).where(
            Admission.partner_id == partner.id, Admission.source == "converted"
        )
    )
    terms = partners.terms_of(partner).id
    return owed(needed, agreed, terms, unasked=unasked is not None)


def _needed() -> list[Needed]:
    """Return the newest version of each text with one, and the newest to accept again."""
    again = func.max(ConsentText.version).filter(ConsentText.again)
    query = select(
        ConsentText.kind,
        ConsentText.terms_id,
        func.max(ConsentText.version),
        func.coalesce(again, 0),
    ).group_by(ConsentText.kind, ConsentText.terms_id)
    empty = {
        (row.kind, row.terms_id, row.version)
        for row in db.session.scalars(select(ConsentText).where(ConsentText.texts == {}))
    }
    found = [Needed(*row) for row in db.session.execute(query)]
    return [each for each in found if (each.kind, each.terms_id, each.version) not in empty]


def gate(partner: Partner) -> Gate:
    """Return what stands before a partner's cabinet now."""
    if page().groups_forbidden:
        let_in = db.session.scalar(
            select(Admission.overruled_at).where(Admission.partner_id == partner.id)
        )
        forbidden = entry().forbidden & standing_of_partner(partner).groups
        if forbidden and let_in is None:
            return Gate(group=min(forbidden))
    return Gate(owed=owed_by(partner))
