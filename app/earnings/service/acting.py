"""What rules do besides giving bonuses: done once for an event, and taken back when it is no more."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.coupons import queries as coupons
from app.coupons import service as issuing
from app.coupons.service import Gift
from app.earnings.service.telling import fire, tell
from app.extensions import db
from app.members import service as members
from app.members.rules import Tagged
from app.profiles.models import EffectApplication, RuleVersion
from app.profiles.rules import EFFECTS, parse
from app.profiles.rules.doing import Task
from app.ranks import queries as ranks
from app.ranks import service as ladder
from app.ranks.rules import Ranked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from app.profiles.rules.doing import Wanted
    from app.ranks.models import Rank
    from app.tenants.models import Tenant

_ACTS = frozenset(do for do, spec in EFFECTS.items() if not spec.earns and do != "stop")


@dataclass(frozen=True, slots=True)
class Doing:
    """One effect of a rule that is done to a customer, or taken back, for an event."""

    rule_id: int
    version_id: int
    effect: int
    do: str
    args: Mapping[str, Any]
    member_id: int
    event_key: str
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)  # what was said of the event

    @property
    def source(self) -> str:
        """What makes it one fact, whatever version of the rule says so."""
        return f"{self.event_key}:{self.rule_id}:{self.effect}"


def _tag(_merchant: Tenant, doing: Doing) -> None:
    tag = str(doing.args["tag"]).strip()
    said = Tagged(tag, doing.do == "tag.add", doing.at, doing.source)
    members.mark(doing.member_id, said)


def _untag(_merchant: Tenant, doing: Doing) -> None:
    members.unmark(doing.member_id, doing.source)


def _rank(merchant: Tenant, doing: Doing) -> None:
    found = ranks.rank_coded(str(doing.args["rank"]))
    if found is not None:
        given = Ranked(found.id, doing.at, doing.source)
        _changing(merchant, doing, lambda: ladder.give(doing.member_id, given))


def _unrank(merchant: Tenant, doing: Doing) -> None:
    _changing(merchant, doing, lambda: ladder.take_back(doing.member_id, doing.source))


def _changing(merchant: Tenant, doing: Doing, change: Callable[[], None]) -> None:
    """Change a rank, and let rules that wait for it know; what such a rule did sets off no other."""
    before = ranks.rank_of(doing.member_id)
    change()
    if not doing.event_key.startswith("rank.changed:"):
        for follow in FOLLOWING:
            follow(merchant, doing.member_id, before)


def _coupon(_merchant: Tenant, doing: Doing) -> None:
    kind = coupons.kind(str(doing.args["coupon"]))
    if kind is not None and kind.archived_at is None:
        gift = Gift(
            member_id=doing.member_id,
            event_key=doing.event_key,
            source=doing.source,
        )
        issuing.issue(kind, gift)


def _uncoupon(_merchant: Tenant, doing: Doing) -> None:
    issuing.switch_off(doing.source)


def _honour(_merchant: Tenant, doing: Doing) -> None:
    found = ranks.award_coded(str(doing.args["award"]))
    if found is not None:
        ladder.honour(doing.member_id, found, doing.source, doing.at)


def _take_honour(_merchant: Tenant, doing: Doing) -> None:
    ladder.take_honour(doing.member_id, doing.source)


# By the effect: what carries it out; what takes it back, where it can be; what is done again when the
# event comes back (what has neither was given and stays given, like a letter).
CARRIED: dict[str, Callable[[Tenant, Doing], None]] = {
    "tag.add": _tag,
    "tag.remove": _tag,
    "notify": tell,
    "coupon.issue": _coupon,
    "rank.set": _rank,
    "award.grant": _honour,
    "webhook": fire,
}
TAKEN_BACK: dict[str, Callable[[Tenant, Doing], None]] = {
    "coupon.issue": _uncoupon,
    "tag.add": _untag,
    "tag.remove": _untag,
    "rank.set": _unrank,
    "award.grant": _take_honour,
}
AGAIN = frozenset({"tag.add", "tag.remove", "rank.set", "award.grant"})
# Who is told of a customer whose rank has changed, and which one he had before.
FOLLOWING: list[Callable[[Tenant, int, Rank | None], None]] = []


def perform(
    merchant: Tenant,
    event_key: str,
    member_id: int,
    tasks: Iterable[Task],
    at: datetime,
    *,
    again: bool = False,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Do what matching rules say, each effect once per event; the customer's account is locked.

    `again`: what was taken back is done once more, for the event is true again.
    """
    done = [_doing(task, event_key, member_id, at) for task in tasks]
    found = [replace(doing, data=data or {}) for doing in done]
    if again and found:
        undone = {_name_of(row): row for row in _done([event_key]) if row.undone_at is not None}
        for doing in found:
            if _name(doing) in undone:
                _brought(merchant, undone[_name(doing)], doing)
    _carry_out(merchant, found)


def undo(merchant: Tenant, event_key: str) -> None:
    """Take back what was done for an event: it is no more."""
    for row in _done([event_key]):
        if row.undone_at is None and row.do in TAKEN_BACK:
            _take_back(merchant, row)


