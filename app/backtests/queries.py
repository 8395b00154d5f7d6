"""Who did something within a time, what it was, and what limits had given before; a few statements a batch."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app import sql
from app.backtests.rules import Event
from app.earnings.models import MemberEvent
from app.earnings.queries import said_by
from app.earnings.service import REMOVALS, key_of
from app.extensions import db
from app.members.models import Member
from app.orders.rules import State, goods_total
from app.profiles import queries as profiles
from app.profiles.rules import Facts, Used
from app.profiles.rules.due import caps_of, window_of
from app.profiles.rules.reaching import Growth, told_of
from app.runs.models import RunLine

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from zoneinfo import ZoneInfo

    from sqlalchemy import Select

    from app.profiles.queries import Known
    from app.profiles.rules import Rule
    from app.profiles.rules.due import Published, WindowKey

_LIVE = frozenset({State.REGISTERED, State.AGREED, State.COMPLETED})
_PAID = frozenset({State.AGREED, State.COMPLETED})
_ACTIVE = """
FROM member m WHERE m.key LIKE 'id:%%' AND (
 EXISTS (SELECT 1 FROM orders o WHERE o.tenant_id = m.tenant_id AND o.member_id = m.id
         AND o.created_at >= %(since)s::timestamptz AND o.created_at < %(until)s::timestamptz)
 OR EXISTS (SELECT 1 FROM member_event e WHERE e.tenant_id = m.tenant_id AND e.member_id = m.id
            AND e.happened_at >= %(since)s::timestamptz AND e.happened_at < %(until)s::timestamptz)
 OR (%(birthdays)s AND m.birthday IS NOT NULL))
"""
_BEFORE = """
SELECT rule_id, recipient, at, sum(amount) AS points, count(DISTINCT event_key) AS times
FROM effect_application
WHERE rule_id = ANY(%(rules)s) AND recipient = ANY(%(recipients)s) AND amount > 0
  AND at < %(since)s::timestamptz
GROUP BY rule_id, recipient, at
"""
_BY_ALL = """
SELECT rule_id, 'all:0' AS recipient, date_trunc('day', at, %(zone)s) AS at,
       sum(amount) AS points, count(DISTINCT event_key) AS times
FROM effect_application
WHERE rule_id = ANY(%(rules)s) AND amount > 0 AND at < %(since)s::timestamptz
GROUP BY rule_id, date_trunc('day', at, %(zone)s)
"""
_WHOSE = {"per_member": "member", "per_referrer": "referrer", "everybody": "all"}


@dataclass(frozen=True)
class Time:
    """What is looked over: from an instant until another, and whether birthdays are asked for."""

    since: datetime
    until: datetime
    birthdays: bool

    @property
    def values(self) -> dict[str, Any]:
        """The values of statements."""
        return {"since": self.since, "until": self.until, "birthdays": self.birthdays}

    def holds(self, at: datetime) -> bool:
        """Tell whether an instant lies within."""
        return self.since <= at < self.until


def count(time: Time) -> int:
    """Return how many customers with accounts did something."""
    return int(sql.one(f"SELECT count(*) AS n {_ACTIVE}", time.values).n)


def after(time: Time, cursor: int, most: int) -> list[int]:
    """Return the next of them after one, by id."""
    limits = "AND m.id > %(cursor)s ORDER BY m.id LIMIT %(most)s"
    found = sql.rows(
        f"SELECT m.id {_ACTIVE} {limits}", {**time.values, "cursor": cursor, "most": most}
    )
    return [row.id for row in found]


def events_of(
    known: Sequence[Known], time: Time, zone: ZoneInfo, rules: Sequence[Rule]
) -> dict[int, list[Event]]:
    """Return what happened to customers besides orders: reports, birthdays, orders that were reached."""
    found: dict[int, list[Event]] = defaultdict(list)
    by_id = {each.member.id: each for each in known}
    reports = db.session.scalars(
        select(MemberEvent)
        .where(
            MemberEvent.member_id.in_(by_id),
            MemberEvent.happened_at >= time.since,
            MemberEvent.happened_at < time.until,
        )
        .order_by(MemberEvent.happened_at, MemberEvent.id)
    ).all()
    removed = {_removed(each) for each in reports if each.type in REMOVALS}
    for each in reports:
        if each.type in REMOVALS:
            continue
        trigger, key = key_of(each.shop_id, each.member_id, each.external_id, each.type, each.data)
        if key not in removed:
            one = by_id[each.member_id]
            found[each.member_id].append(
                Event(
                    key,
                    trigger,
                    _facts(one, each.happened_at.astimezone(zone), said_by(trigger, each.data)),
                )
            )
    for one in known:
        found[one.member.id] += [*_birthdays(one, time, zone), *_reached(one, time, zone, rules)]
    return found


def _removed(event: MemberEvent) -> str:
    review = event.data.get("review", event.external_id)
    return f"{REMOVALS[event.type]}:{event.shop_id}:{review}"


def _birthdays(one: Known, time: Time, zone: ZoneInfo) -> Iterable[Event]:
    born = one.member.birthday
    if born is None or not time.birthdays:
        return
    for year in range(time.since.year, time.until.year + 1):
        on = profiles.birthday_in(born, year, one.person.leap)
        at = datetime(on.year, on.month, on.day, 9, tzinfo=zone)
        if time.holds(at):
            key = f"schedule.birthday:{one.member.id}:{year}"
            yield Event(key, "schedule.birthday", _facts(one, at, {}))


def _reached(one: Known, time: Time, zone: ZoneInfo, rules: Sequence[Rule]) -> Iterable[Event]:
    """Yield the levels that the customer's paid orders reached one after another, by number and sum."""
    total, trigger = 0, "metric.crossed"
    paid = [each for each in one.person.orders if each.folded.state in _PAID]
    for number, order in enumerate(paid, start=1):
        said = order.folded.snapshot
        before, total = total, total + goods_total(said)
        at = said.paid_at or said.created_at
        if not time.holds(at):
            continue
        for grown in (Growth("orders", number - 1, number), Growth("sum", before, total)):
            name = grown.metric
            for level in sorted({each for rule in rules for each in grown.crosses(rule)}):
                facts = _facts(one, at.astimezone(zone), said_by(trigger, told_of(name, level)))
                key = f"{trigger}:{one.member.id}:{name}:{level}"
                yield Event(key, trigger, facts, grown, level)


