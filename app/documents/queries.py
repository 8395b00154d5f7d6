"""Read documents: lists, one by its outside id, what a period still wants, and the merchant's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import and_, func, select

from app.documents.models import Document, DocumentText
from app.documents.rules import EARNED, Kind
from app.extensions import db
from app.partners.models import Partner
from app.statements import queries as statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement, Select

    from app.statements.rules import Span


def listed() -> Select[Any]:
    """Return the statement of all documents with their partners."""
    same = and_(Partner.tenant_id == Document.tenant_id, Partner.id == Document.partner_id)
    found = select(Document, Partner.name.label("partner"), Partner.refcode.label("refcode"))
    return cast("Select[Any]", found.join(Partner, same))


def find(public_id: str) -> Document | None:
    """Return a document by its outside id."""
    return db.session.scalar(select(Document).where(Document.public_id == public_id))


def by_id(document_id: int) -> Document | None:
    """Return a document by our id."""
    return db.session.scalar(select(Document).where(Document.id == document_id))


def replaced_by(document_id: int) -> Document | None:
    """Return the document that took another's place."""
    return db.session.scalar(select(Document).where(Document.replaces_id == document_id))


def standing(kind: Kind, span: Span, partners: Iterable[int]) -> set[int]:
    """Return which of these partners have a document of the kind for exactly this period."""
    query = select(Document.partner_id).where(
        _of(span), Document.kind == kind, Document.partner_id.in_(set(partners))
    )
    return set(db.session.scalars(query))


def wanting(kind: Kind, span: Span) -> list[int]:
    """Return the partners who earned in a period and have no document of the kind for it."""
    earned = [
        partner
        for partner, each in statements.accounts(span).items()
        if any(each.of(part) for part in EARNED)
    ]
    return sorted(set(earned) - standing(kind, span, earned))


def unsigned(span: Span) -> int:
    """Return how many acts of a period stand and are not signed."""
    query = select(func.count()).where(
        _of(span), Document.kind == Kind.ACT, Document.signed_at.is_(None)
    )
    return db.session.scalar(query) or 0


def of_partner(partner_id: int, limit: int = 200) -> Sequence[Document]:
    """Return a partner's documents that stand, newest first."""
    query = select(Document).where(Document.partner_id == partner_id, Document.voided_at.is_(None))
    return db.session.scalars(query.order_by(Document.id.desc()).limit(limit)).all()


def to_pack(span: Span, after: int, most: int) -> Sequence[int]:
    """Return the next standing documents of a period, by id."""
    query = select(Document.id).where(_of(span), Document.id > after).order_by(Document.id)
    return db.session.scalars(query.limit(most)).all()


def number_to_pack(span: Span) -> int:
    """Return how many documents of a period stand."""
    return db.session.scalar(select(func.count()).where(_of(span))) or 0


def some(ids: Iterable[int]) -> Sequence[tuple[Document, str]]:
    """Return documents with their partners' codes, by id."""
    query = listed().where(Document.id.in_(set(ids))).order_by(Document.id)
    return [(row.Document, row.refcode) for row in db.session.execute(query)]


def replaced(documents: Iterable[Document]) -> dict[int, Document]:
    """Return the documents whose places these take, by id."""
    ids = {each.replaces_id for each in documents if each.replaces_id is not None}
    return {
        each.id: each for each in db.session.scalars(select(Document).where(Document.id.in_(ids)))
    }


def words(kind: Kind, locale: str) -> dict[str, str]:
    """Return the merchant's own words of a kind in a language; empty: the usual ones."""
    query = select(DocumentText.words).where(
        DocumentText.kind == kind, DocumentText.locale == locale
    )
    return dict(db.session.scalar(query) or {})


def _of(span: Span) -> ColumnElement[bool]:
    return and_(
        Document.period_from == span.first,
        Document.period_to == span.last,
        Document.voided_at.is_(None),
    )
