"""Verbs on ranks and awards: define them, give them to customers, take them back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.errors import Conflict, DomainError, FieldError
from app.events.service import actor, record
from app.extensions import db
from app.ranks import queries
from app.ranks.models import (
    Achievement,
    Rank,
    RankAssignment,
    RankHold,
    SupplierOwner,
)
from app.ranks.rules import HAND, MOST, MOST_OWNERS, Ranked, code_of
from app.tenancy import public_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from decimal import Decimal

ALONE = select(func.pg_advisory_xact_lock(func.hashtextextended("ranks", 0)))


def define_rank(name: str, rank: Rank | None = None, *, symbol: str | None = None) -> Rank:
    """Make a rank above all others, or call one otherwise. Raises DomainError for a name that stands."""
    db.session.execute(ALONE)
    known = queries.ranks()
    refuse_double(name, [each.name for each in known if each is not rank])
    if rank is not None:
        rank.name, rank.symbol = name.strip(), symbol
    else:
        refuse_many(len(known))
        rank = Rank(
            public_id=public_id("rk"),
            code=free_code(code_of(name), {each.code for each in known}),
            name=name.strip(),
            place=max((each.place for each in known), default=0) + 1,
            symbol=symbol,
            created_at=clock.now(),
        )
        db.session.add(rank)
    db.session.flush()
    record("rank.defined", f"rank:{rank.id}", rank=rank.public_id, name=rank.name)
    return rank


def move_rank(rank: Rank, *, up: bool) -> None:
    """Let a rank change its place with the next one above or below; at an end nothing happens."""
    db.session.execute(ALONE)
    known = list(queries.ranks())
    here = known.index(rank)
    there = here + (1 if up else -1)
    if 0 <= there < len(known):
        known[here], known[there] = known[there], known[here]
        for place, each in enumerate(known, start=1):
            each.place = place
        db.session.flush()


def remove_rank(rank: Rank) -> None:
    """Remove a rank that no customer has or had. Raises Conflict."""
    db.session.execute(ALONE)
    query = select(RankAssignment.id).where(RankAssignment.rank_id == rank.id).limit(1)
    if db.session.scalar(query) is not None:
        raise Conflict("in_use", _("Customers have this rank, or had it: it cannot be removed."))
    record("rank.removed", f"rank:{rank.id}", rank=rank.public_id, name=rank.name)
    db.session.delete(rank)
    db.session.flush()


def refuse_double(name: str, known: list[str]) -> None:
    """Raise DomainError for a name that stands."""
    if code_of(name) in {code_of(each) for each in known}:
        words = _("There is one of this name already.")
        raise DomainError("name_taken", words, FieldError("name", words))


def refuse_many(many: int, most: int = MOST) -> None:
    """Raise DomainError where there are as many as may be."""
    if many >= most:
        words = _("There are %(num)s already: that is the most.", num=most)
        raise DomainError("too_many", words, FieldError("name", words))


def free_code(code: str, taken: set[str]) -> str:
    """Return the code, with a number where something that was renamed since still has it."""
    found, number = code, 2
    while found in taken:
        found, number = f"{code}-{number}", number + 1
    return found


def give(member_id: int, said: Ranked) -> None:
    """Give a locked customer a rank (or none), once by the source; said anew, it stands as said now."""
    before = queries.rank_of(member_id)
    values = {
        "rank_id": said.rank_id,
        "pinned": said.pinned,
        "actor": said.actor,
        "at": said.at,
        "undone_at": None,
        "why": dict(said.why),
    }
    row = insert(RankAssignment).values(member_id=member_id, source=said.source, **values)
    index = ["tenant_id", "member_id", "source"]
    db.session.execute(row.on_conflict_do_update(index_elements=index, set_=values))
    _tell(member_id, before)


def give_by_hand(member_id: int, rank: Rank | None, *, pinned: bool) -> None:
    """Give a locked customer a rank by hand; a pinned one holds whatever rules say."""
    source = f"{HAND}{public_id('ra')}"
    rank_id = rank.id if rank is not None else None
    give(member_id, Ranked(rank_id, clock.now(), source, pinned, actor()))
    _look_next(member_id, None if pinned else queries.today() + timedelta(days=1))


def _look_next(member_id: int, day: date | None) -> None:
    """Say when results are compared with a rank that somebody gave; None: it is pinned."""
    values: dict[str, object] = {"look_on": day, "falls_on": None, "told_at": None, "lacks": {}}
    made = insert(RankHold).values(member_id=member_id, **values)
    index = ["tenant_id", "member_id"]
    db.session.execute(made.on_conflict_do_update(index_elements=index, set_=values))


def take_back(member_id: int, source: str) -> None:
    """Let what a source said of a locked customer's rank count no more."""
    before = queries.rank_of(member_id)
    db.session.execute(
        update(RankAssignment)
        .where(RankAssignment.member_id == member_id, RankAssignment.source == source)
        .where(RankAssignment.undone_at.is_(None))
        .values(undone_at=clock.now())
    )
    _tell(member_id, before)