def _facts(one: Known, local: datetime, said: dict[str, Any]) -> Facts:
    """Return what was known of a customer at a moment; what nobody wrote down then is not known."""
    chain = profiles.chain_of(one.person, one.world, local)
    return profiles.event_facts(one.person, chain, local, said)


def given_before(
    rules: Collection[Published], recipients: Collection[str], since: datetime, zone: ZoneInfo
) -> dict[WindowKey, Used]:
    """Return what the limits of rules had given before an instant to some ("member:7", "referrer:8")."""
    values = {"recipients": sorted(recipients), "since": since}
    return _used(rules, {"per_member", "per_referrer"}, zone, _BEFORE, values)


def given_to_all(
    rules: Collection[Published], since: datetime, zone: ZoneInfo
) -> dict[WindowKey, Used]:
    """Return what the limits for everybody had given before an instant."""
    return _used(rules, {"everybody"}, zone, _BY_ALL, {"since": since, "zone": zone.key})


def _used(
    rules: Collection[Published],
    scopes: set[str],
    zone: ZoneInfo,
    statement: str,
    values: dict[str, Any],
) -> dict[WindowKey, Used]:
    caps = {
        each.rule_id: found
        for each in rules
        if (found := [(scope, cap) for scope, cap in caps_of(each.rule) if scope in scopes])
    }
    used: dict[WindowKey, Used] = {}
    for row in sql.rows(statement, {**values, "rules": sorted(caps)}) if caps else ():
        who, _colon, number = row.recipient.partition(":")
        for scope, cap in caps[row.rule_id]:
            if _WHOSE[scope] == who:
                window = window_of(cap, row.at.astimezone(zone))
                key = (row.rule_id, scope, int(number) or None, window)
                had = used.get(key, Used())
                used[key] = Used(had.points + int(row.points), had.times + row.times)
    return used


def people(run_id: int, *, gain: bool, most: int) -> Sequence[Any]:
    """Return who would get most more, or most less."""
    query = _people(run_id)
    query = query.where(RunLine.change > 0 if gain else RunLine.change < 0)
    order = RunLine.change.desc() if gain else RunLine.change
    return db.session.execute(query.order_by(order, RunLine.id).limit(most)).all()


def _people(run_id: int) -> Select[Any]:
    columns: tuple[Any, ...] = (RunLine.id, RunLine.before, RunLine.after, RunLine.change)
    return (
        select(*columns, Member)
        .join(Member, (Member.tenant_id == RunLine.tenant_id) & (Member.id == RunLine.subject))
        .where(RunLine.run_id == run_id, RunLine.kind == "member")
    )