def any_done(order_ids: Iterable[int]) -> bool:
    """Tell whether anything that orders have done stands."""
    keys = [f"order:{each}" for each in order_ids]
    query = select(EffectApplication.id).where(
        EffectApplication.event_key.in_(keys),
        EffectApplication.do.in_(_ACTS),
        EffectApplication.undone_at.is_(None),
    )
    return bool(keys) and db.session.scalar(query.limit(1)) is not None


def bring_to(
    merchant: Tenant, member_of: Mapping[int, int], wanted: Sequence[Wanted], *, on: bool
) -> bool:
    """Bring what orders have done to what they are to have done; tell whether anything changed.

    `member_of`: whose each order is, for all orders concerned; what was done for another customer before
    is taken back. What cannot be taken back changes nothing that rules know. Not `on`: things are taken back alone.
    """
    keys = {f"order:{order}": member for order, member in member_of.items()}
    owed: dict[tuple[str, int, int, str], Doing] = {}
    for each in wanted:
        key = f"order:{each.order_id}"
        doing = _doing(each.task, key, keys[key], each.at)
        if doing.do in CARRIED:
            owed[_name(doing)] = doing
    rows = {_name_of(row): row for row in _done(keys)}
    changed = [
        _brought(merchant, row, owed.get(name) if on or row.undone_at is None else None)
        for name, row in rows.items()
    ]
    fresh = [doing for name, doing in owed.items() if name not in rows and on]
    _carry_out(merchant, fresh)
    return any(doing.do in AGAIN for doing in fresh) or any(changed)


def _brought(merchant: Tenant, row: EffectApplication, doing: Doing | None) -> bool:
    """Bring one thing that was done to what is due of it; tell whether it changed."""
    if doing is None:
        if row.undone_at is not None or row.do not in TAKEN_BACK:
            return False
        _take_back(merchant, row)
        return True
    same = (row.at, row.version_id, row.undone_at) == (doing.at, doing.version_id, None)
    if same or row.do not in AGAIN:
        return False
    _set(row, version_id=doing.version_id, at=doing.at, undone_at=None)
    CARRIED[doing.do](merchant, doing)
    return True


def _doing(task: Task, key: str, member_id: int, at: datetime) -> Doing:
    return Doing(task.rule_id, task.version_id, task.effect, task.do, task.args, member_id, key, at)


def _name(doing: Doing) -> tuple[str, int, int, str]:
    return doing.event_key, doing.rule_id, doing.effect, f"member:{doing.member_id}"


def _name_of(row: EffectApplication) -> tuple[str, int, int, str]:
    return row.event_key, row.rule_id, row.effect, row.recipient


def _member(recipient: str) -> int:
    return int(recipient.partition(":")[2])


def _done(keys: Iterable[str]) -> Sequence[EffectApplication]:
    query = select(EffectApplication).where(
        EffectApplication.event_key.in_(set(keys)), EffectApplication.do.in_(_ACTS)
    )
    found = query.order_by(EffectApplication.id).execution_options(populate_existing=True)
    return db.session.scalars(found).all()


def _carry_out(merchant: Tenant, found: Sequence[Doing]) -> None:
    able = {_name(doing): doing for doing in found if doing.do in CARRIED}
    if not able:
        return
    rows = [
        {
            "event_key": doing.event_key,
            "rule_id": doing.rule_id,
            "version_id": doing.version_id,
            "effect": doing.effect,
            "do": doing.do,
            "recipient": f"member:{doing.member_id}",
            "level": 0,
            "amount": 0,
            "at": doing.at,
        }
        for doing in able.values()
    ]
    made = db.session.execute(
        insert(EffectApplication)
        .values(rows)
        .on_conflict_do_nothing()
        .returning(
            EffectApplication.event_key,
            EffectApplication.rule_id,
            EffectApplication.effect,
            EffectApplication.recipient,
        )
    ).all()
    names = {(row[0], row[1], row[2], row[3]) for row in made}
    for doing in (able[name] for name in sorted(names)):
        CARRIED[doing.do](merchant, doing)


def _take_back(merchant: Tenant, row: EffectApplication) -> None:
    _set(row, undone_at=clock.now())
    args = _args([row])[row.version_id, row.effect]
    member_id = _member(row.recipient)
    task = Task(row.rule_id, row.version_id, row.effect, row.do, args)
    TAKEN_BACK[row.do](merchant, _doing(task, row.event_key, member_id, row.at))


def _set(row: EffectApplication, **values: Any) -> None:
    mine = update(EffectApplication).where(EffectApplication.id == row.id)
    db.session.execute(mine.values(**values))


def _args(rows: Sequence[EffectApplication]) -> dict[tuple[int, int], Mapping[str, Any]]:
    """Return the arguments with which effects were done, by version and place."""
    found: dict[tuple[int, int], Mapping[str, Any]] = defaultdict(dict)
    query = select(RuleVersion).where(RuleVersion.id.in_({row.version_id for row in rows}))
    for version in db.session.scalars(query):
        for place, effect in enumerate(parse(version.body).effects):
            found[version.id, place] = effect.args
    return found
