"""Which tills there are, and what was sold at one today."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from app.cards import queries as cards
from app.cards.rules import normalise_number
from app.extensions import db
from app.members import queries as members
from app.members.models import Member
from app.members.rules import normalise_phone
from app.tills.models import Till, TillReceipt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Select

MOST = 50  # receipts of a day on one page


def tills(*, retired: bool = False) -> Sequence[Till]:
    """Return the merchant's tills by name: those in use, or all of them."""
    query = select(Till).order_by(Till.name, Till.id)
    return db.session.scalars(query if retired else query.where(Till.retired_at.is_(None))).all()


def by_id(till_id: int) -> Till | None:
    """Return a till of the scope."""
    return db.session.scalar(select(Till).where(Till.id == till_id))


def by_external(shop_id: int, external_id: str) -> Till | None:
    """Return a till by what the shop calls it."""
    mine = (Till.shop_id == shop_id, Till.external_id == external_id)
    return db.session.scalar(select(Till).where(*mine))


def names(shop_id: int, external_ids: set[str]) -> dict[str, str]:
    """Return {what orders say: the till's name}."""
    query = select(Till.external_id, Till.name).where(
        Till.shop_id == shop_id, Till.external_id.in_(external_ids)
    )
    return {row.external_id: row.name for row in db.session.execute(query)}


def count() -> int:
    """Return how many tills are in use."""
    return db.session.scalar(select(func.count(Till.id)).where(Till.retired_at.is_(None))) or 0


def receipt(name: str) -> TillReceipt | None:
    """Return a receipt by its name."""
    return db.session.scalar(select(TillReceipt).where(TillReceipt.receipt == name))


def listed() -> Select[Any]:
    """Return the statement of all tills."""
    return select(Till)


def since(
    till_id: int, start: datetime, before: int | None = None
) -> tuple[Sequence[Any], int | None]:
    """Return the till's newest receipts since a moment, each with its customer, and where older ones begin.

    `before`: only older ones than this receipt.
    """
    same = (Member.tenant_id == TillReceipt.tenant_id) & (Member.id == TillReceipt.member_id)
    query = select(TillReceipt, Member).outerjoin(Member, same)
    mine = query.where(TillReceipt.till_id == till_id, TillReceipt.made_at >= start)
    if before is not None:
        mine = mine.where(TillReceipt.id < before)
    rows = db.session.execute(mine.order_by(TillReceipt.id.desc()).limit(MOST + 1)).all()
    return rows[:MOST], rows[MOST - 1].TillReceipt.id if len(rows) > MOST else None


def totals(till_id: int, start: datetime) -> tuple[int, int, int]:
    """Return (receipts, sum, spent in bonuses) at a till since a moment, cancelled ones left out."""
    query = select(
        func.count(TillReceipt.id),
        func.coalesce(func.sum(TillReceipt.amount), 0),
        func.coalesce(func.sum(TillReceipt.spent), 0),
    ).where(
        TillReceipt.till_id == till_id,
        TillReceipt.made_at >= start,
        TillReceipt.cancelled_at.is_(None),
    )
    number, amount, spent = db.session.execute(query).one()
    return int(number), int(amount), int(spent)


def found(shop_id: int, text: str, region: str | None) -> Sequence[Member]:
    """Return the shop's customers whom a cashier means: by a card's number, a phone, or the shop's id.

    Whole numbers only: who looks for a part of one would read the shop's customers.
    """
    number = normalise_number(text)
    card = cards.by_number(shop_id, number) if number else None
    if card is not None:
        mine = members.by_id(card.member_id)
        return [mine] if mine and mine.key.startswith("id:") else []
    phone = normalise_phone(text, region)
    if phone is not None:
        mine_all = [each for each in cards.members_of(phone) if each.shop_id == shop_id]
        if mine_all:
            return mine_all
    named = members.by_external(shop_id, text[:128]) if text.strip() else None
    return [named] if named else []
