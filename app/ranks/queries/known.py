"""Ranks, awards and achievements as they stand."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import undefer

from app import sql
from app.extensions import db
from app.ranks.models import (
    Achievement,
    AchievementLook,
    Award,
    AwardGrant,
    Rank,
    RankAssignment,
    SupplierOwner,
)
from app.ranks.rules import MOST_OWNERS, Held, Ranked, standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# A partner is paid as the customer who he is.
_HELD = """
SELECT o.of, o.word, o.share, o.since, o.until, m.id AS paid FROM supplier_owner o
LEFT JOIN partner p ON p.tenant_id = o.tenant_id AND p.id = o.partner_id
JOIN member m ON m.tenant_id = o.tenant_id AND m.id = coalesce(o.member_id, p.member_id)
WHERE m.key LIKE 'id:%%' ORDER BY o.id
"""


def ranks() -> Sequence[Rank]:
    """Return the merchant's ranks, the lowest first."""
    return db.session.scalars(select(Rank).order_by(Rank.place, Rank.id)).all()


def awards() -> Sequence[Award]:
    """Return the merchant's awards by name."""
    return db.session.scalars(
        select(Award).options(undefer(Award.picture)).order_by(Award.name, Award.id)
    ).all()


def rank(public_id: str) -> Rank | None:
    """Return the rank of the outside id."""
    return db.session.scalar(select(Rank).where(Rank.public_id == public_id))


def award(public_id: str) -> Award | None:
    """Return the award of the outside id."""
    return db.session.scalar(select(Award).where(Award.public_id == public_id))


def rank_coded(code: str) -> Rank | None:
    """Return the rank that rules call so, whatever the capitals."""
    return db.session.scalar(select(Rank).where(Rank.code == code.strip().casefold()))


def award_coded(code: str) -> Award | None:
    """Return the award that rules call so, whatever the capitals."""
    return db.session.scalar(select(Award).where(Award.code == code.strip().casefold()))


def codes() -> Mapping[int, str]:
    """Return how rules call each rank."""
    return {row.id: row.code for row in db.session.execute(select(Rank.id, Rank.code))}


def marks(member_ids: Iterable[int]) -> Mapping[int, list[Ranked]]:
    """Return every word that stands about the ranks of customers."""
    found: dict[int, list[Ranked]] = defaultdict(list)
    query = select(RankAssignment).where(
        RankAssignment.member_id.in_(set(member_ids)), RankAssignment.undone_at.is_(None)
    )
    for row in db.session.scalars(query.order_by(RankAssignment.at, RankAssignment.id)):
        said = Ranked(row.rank_id, row.at, row.source, row.pinned, row.actor, row.why)
        found[row.member_id].append(said)
    return found


def rank_of(member_id: int) -> Rank | None:
    """Return the rank that a customer has now."""
    now = standing(marks([member_id])[member_id])
    if now is None or now.rank_id is None:
        return None
    return db.session.scalar(select(Rank).where(Rank.id == now.rank_id))


def bearers() -> tuple[Mapping[int, int], Mapping[int, int]]:
    """Return how many words about each rank, and how many grants of each award, there ever were."""
    given = select(RankAssignment.rank_id, func.count()).group_by(RankAssignment.rank_id)
    granted = select(AwardGrant.award_id, func.count()).group_by(AwardGrant.award_id)
    return (
        {key: many for key, many in db.session.execute(given) if key is not None},
        {row.award_id: row[1] for row in db.session.execute(granted)},
    )


def achievements(member_ids: Iterable[int]) -> Sequence[Achievement]:
    """Return the levels that customers have reached, lost ones included."""
    query = select(Achievement).where(Achievement.member_id.in_(set(member_ids)))
    found = query.order_by(Achievement.id).execution_options(populate_existing=True)
    return db.session.scalars(found).all()


def achievement_looks() -> Mapping[tuple[str, int], AchievementLook]:
    """Return how achievements are called and drawn, by metric and level."""
    query = select(AchievementLook).options(undefer(AchievementLook.picture))
    return {(row.metric, row.level): row for row in db.session.scalars(query)}


def reached_by_many() -> Mapping[tuple[str, int], int]:
    """Return how many customers have reached each level."""
    query = select(Achievement.metric, Achievement.level, func.count())
    query = query.where(Achievement.lost_at.is_(None))
    rows = db.session.execute(query.group_by(Achievement.metric, Achievement.level))
    return {(row[0], row[1]): row[2] for row in rows}


def owners() -> Sequence[SupplierOwner]:
    """Return everybody who holds rights, or held them: who holds them now first, then by what they hold."""
    ended = SupplierOwner.until.is_not(None)
    query = select(SupplierOwner).order_by(
        ended, SupplierOwner.of, SupplierOwner.word, SupplierOwner.id
    )
    return db.session.scalars(query.limit(MOST_OWNERS)).all()


def owner(public_id: str) -> SupplierOwner | None:
    """Return the rights of the outside id."""
    return db.session.scalar(select(SupplierOwner).where(SupplierOwner.public_id == public_id))


def held() -> list[Held]:
    """Return all rights that are held, or were, by customers who have accounts of bonuses."""
    return [
        Held(
            of=row.of,
            word=row.word,
            share=Fraction(row.share) / 100,
            member_id=row.paid,
            since=row.since,
            until=row.until,
        )
        for row in sql.rows(_HELD, {})
    ]
