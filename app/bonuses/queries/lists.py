"""Lists of bonuses: accounts of customers, what moved them, and the lots of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    and_,
    case,
    cast,
    exists,
    func,
    literal_column,
    or_,
    select,
)

from app import clock, sql
from app.bonuses.models import Lot
from app.bonuses.rules import BONUS
from app.extensions import db
from app.ledger.models import Balance, Transfer
from app.ledger.rules import BONUSES, bonus, bonus_debt, bonus_held, bonus_pending
from app.members.models import Member

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select

LOTS_SHOWN = 200
# What changes how much there is in all; reserving, waking and repaying only move it about.
KINDS = ("bonus.grant", "bonus.spend", "bonus.return", "bonus.lapse", "bonus.claw")
_OF_LOTS = """
SELECT reference, order_id, reason, kind, activates_at, expires_at FROM lot
WHERE reference = ANY(%(references)s)
"""
_OF_ACTS = """
SELECT p.reference, max(p.order_id) AS order_id, max(p.reason) AS reason, min(l.expires_at) AS expires_at
FROM lot_part p LEFT JOIN lot l ON l.tenant_id = p.tenant_id AND l.id = p.lot_id
WHERE p.reference = ANY(%(references)s) GROUP BY 1
"""
_ORDERS = """
SELECT o.id, o.number, d.public_id AS deal
FROM orders o LEFT JOIN deal d ON d.tenant_id = o.tenant_id AND d.order_id = o.id
WHERE o.id = ANY(%(ids)s)
"""
_UNDONE = "SELECT DISTINCT reference FROM lot_part WHERE reference = ANY(%(references)s)"


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of an act beside its sum: why, of which order, and when it lives."""

    why: str | None = None  # of a credit: order, profile, hand ...
    reason: str | None = None
    number: str | None = None
    deal: str | None = None
    activates_at: datetime | None = None
    expires_at: datetime | None = None


UNTOLD = Told()


def _whole(amount: Any) -> ColumnElement[int]:
    return cast(func.coalesce(amount, 0), BigInteger)


# The columns of `accounts`, for its order and its filters: named as the statement names its parts.
STANDING: dict[str, ColumnElement[Any]] = {
    "available": _whole(literal_column("standing.available", BigInteger)),
    "pending": _whole(literal_column("standing.pending", BigInteger)),
    "held": _whole(literal_column("standing.held", BigInteger)),
    "debt": _whole(Balance.balance),
    "next_at": literal_column("standing.next_at", DateTime(timezone=True)),
}


def accounts() -> Select[Any]:
    """Return the statement of the customers who have, or had, bonuses, and how each stands now.

    Columns: Member, available, pending, held, debt, next_at. Minor units.
    """
    now = clock.now()
    free = case((_live(now), Lot.remaining - Lot.held), else_=0)
    standing = (
        select(
            Lot.member_id,
            func.sum(free).label("available"),
            func.sum(case((Lot.active, 0), else_=Lot.remaining)).label("pending"),
            func.sum(Lot.held).label("held"),
            func.min(case((and_(_live(now), Lot.remaining > Lot.held), Lot.expires_at))).label(
                "next_at"
            ),
        )
        .group_by(Lot.member_id)
        .subquery("standing")
    )
    owed = and_(
        Balance.account == func.concat("member:", Member.id, ":debt"), Balance.currency == BONUS
    )
    sums = [by.label(name) for name, by in STANDING.items()]
    columns: tuple[Any, ...] = (Member, *sums)
    return (
        select(*columns)
        .select_from(Member)
        .outerjoin(standing, standing.c.member_id == Member.id)
        .outerjoin(Balance, and_(Balance.tenant_id == Member.tenant_id, owed))
        .where(or_(standing.c.member_id.is_not(None), Balance.balance > 0))
    )


def _live(now: datetime) -> ColumnElement[bool]:
    return and_(Lot.active, or_(Lot.expires_at.is_(None), Lot.expires_at > now))


def has_account(member_id: int) -> bool:
    """Whether a customer has, or had, bonuses."""
    return bool(db.session.scalar(select(exists().where(Lot.member_id == member_id))))


