"""Partner money that pays orders: spent at once, or held first by a shop's call; given back to the same partner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import select, update

from app import clock
from app.checkout import queries
from app.checkout.models import MoneyHold
from app.errors import Conflict, NotFound
from app.events import service as events
from app.extensions import db
from app.ledger import service as ledger
from app.ledger.rules import SHOP, Move, available, debt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime


def lock(partner_ids: Iterable[int]) -> dict[int, int]:
    """Lock partners' money, in account order; return what each has available, minor units."""
    ids = sorted(set(partner_ids))
    names = [account(each) for each in ids for account in (available, debt)]
    standing = ledger.lock(names, queries.currency()) if names else {}
    return {each: standing[available(each)] for each in ids}


def spend(
    partner_id: int, amount: int, reference: str, *, about: str | None, may_owe: bool = False
) -> None:
    """Take `amount` (minor units, above zero) of what is available; once by `reference`, which the caller holds.

    `about`: the number of the order, for the partner's statement. Above what is available: Conflict, unless
    `may_owe`: then the rest is debt.
    """
    has = lock([partner_id])[partner_id]
    if amount > has and not may_owe:
        raise Conflict("not_enough_money", _("The partner has less money."))
    covered = min(amount, max(has, 0))
    moves = [
        _move(available(partner_id), SHOP, covered, partner_id, about),
        _move(debt(partner_id), SHOP, amount - covered, partner_id, about),
    ]
    ledger.post(reference, [move for move in moves if move.amount], queries.currency())
    _tell("partner_money.spent", partner_id, amount, about)


def give_back(partner_id: int, amount: int, reference: str, *, about: str | None) -> None:
    """Give back `amount` of what was spent: it is available again, and repays debt first."""
    lock([partner_id])
    move = _move(SHOP, available(partner_id), amount, partner_id, about)
    ledger.post(reference, [move], queries.currency())
    ledger.repay([partner_id], queries.currency())
    _tell("partner_money.returned", partner_id, amount, about)


def hold(
    partner_id: int, amount: int, reference: str, until: datetime, *, about: str | None
) -> MoneyHold:
    """Take `amount` of what is available until an instant; the capture only says that it stays taken."""
    spend(partner_id, amount, reference, about=about)
    made = MoneyHold(
        partner_id=partner_id,
        reference=reference,
        amount=amount,
        state="held",
        until=until,
        about=about,
        made_at=clock.now(),
    )
    db.session.add(made)
    db.session.flush()
    return made


def capture(reference: str) -> MoneyHold:
    """Say that what was held is spent; once, and never what was let go (Conflict). Raises NotFound."""
    found = _locked(reference)
    if found.state in {"voided", "timed_out"}:
        raise Conflict("hold_over", _("This money was let go."))
    if found.state == "held":
        _end(found, "captured")
    return found


def void(reference: str, state: str = "voided") -> MoneyHold:
    """Let what was held go; once, and never what was spent (Conflict). Raises NotFound."""
    found = _locked(reference)
    if found.state == "captured":
        raise Conflict("hold_over", _("This money was spent."))
    if found.state == "held":
        _end(found, state)
        give_back(found.partner_id, found.amount, f"{reference}:void", about=found.about)
    return found


def end_holds(references: Sequence[str]) -> None:
    """Let go what was held for too long; what was captured or let go meanwhile stays as it is."""
    now = clock.now()
    for reference in references:
        found = _locked(reference)
        if found.state == "held" and found.until <= now:
            void(reference, "timed_out")


def _locked(reference: str) -> MoneyHold:
    found = db.session.scalar(select(MoneyHold).where(MoneyHold.reference == reference))
    if found is None:
        raise NotFound
    lock([found.partner_id])
    db.session.refresh(found)
    return found


def _end(found: MoneyHold, state: str) -> None:
    values = {"state": state, "ended_at": clock.now()}
    db.session.execute(update(MoneyHold).where(MoneyHold.id == found.id).values(**values))
    db.session.refresh(found)


def _move(source: str, target: str, amount: int, partner_id: int, about: str | None) -> Move:
    kind = "spending" if target == SHOP else "spending_back"
    return Move(source, target, amount, kind, partner=partner_id, reason=about)


def _tell(kind: str, partner_id: int, amount: int, about: str | None) -> None:
    facts = {"partner_id": partner_id, "amount": amount, "currency": queries.currency()}
    events.record(kind, f"partner:{partner_id}", order=about, **facts)
