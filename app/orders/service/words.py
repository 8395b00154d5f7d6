"""Staff's word in the back office on who brought an order."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app import clock
from app.events.service import actor
from app.extensions import db
from app.orders.models import OrderWord
from app.orders.rules import PartnerData, StaffWord

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.orders.service.shapes import Standing

WORDS_OF = """
SELECT DISTINCT ON (order_id) order_id, promo_code, refcode, terms, over, by, at FROM order_word
WHERE order_id = ANY(%(orders)s) ORDER BY order_id, id DESC
"""


def staff_words(rows: Iterable[Any]) -> dict[int, StaffWord]:
    """Read the rows of WORDS_OF, by order."""
    return {row.order_id: _word(row) for row in rows}


def staff_word(order_id: int) -> StaffWord | None:
    """Return staff's newest word on an order."""
    query = select(OrderWord).where(OrderWord.order_id == order_id).order_by(OrderWord.id.desc())
    row = db.session.scalars(query.limit(1)).one_or_none()
    return _word(row) if row else None


def word_before(order_id: int) -> PartnerData | None:
    """Return what staff had said before their newest word; None: nothing, or what the shop's card said."""
    query = select(OrderWord).where(OrderWord.order_id == order_id).order_by(OrderWord.id.desc())
    rows = [_word(row) for row in db.session.scalars(query.limit(2))]
    if len(rows) == 2:
        return rows[1].said
    return rows[0].over if rows else None


def _word(row: Any) -> StaffWord:
    over = PartnerData(**row.over) if row.over else None
    said = PartnerData(promo_code=row.promo_code, refcode=row.refcode, terms=row.terms)
    return StaffWord(said, row.at, row.by, over)


def keep_word(order: Standing, said: PartnerData, by: str) -> None:
    """Keep staff's word on a locked order; the caller reconciles. `by`: as people call who says so."""
    card = order.folded.snapshot.partner_data
    db.session.add(
        OrderWord(
            order_id=order.id,
            promo_code=said.promo_code,
            refcode=said.refcode,
            terms=said.terms,
            over=asdict(card) if card else None,
            by=by,
            actor=actor(),
            at=clock.now(),
        )
    )
    db.session.flush()