def _tell(member_id: int, before: Rank | None) -> None:
    now = queries.rank_of(member_id)
    if now is not before:
        record(
            "rank.changed",
            f"member:{member_id}",
            member_id=member_id,
            rank=now.name if now is not None else None,
            before=before.name if before is not None else None,
        )


def reach(member_id: int, metric: str, level: int, asked: Sequence[int]) -> None:
    """Keep that a locked customer has reached a level, and which rules were asked about it."""
    now, rules = clock.now(), sorted(set(asked))
    row = insert(Achievement).values(
        member_id=member_id, metric=metric, level=level, asked=rules, reached_at=now
    )
    said = {"asked": rules, "reached_at": now, "lost_at": None}
    index = ["tenant_id", "member_id", "metric", "level"]
    db.session.execute(row.on_conflict_do_update(index_elements=index, set_=said))


def lose(achievement: Achievement) -> None:
    """Keep that a level is reached no more."""
    achievement.lost_at = clock.now()
    db.session.flush()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """Who is to hold the rights to which goods: a customer or a partner; `share` in percent."""

    of: str
    word: str
    share: Decimal
    member_id: int | None = None
    partner_id: int | None = None


def hold_rights(said: Rights, since: datetime | None = None) -> SupplierOwner:
    """Let somebody hold rights from now on, or from later. Raises DomainError above the whole."""
    db.session.execute(ALONE)
    now = clock.now()
    start = now if since is None else max(since, now)
    known = queries.owners()
    refuse_many(len(known), MOST_OWNERS)
    word = said.word.strip()
    taken = sum(
        each.share
        for each in known
        if (each.of, each.word.casefold()) == (said.of, word.casefold())
        and (each.until is None or each.until > start)
    )
    if taken + said.share > 100:
        words = _(
            "Others hold %(percent)s%% of it already.", percent=f"{taken:f}".rstrip("0").rstrip(".")
        )
        raise DomainError("above_the_whole", words, FieldError("share", words))
    made = SupplierOwner(
        public_id=public_id("so"),
        member_id=said.member_id,
        partner_id=said.partner_id,
        of=said.of,
        word=word,
        share=said.share,
        since=start,
        until=None,
        actor=actor(),
    )
    db.session.add(made)
    db.session.flush()
    _tell_rights("rights.given", made)
    return made


def end_rights(held: SupplierOwner) -> None:
    """Let somebody hold rights no more, from now on; orders before keep what held at their time."""
    db.session.execute(ALONE)
    db.session.refresh(held)
    if held.until is not None:
        raise Conflict("ended", _("These rights have ended already."))
    held.until = max(clock.now(), held.since)
    db.session.flush()
    _tell_rights("rights.ended", held)


def _tell_rights(kind: str, held: SupplierOwner) -> None:
    record(
        kind,
        f"rights:{held.id}",
        of=held.of,
        word=held.word,
        share=f"{held.share:f}",
        member_id=held.member_id,
        partner_id=held.partner_id,
    )
