"""Verbs on awards: define them, give them by a rule or by hand, take them back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.errors import Conflict
from app.events.service import actor, record
from app.extensions import db
from app.ranks import queries
from app.ranks.models import AchievementLook, Award, AwardGrant
from app.ranks.rules import HAND, code_of
from app.ranks.service.keeping import ALONE, free_code, refuse_double, refuse_many
from app.ranks.service.pictures import draw
from app.tenancy import public_id

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime


def define_award(
    name: str,
    award: Award | None = None,
    *,
    symbol: str | None = None,
    picture: bytes | None = None,
    without: bool = False,
) -> Award:
    """Make an award, or call one otherwise. Raises DomainError for a name that stands, or no picture.

    `picture` as it was sent, None: the one it has, unless it is to be `without`.
    """
    drawn = draw(picture) if picture is not None else None
    db.session.execute(ALONE)
    known = queries.awards()
    refuse_double(name, [each.name for each in known if each is not award])
    if award is not None:
        award.name, award.symbol = name.strip(), symbol
        if drawn is not None or without:
            award.picture = drawn
    else:
        refuse_many(len(known))
        code = free_code(code_of(name), {each.code for each in known})
        award = Award(
            public_id=public_id("aw"),
            code=code,
            name=name.strip(),
            symbol=symbol,
            picture=drawn,
            created_at=clock.now(),
        )
        db.session.add(award)
    db.session.flush()
    record("award.defined", f"award:{award.id}", award=award.public_id, name=award.name)
    return award


def remove_award(award: Award) -> None:
    """Remove an award that no customer bears or bore. Raises Conflict."""
    db.session.execute(ALONE)
    query = select(AwardGrant.id).where(AwardGrant.award_id == award.id).limit(1)
    if db.session.scalar(query) is not None:
        raise Conflict("in_use", _("Customers have this award, or had it: it cannot be removed."))
    record("award.removed", f"award:{award.id}", award=award.public_id, name=award.name)
    db.session.delete(award)
    db.session.flush()


def honour(member_id: int, award: Award, source: str, at: datetime) -> None:
    """Give a locked customer an award, once by the source; taken back before, it is given again."""
    row = insert(AwardGrant).values(
        member_id=member_id, award_id=award.id, source=source, at=at, undone_at=None
    )
    said = {"award_id": award.id, "at": at, "undone_at": None}
    index = ["tenant_id", "member_id", "source"]
    db.session.execute(row.on_conflict_do_update(index_elements=index, set_=said))


def take_honour(member_id: int, source: str) -> None:
    """Let what a source said of a locked customer's awards count no more."""
    db.session.execute(
        update(AwardGrant)
        .where(AwardGrant.member_id == member_id, AwardGrant.source == source)
        .where(AwardGrant.undone_at.is_(None))
        .values(undone_at=clock.now())
    )


def grant_by_hand(award: Award, member_ids: Collection[int], reason: str) -> int:
    """Give locked customers an award by hand; who bears it already keeps it as it is. Returns how many got it."""
    bearing = queries.bearing_of(award.id, member_ids)
    fresh = sorted(set(member_ids) - bearing)
    if not fresh:
        return 0
    source, now = f"{HAND}{public_id('ag')}", clock.now()
    common = {"award_id": award.id, "source": source, "at": now, "undone_at": None}
    common |= {"actor": actor(), "reason": reason.strip()}
    rows = [{"member_id": each, **common} for each in fresh]
    db.session.execute(insert(AwardGrant).values(rows))
    _tell("award.granted", award, fresh, reason)
    return len(fresh)


def undo_grant(award: Award, grant: AwardGrant) -> None:
    """Take an award back that was given by hand to a locked customer. Raises Conflict for one by a rule."""
    if not grant.source.startswith(HAND):
        raise Conflict("by_rule", _("A rule gave it: it goes with what it was given for."))
    if grant.undone_at is not None:
        raise Conflict("undone", _("It was taken back already."))
    grant.undone_at = clock.now()
    db.session.flush()
    _tell("award.taken_back", award, [grant.member_id], grant.reason or "")


def look_of(
    metric: str,
    level: int,
    *,
    name: str,
    symbol: str | None,
    picture: bytes | None = None,
    without: bool = False,
) -> None:
    """Say how an achievement is called and drawn. Raises DomainError for what is no picture."""
    drawn = draw(picture) if picture is not None else None
    said: dict[str, object] = {"name": name.strip(), "symbol": symbol}
    if drawn is not None or without:
        said["picture"] = drawn
    row = insert(AchievementLook).values(metric=metric, level=level, **said)
    index = ["tenant_id", "metric", "level"]
    db.session.execute(row.on_conflict_do_update(index_elements=index, set_=said))


def _tell(kind: str, award: Award, member_ids: list[int], reason: str) -> None:
    record(
        kind,
        f"award:{award.id}",
        award=award.public_id,
        name=award.name,
        member_ids=member_ids,
        reason=reason.strip(),
    )
