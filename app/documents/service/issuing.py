"""Issue documents with numbers that have no gaps, sign them, and void them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from app import clock
from app.documents import queries
from app.documents.models import Document, DocumentNumber
from app.documents.rules import REASON, Kind
from app.documents.service.building import drafts
from app.errors import Conflict, DomainError, FieldError, NotFound
from app.events.service import Happened, actor, record, record_all
from app.extensions import db
from app.papers import service as papers
from app.partners.models import Partner
from app.statements.rules import span_of
from app.tenancy import current_tenant, public_id
from app.tenants.queries import tenant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.documents.service.building import Draft
    from app.statements.rules import Span


def issue(kind: Kind, span: Span, partner_ids: Sequence[int], locale: str) -> list[int]:
    """Issue documents of a kind to partners for a period; return the new ones' ids.

    Who has one for exactly this period keeps it, and who has nothing to be told gets none. All of one
    kind and year take turns, so numbers have no gaps and nobody gets two. Raises Conflict (409) for a
    period that has not ended.
    """
    now, merchant = clock.now(), tenant(current_tenant())
    if merchant is None or span.ends > now:
        raise Conflict("not_ended", _("A document is issued when its period has ended."))
    today = clock.today(merchant.timezone)
    counter = _counter(kind, today.year)
    there = queries.standing(kind, span, partner_ids)
    query = select(Partner).where(Partner.id.in_(set(partner_ids) - there))
    made = drafts(kind, span, db.session.scalars(query), locale, today)
    return _write(kind, span, made, counter, {}) if made else []


def _write(
    kind: Kind,
    span: Span,
    made: Sequence[Draft],
    counter: DocumentNumber,
    replaces: dict[int, int],
) -> list[int]:
    merchant = tenant(current_tenant())
    now, by = clock.now(), actor()
    rows = [
        {
            "public_id": public_id("dc"),
            "kind": kind.value,
            "year": counter.year,
            "number": number,
            "partner_id": draft.partner_id,
            "period_from": span.first,
            "period_to": span.last,
            "amount": draft.amount,
            "currency": merchant.currency if merchant else "",
            "content": draft.content.to_json(),
            "replaces_id": replaces.get(draft.partner_id),
            "issued_at": now,
            "issued_by": by,
        }
        for number, draft in enumerate(made, start=counter.last + 1)
    ]
    ids = list(db.session.scalars(insert(Document).returning(Document.id), rows))
    counter.last += len(rows)
    db.session.flush()
    record_all(
        [
            Happened(
                "document.issued",
                f"document:{document_id}",
                {
                    "document": row["public_id"],
                    "partner_id": row["partner_id"],
                    "kind": kind.value,
                    "number": f"{row['year']}-{row['number']}",
                    "first": span.first.isoformat(),
                    "last": span.last.isoformat(),
                },
            )
            for document_id, row in zip(ids, rows, strict=True)
        ]
    )
    return ids


def sign(document: Document) -> None:
    """Note that both have signed. An act counts as signed before a payout from then on. Raises Conflict."""
    _hold(document)
    if document.voided_at is not None or document.signed_at is not None:
        raise Conflict("document_state", _("This document is void, or signed already."))
    document.signed_at, document.signed_by = clock.now(), actor()
    db.session.flush()
    if document.kind == Kind.ACT:
        papers.add_act(
            document.partner_id, document.period_from, document.period_to, document.label
        )
    record("document.signed", f"document:{document.id}", **_facts(document))


def void(document: Document, reason: str) -> None:
    """Declare a document void; it keeps its number. Raises DomainError (422) without a reason, Conflict."""
    said = reason.strip()
    if not 0 < len(said) <= REASON:
        words = _("Say why: it stands on the document.")
        raise DomainError("reason_missing", words, FieldError("reason", words))
    _hold(document)
    if document.voided_at is not None:
        raise Conflict("document_state", _("This document is void already."))
    document.voided_at, document.voided_by, document.void_reason = clock.now(), actor(), said
    db.session.flush()
    if document.kind == Kind.ACT:
        papers.withdraw_act(document.partner_id, document.label)
    record("document.voided", f"document:{document.id}", reason=said, **_facts(document))


def reissue(document: Document, reason: str) -> Document:
    """Void a document and issue another in its place, with a new number that names the old one.

    Raises as `void`, and Conflict where there is nothing left to be told.
    """
    merchant = tenant(current_tenant())
    if merchant is None:
        raise NotFound
    kind, today = Kind(document.kind), clock.today(merchant.timezone)
    counter = _counter(kind, today.year)
    void(document, reason)
    span = span_of(document.period_from, document.period_to, merchant.timezone)
    partners = db.session.scalars(select(Partner).where(Partner.id == document.partner_id))
    made = drafts(kind, span, partners, document.content["locale"], today)
    if not made:
        raise Conflict("nothing", _("There is nothing to tell for this period any more."))
    (new,) = _write(kind, span, made, counter, {document.partner_id: document.id})
    return db.session.scalars(select(Document).where(Document.id == new)).one()


def _counter(kind: Kind, year: int) -> DocumentNumber:
    """Return the counter of a kind and year, locked until the transaction ends."""
    opened = upsert(DocumentNumber).values(kind=kind.value, year=year, last=0)
    db.session.execute(opened.on_conflict_do_nothing())
    query = select(DocumentNumber).where(DocumentNumber.kind == kind, DocumentNumber.year == year)
    held = query.with_for_update().execution_options(populate_existing=True)
    return db.session.scalars(held).one()


def _hold(document: Document) -> None:
    db.session.refresh(document, with_for_update=True)


def _facts(document: Document) -> dict[str, object]:
    return {
        "document": document.public_id,
        "partner_id": document.partner_id,
        "kind": document.kind,
        "number": f"{document.year}-{document.number}",
    }
