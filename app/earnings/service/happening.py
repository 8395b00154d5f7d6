"""What customers do besides ordering: it is reported or comes by the calendar, and rules give for it."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import select

from app import clock
from app.bonuses import service as wallet
from app.bonuses.rules import Grant
from app.bonuses.service import TakeBack
from app.earnings import queries
from app.earnings.models import MemberEvent
from app.earnings.service import acting
from app.earnings.service.applications import of_event, write_applications
from app.errors import Conflict
from app.extensions import db
from app.members import service as members
from app.profiles import queries as profiles
from app.profiles.rules import Run, evaluate, settle
from app.profiles.rules.doing import tasks_of
from app.profiles.rules.due import expiry, window_of
from app.profiles.service import keep
from app.tenants.queries import setting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from app.earnings.service.applications import Name
    from app.profiles.rules import Applied, Used
    from app.profiles.rules.due import Earning, Published
    from app.tenants.models import Tenant

# What a report is called, the trigger it sets off, and what makes two of them one.
TRIGGERS = {
    "registered": ("member.registered", "member"),
    "profile_updated": ("member.profile_updated", "member"),
    "subscribed": ("member.subscribed", "list"),
    "review.published": ("review.published", "review"),
}
REMOVALS = {"review.removed": "review.published"}


def report(
    merchant: Tenant,
    shop_id: int,
    member_id: int,
    name: str,
    kind: str,
    data: Mapping[str, Any],
    at: datetime | None,
) -> MemberEvent:
    """Take in a report once by `name`, the id its sender gave it, and give what rules give for it.

    The same report said again changes nothing; another one under the same name is a Conflict.
    """
    said = {"member": member_id, "type": kind, "data": data, "at": at.isoformat() if at else None}
    mark = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    wallet.bring_up([member_id])  # the lock: two at once are one after the other
    found = db.session.scalar(
        select(MemberEvent).where(MemberEvent.shop_id == shop_id, MemberEvent.external_id == name)
    )
    if found is not None:
        if found.body_hash != mark:
            raise Conflict("other_event", _("Another event was reported under this id."))
        return found
    made = MemberEvent(
        shop_id=shop_id,
        external_id=name,
        member_id=member_id,
        type=kind,
        data=dict(data),
        body_hash=mark,
        happened_at=at or clock.now(),
        received_at=clock.now(),
    )
    db.session.add(made)
    db.session.flush()
    if kind in REMOVALS:
        take_back(merchant, f"{REMOVALS[kind]}:{shop_id}:{data.get('review', name)}")
    else:
        trigger, key = key_of(shop_id, member_id, name, kind, data)
        happened(merchant, trigger, key, member_id, made.happened_at, data)
    return made


def key_of(
    shop_id: int, member_id: int, name: str, kind: str, data: Mapping[str, Any]
) -> tuple[str, str]:
    """Return the trigger that a report sets off, and the key that makes two of them one."""
    if kind not in TRIGGERS:
        return "external.event", f"external.event:{shop_id}:{name}"
    trigger, by = TRIGGERS[kind]
    once = {
        "member": str(member_id),
        "list": f"{member_id}:{data.get('list', '')}",
        "review": f"{shop_id}:{data.get('review', name)}",
    }
    return trigger, f"{trigger}:{once[by]}"


def happened(
    merchant: Tenant,
    trigger: str,
    key: str,
    member_id: int,
    at: datetime,
    data: Mapping[str, Any] | None = None,
    *,
    rules: Sequence[Published] | None = None,
    again: bool = False,
) -> None:
    """Give what the rules that hold give for an event, once by `key`. The customer's account is locked.

    `rules`: only those; `again`: what was taken back of it is given once more, for it is true again.
    """
    rules = profiles.live(trigger) if rules is None else rules
    if not rules or not setting("loyalty") or not queries.with_accounts([member_id]):
        return
    wallet.bring_up([member_id])
    zone = ZoneInfo(merchant.timezone)
    facts = queries.facts(member_id, trigger, at.astimezone(zone), data or {})
    versions = {each.rule_id: each.version_id for each in rules}
    runs = [Run(r.rule_id, r.rule, evaluate(r.rule, facts)) for r in rules]
    used = _used(merchant, rules, key, at.astimezone(zone))
    program = queries.earning()
    applied = settle(runs, used, program.rounding)
    keep(key, rules, runs, applied, member_id=member_id)
    acting.perform(merchant, key, member_id, tasks_of(runs, versions), at, again=again, data=data)
    due = [one for one in applied if one.amount > 0 and one.to.who != "owner"]
    able = queries.with_accounts(one.to.id for one in due)
    before = of_event(key)
    rows, grants = [], []
    for one in due:
        row = before.get(_name(one))
        if one.to.id in able and (row is None or (again and row.undone_at is not None)):
            grants.append(_grant(one, key, at, program, zone, row.times_undone if row else 0))
            rows.append(_row(one, versions[one.rule], key, at))
    # An event that comes again, when its rule says another sum by now, has still given the first one.
    made = wallet.grant(grants)
    rows = [row for row, grant in zip(rows, grants, strict=True) if grant.reference in made]
    if rows:
        write_applications(rows)


def _name(one: Applied) -> Name:
    return one.rule, one.effect, f"{one.to.who}:{one.to.id}", one.to.level


def _used(
    merchant: Tenant, rules: Sequence[Published], key: str, local: datetime
) -> dict[tuple[int, str, int | None], Used]:
    """Return what limits have given in the windows that hold at a moment."""
    taken = queries.taken(merchant, rules, {key})
    found = {}
    for each in rules:
        limits = each.rule.limits
        for scope in ("per_member", "per_referrer", "everybody"):
            cap = getattr(limits, scope)
            if cap is None:
                continue
            now = window_of(cap, local)
            for (rule, of, recipient, window), used in taken.items():
                if (rule, of, window) == (each.rule_id, scope, now):
                    found[rule, of, recipient] = used
    return found


def _reference(key: str, name: Name, times: int) -> str:
    """Name a lot: by its event, rule, effect and recipient; `times` it was taken back before."""
    rule, effect, recipient, level = name
    base = f"profile:{key}:{rule}:{effect}:{recipient}:{level}"
    return f"{base}:{times + 1}" if times else base


def _grant(
    one: Applied, key: str, at: datetime, program: Earning, zone: ZoneInfo, times: int
) -> Grant:
    delay = (one.delay or {"days": program.delay_days}).get("days", 0)
    usable = at + timedelta(days=delay) if delay else None
    return Grant(
        member_id=one.to.id or 0,
        amount=one.amount,
        reference=_reference(key, _name(one), times),
        kind="profile",
        activates_at=usable,
        expires_at=expiry(one, usable or clock.now(), program, zone),
        reason=one.args.get("comment"),
    )


def _row(one: Applied, version_id: int, key: str, at: datetime) -> dict[str, object]:
    return {
        "event_key": key,
        "rule_id": one.rule,
        "version_id": version_id,
        "effect": one.effect,
        "do": one.do,
        "recipient": f"{one.to.who}:{one.to.id}",
        "level": one.to.level,
        "amount": one.amount,
        "at": at,
    }


def take_back(merchant: Tenant, key: str) -> None:
    """Take back what an event gave: it is no more (a review was removed)."""
    items = []
    for name, row in of_event(key).items():
        if row.amount <= 0:
            continue
        lot = _reference(key, name, row.times_undone)
        items.append(TakeBack(reference=f"{lot}:back", lot_reference=lot, amount=row.amount))
        row.amount, row.undone_at, row.times_undone = 0, clock.now(), row.times_undone + 1
    db.session.flush()
    wallet.take_back(items)
    acting.undo(merchant, key)


def birthdays(merchant: Tenant) -> int:
    """Give the day's birthday presents, each once a year; return how many customers were looked at."""
    if not setting("loyalty") or not profiles.live("schedule.birthday"):
        return 0
    now = clock.now()
    local = now.astimezone(ZoneInfo(merchant.timezone))
    found = queries.born_today(local.date())
    for member_id in found:
        key = f"schedule.birthday:{member_id}:{local.year}"
        happened(merchant, "schedule.birthday", key, member_id, now)
    presented = queries.presented(found, local.year)
    members.freeze_birthdays(presented, now)
    return len(found)