_GAINS = Transfer.source == BONUSES
AMOUNT = case((_GAINS, Transfer.amount), else_=-Transfer.amount).label("amount")
WHOSE = cast(
    func.split_part(case((_GAINS, Transfer.target), else_=Transfer.source), ":", 2), BigInteger
)


def movements() -> Select[Any]:
    """Return the statement of all that changed how much customers have.

    Columns: Member, id, at, kind, reference, amount (minor units, below zero where bonuses went).
    """
    return (
        select(Member, Transfer.id, Transfer.at, Transfer.kind, Transfer.reference, AMOUNT)
        .select_from(Transfer)
        .join(Member, and_(Member.tenant_id == Transfer.tenant_id, Member.id == WHOSE))
        .where(Transfer.currency == BONUS, Transfer.kind.in_(KINDS))
    )


def statement_of(member_id: int) -> Select[Any]:
    """Return the statement of one customer's movements, each with what there was in all after it.

    Columns as of `movements`, without the customer, and balance.
    """
    own = [name(member_id) for name in (bonus, bonus_pending, bonus_held, bonus_debt)]
    running = func.sum(AMOUNT.element).over(order_by=Transfer.id)
    moved = (
        select(
            Transfer.id,
            Transfer.at,
            Transfer.kind,
            Transfer.reference,
            AMOUNT,
            cast(running, BigInteger).label("balance"),
        )
        .where(
            Transfer.currency == BONUS,
            Transfer.kind.in_(KINDS),
            or_(Transfer.source.in_(own), Transfer.target.in_(own)),
        )
        .subquery("moved")
    )
    return select(*moved.c)


def told_of(references: Iterable[str]) -> dict[str, Told]:
    """Return what is known of acts, by their references."""
    asked = {"references": sorted(set(references))}
    if not asked["references"]:
        return {}
    acts = {row.reference: row for row in sql.rows(_OF_ACTS, asked)}
    lots = {row.reference: row for row in sql.rows(_OF_LOTS, asked)}
    ids = {row.order_id for row in (*acts.values(), *lots.values()) if row.order_id}
    orders = {row.id: row for row in sql.rows(_ORDERS, {"ids": sorted(ids)})} if ids else {}
    return {reference: _told(row, orders) for reference, row in (acts | lots).items()}


def _told(row: Any, orders: dict[int, Any]) -> Told:
    order = orders.get(row.order_id)
    return Told(
        why=getattr(row, "kind", None),
        reason=row.reason,
        number=order.number if order else None,
        deal=order.deal if order else None,
        activates_at=getattr(row, "activates_at", None),
        expires_at=row.expires_at,
    )


def taken_back(references: Iterable[str]) -> set[str]:
    """Return which acts by hand were taken back by a counter entry."""
    asked = [f"{reference}:undo" for reference in references]
    found = sql.rows(_UNDONE, {"references": asked}) if asked else []
    return {row.reference.removesuffix(":undo") for row in found}


def lots_of(member_id: int) -> Sequence[Lot]:
    """Return what a customer has, lot by lot: what is spent first comes first, what waits last."""
    later = case((Lot.active, 0), else_=1)
    query = (
        select(Lot)
        .where(Lot.member_id == member_id, Lot.remaining > 0)
        .order_by(later, Lot.expires_at.asc().nulls_last(), Lot.id)
        .limit(LOTS_SHOWN)
    )
    return db.session.scalars(query).all()


_GIVEN = """
SELECT coalesce(sum(amount - clawed), 0)::bigint AS amount, max(activates_at) AS usable, min(expires_at) AS until
FROM lot WHERE member_id = %(member)s AND starts_with(reference, %(base)s)
"""


def given(member_id: int, base: str) -> tuple[int, datetime | None, datetime | None]:
    """Return how much of what a customer was given under references that begin so still stands.

    With from when all of it can be spent, and until when the first of it is valid.
    """
    row = sql.one(_GIVEN, {"member": member_id, "base": base})
    return (row.amount, row.usable, row.until) if row else (0, None, None)
