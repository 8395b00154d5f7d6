"""Awards: who bears which, and how they look."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Select, func, select

from app.extensions import db
from app.members.models import Member
from app.ranks.models import Award, AwardGrant
from app.ranks.rules import HAND

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Borne:
    """An award that a customer bears, since when, and how it looks."""

    name: str
    since: datetime
    symbol: str | None = None
    art: str | None = None  # its picture, as an address
    reason: str | None = None


def art(picture: bytes | None) -> str | None:
    """Return a kept picture as an address that holds it."""
    if picture is None:
        return None
    return "data:image/png;base64," + base64.b64encode(picture).decode()


def borne(member_id: int) -> list[Borne]:
    """Return the awards of a customer, the oldest first; each once, whatever the reasons."""
    since, why = func.min(AwardGrant.at), func.max(AwardGrant.reason)
    query = (
        select(Award.name, since, Award.symbol, Award.picture, why)
        .join(AwardGrant, (AwardGrant.tenant_id == Award.tenant_id) & (AwardGrant.award_id == Award.id))
        .where(AwardGrant.member_id == member_id, AwardGrant.undone_at.is_(None))
        .group_by(Award.tenant_id, Award.id)
        .order_by(since, Award.id)
    )  # fmt: skip
    return [
        Borne(name, at, symbol, art(picture), reason)
        for name, at, symbol, picture, reason in db.session.execute(query)
    ]


def bearing() -> Mapping[int, int]:
    """Return how many customers bear each award now."""
    many = func.count(func.distinct(AwardGrant.member_id))
    query = select(AwardGrant.award_id, many).where(AwardGrant.undone_at.is_(None))
    found = db.session.execute(query.group_by(AwardGrant.award_id))
    return {row[0]: row[1] for row in found}


def bearing_of(award_id: int, member_ids: Collection[int]) -> set[int]:
    """Return those of the customers who bear an award."""
    query = select(AwardGrant.member_id).where(
        AwardGrant.award_id == award_id,
        AwardGrant.member_id.in_(set(member_ids)),
        AwardGrant.undone_at.is_(None),
    )
    return set(db.session.scalars(query))


def bearers_of(award_id: int) -> Select[AwardGrant]:
    """Return the statement of the reasons for which customers bear an award."""
    return select(AwardGrant).where(AwardGrant.award_id == award_id, AwardGrant.undone_at.is_(None))


def grant(award_id: int, grant_id: int) -> AwardGrant | None:
    """Return one reason for which somebody bears an award."""
    query = select(AwardGrant).where(AwardGrant.id == grant_id, AwardGrant.award_id == award_id)
    return db.session.scalar(query)


@dataclass(frozen=True, slots=True)
class Bearer:
    """A line of the list of who bears an award."""

    grant: AwardGrant
    name: str

    @property
    def by_hand(self) -> bool:
        """Whether somebody gave it, and no rule."""
        return self.grant.source.startswith(HAND)


def named_bearers(rows: Iterable[AwardGrant]) -> list[Bearer]:
    """Return lines with the customers' names."""
    found = list(rows)
    query = select(Member).where(Member.id.in_({row.member_id for row in found}))
    known = {member.id: member for member in db.session.scalars(query)}
    return [Bearer(row, _called(known[row.member_id])) for row in found]


def _called(member: Member) -> str:
    return member.name or member.email or member.key.partition(":")[2]
