"""Hold, release or refuse deals, one or many in one act, and take the act back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.commissions.queries import deal_views
from app.events.service import Happened, record_all
from app.extensions import db
from app.fraud import service as fraud
from app.fraud.rules import Word
from app.intake import service as intake
from app.orders import service as orders

if TYPE_CHECKING:
    from collections.abc import Collection

    from app.commissions.queries import DealView

# That a deal is held from now on is told where it is booked.
EVENTS = {Word.RELEASE: "deal.released", Word.REFUSE: "deal.refused"}


def decide(
    word: Word, order_ids: Collection[int], said: str = "", most: int = fraud.MOST
) -> tuple[str, int]:
    """Say of deals that they are held, released or refused (with a word); book what that makes due.

    Whatever the shop sends before or after, the same sums result: the word is part of what decides
    them. Returns the act's id, by which it is undone, and how many deals it changed. Raises
    DomainError (422) as `fraud.say`.
    """
    intake.in_turn()
    seen = intake.hold(orders.get_all(order_ids))
    batch, changed = fraud.say(word, [order.id for order in seen], said, most)
    if word in EVENTS:
        _tell(EVENTS[word], changed, batch, said.strip())  # with what the deal was worth before
    _book(changed)
    return batch, len(changed)


def undo(batch: str) -> int:
    """Let what held before an act hold again; what was decided since stays. Returns how many deals changed.

    Raises NotFound; Conflict where nothing of the act stands any more.
    """
    intake.in_turn()
    intake.hold(orders.get_all(fraud.of_batch(batch)))
    changed = fraud.take_back(batch)
    _book(changed)
    _tell("deal.review_undone", changed, batch, "")
    return len(changed)


def _book(order_ids: Collection[int]) -> None:
    db.session.flush()
    if order_ids:
        intake.rework(order_ids)


def _tell(kind: str, order_ids: Collection[int], batch: str, said: str) -> None:
    views = deal_views(order_ids) if order_ids else {}
    record_all(
        [Happened(kind, f"order:{i}", _facts(view, batch, said)) for i, view in views.items()]
    )


def _facts(view: DealView, batch: str, said: str) -> dict[str, object]:
    deal = view.deal
    return {
        "order_id": deal.order_id,
        "deal_id": deal.public_id,
        "partner_id": deal.partner_id,
        "amount": deal.commission,
        "currency": deal.currency,
        "reason": said,
        "act": batch,
    }
