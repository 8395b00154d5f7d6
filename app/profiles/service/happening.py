"""Something happened to a customer: the rules of its trigger are asked, and give what they give, once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.bonuses import queries as bonuses
from app.bonuses import service as wallet
from app.bonuses.rules import Grant
from app.extensions import db
from app.members.models import Member
from app.profiles import queries
from app.profiles.models import EffectApplication, RuleEvaluation
from app.profiles.rules import Facts, Run, Used, evaluate, settle
from app.profiles.rules.due import Earning, caps_of, expiry, window_start

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from app.profiles.rules import Applied, Evaluation
    from app.profiles.rules.due import Published
    from app.tenants.models import Tenant

GIVES = frozenset({"member", "referrer"})


@dataclass(frozen=True, kw_only=True)
class Happening:
    """What set rules off. `key` names it: the same key gives nothing a second time."""

    trigger: str
    key: str
    member_id: int
    said: Mapping[str, Any] = field(default_factory=dict)


def happened(merchant: Tenant, what: Happening) -> list[Applied]:
    """Ask the published rules of the trigger, and give what is due; twice it gives nothing more.

    Rules of orders are no business of this: what orders earn is reconciled. Every look is kept with all
    its answers. Returns what was given now.
    """
    zone = ZoneInfo(merchant.timezone)
    rules = queries.live(what.trigger)
    if not rules:
        return []
    member = db.session.scalars(
        select(Member).where(Member.id == what.member_id).with_for_update()
    ).one()
    now = clock.now()
    facts = _facts(member, what, now.astimezone(zone))
    looks = {each.rule_id: evaluate(each.rule, facts) for each in rules}
    runs = [Run(each.rule_id, each.rule, looks[each.rule_id]) for each in rules]
    known = {each.rule_id: each for each in rules}
    applied = settle(runs, _used(rules, now.astimezone(zone)))
    given = _apply(what, [each for each in applied if each.amount], known, now)
    _keep(what, known, looks, applied, now)
    _grant(what, given, zone)
    return given


def _facts(member: Member, what: Happening, local: datetime) -> Facts:
    since = member.registered_at or member.created_at
    known = {
        "member.group": member.group,
        "member.registered_days_ago": max((local - since).days, 0),
        "member.birthday_in_days": queries.days_until(member.birthday, local.date()),
        "time.date": local.date(),
        "time.weekday": local.isoweekday(),
        "time.hour": local.hour,
    }
    return Facts(at=local, member_id=member.id, said={**known, **what.said})


def _used(rules: Sequence[Published], local: datetime) -> dict[tuple[int, str, int | None], Used]:
    """Return what limits have given in the windows that hold now."""
    found: dict[tuple[int, str, int | None], Used] = {}
    for each in rules:
        for scope, cap in caps_of(each.rule):
            row = EffectApplication
            who = {"per_member": "member", "per_referrer": "referrer"}.get(scope)
            sums = (func.sum(row.amount), func.count(row.event_key.distinct()))
            query = select(row.recipient, *sums).where(row.rule_id == each.rule_id)
            start = window_start(cap, local)
            if start is not None:
                query = query.where(row.at >= start)
            total, times = 0, 0
            for recipient, points, count in db.session.execute(query.group_by(row.recipient)):
                kind, _colon, number = recipient.partition(":")
                total, times = total + int(points), times + count
                if kind == who:
                    found[each.rule_id, scope, int(number)] = Used(int(points), count)
            if who is None:
                found[each.rule_id, scope, None] = Used(total, times)
    return found


def _apply(
    what: Happening, applied: Sequence[Applied], known: Mapping[int, Published], now: datetime
) -> list[Applied]:
    """Write down each effect once; return those that were not written before."""
    given = []
    for each in applied:
        row = {
            "event_key": what.key,
            "rule_id": each.rule,
            "version_id": known[each.rule].version_id,
            "effect": each.effect,
            "do": each.do,
            "recipient": f"{each.to.who}:{each.to.id}",
            "level": each.to.level,
            "amount": each.amount,
            "at": now,
        }
        made = insert(EffectApplication).values(row).on_conflict_do_nothing()
        if db.session.scalar(made.returning(EffectApplication.id)) is not None:
            given.append(each)
    return given


def _keep(
    what: Happening,
    known: Mapping[int, Published],
    looks: Mapping[int, Evaluation],
    applied: Sequence[Applied],
    now: datetime,
) -> None:
    for rule_id, look in looks.items():
        row = {
            "rule_id": rule_id,
            "version_id": known[rule_id].version_id,
            "event_key": what.key,
            "member_id": what.member_id,
            "order_id": None,
            "matched": look.matched,
            "trace": queries.trace_json(look.trace),
            "effects": queries.effects_json(each for each in applied if each.rule == rule_id),
            "at": now,
        }
        db.session.execute(insert(RuleEvaluation).values(row).on_conflict_do_nothing())


def _activates(applied: Applied, now: datetime, program: Earning) -> datetime | None:
    days = (applied.delay or {"days": program.delay_days}).get("days", 0)
    return now + timedelta(days=days) if days else None


def _grant(what: Happening, given: Sequence[Applied], zone: ZoneInfo) -> None:
    program, now = bonuses.program(), clock.now()
    earning = Earning(
        on=program.earn_on,
        while_redeeming=program.earn_while_redeeming,
        delay_days=program.delay_days,
        expires_days=program.expires_days,
    )
    wallet.grant(
        [
            Grant(
                member_id=each.to.id,
                amount=each.amount,
                reference=f"profile:{what.key}:{each.rule}:{each.effect}:{each.to.id}",
                kind="profile",
                activates_at=_activates(each, now, earning),
                expires_at=expiry(each, _activates(each, now, earning) or now, earning, zone),
                reason=each.args.get("comment"),
            )
            for each in given
            if each.to.who in GIVES and each.to.id is not None and each.to.id > 0
        ]
    )
