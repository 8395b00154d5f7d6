"""Promise letters for events, and keep account of each until it is sent or given up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, select, update
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.errors import NotFound
from app.events.service import actor, record
from app.extensions import db
from app.facts import service as facts
from app.notifications import queries, rules
from app.notifications.models import CapturedLetter, Message
from app.notifications.rules import Fate, Outcome, To
from app.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from app.events.models import Event
    from app.identity.models import Person
    from app.notifications.letters import Letter
    from app.partners.models import Partner
    from app.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where one letter goes."""

    name: str  # "person:3", "partner:7"
    address: str
    locale: str


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may be told of a batch of events."""

    merchant: Tenant
    switches: Mapping[str, Any]
    staff: Mapping[tuple[str, ...], Sequence[Person]]
    partners: Mapping[int, Partner]


@dataclass(frozen=True, slots=True)
class Taken:
    """One message under lease, for one attempt."""

    id: int
    attempts: int


def promise(events: Sequence[Event]) -> list[int]:
    """Write one message per event, recipient and channel; return the ids of the new ones.

    Called again for the same events it adds nothing. Events older than rules.STALE by the scope's
    clock get none: they were imported, or happened at a moved time.
    """
    fresh = [e for e in events if e.type in rules.RULES and clock.now() - e.at < rules.STALE]
    if not fresh:
        return []
    audience = _audience(fresh)
    rows = [_row(event, recipient) for event in fresh for recipient in _recipients(event, audience)]
    if not rows:
        return []
    statement = insert(Message).values(rows).on_conflict_do_nothing().returning(Message.id)
    return list(db.session.scalars(statement))


def _audience(events: Sequence[Event]) -> Audience:
    """Read once for the whole batch."""
    merchant, wanted = queries.tenant(), [rules.RULES[e.type] for e in events]
    ids = {rules.partner_of(e.subject, e.facts) for e in events}
    return Audience(
        merchant,
        queries.switches(),
        {roles: queries.staff(merchant, roles) for roles in {r.roles for r in wanted} if roles},
        queries.partners(number for number in ids if number is not None),
    )


def _row(event: Event, recipient: Recipient) -> dict[str, Any]:
    return {
        "event_id": event.id,
        "recipient": recipient.name,
        "address": recipient.address,
        "channel": "email",
        "template": event.type,
        "locale": recipient.locale,
        "due_at": clock.wall(),
        "created_at": clock.wall(),
    }


def _recipients(event: Event, audience: Audience) -> Iterator[Recipient]:
    rule, merchant = rules.RULES[event.type], audience.merchant
    if event.type == "deal.held" and "run" in event.facts:
        return  # a re-run over older orders is no hundred letters: the desk counts them
    if rule.to is To.STAFF:
        for member in audience.staff[rule.roles]:
            yield Recipient(f"person:{member.id}", member.email, member.locale or merchant.locale)
    elif rule.to is To.PERSON:
        person = queries.person(rules.person_of(event.subject, event.facts) or 0)
        if person is not None:
            locale = event.facts.get("locale") or person.locale or merchant.locale
            yield Recipient(f"person:{person.id}", person.email, locale)
    elif rule.to in {To.ADDRESS, To.OPERATOR}:
        yield from _of_platform(event, rule.to, merchant)
    elif rule.to is To.APPLICANT:
        asked = queries.applicant(event.subject)
        if asked is not None:
            yield Recipient(f"request:{asked.id}", asked.email, asked.locale)
    else:
        yield from _partner(event, audience)


def _of_platform(event: Event, to: To, merchant: Tenant) -> Iterator[Recipient]:
    """Yield who is told of a sign-up: whoever asked, or those who run the platform."""
    if to is To.ADDRESS:
        yield Recipient(event.subject, event.facts["email"], event.facts["locale"])
        return
    for member in queries.operators():
        yield Recipient(f"person:{member.id}", member.email, member.locale or merchant.locale)


def _partner(event: Event, audience: Audience) -> Iterator[Recipient]:
    partner = audience.partners.get(rules.partner_of(event.subject, event.facts) or 0)
    if partner is None or not rules.promises(event.type, event.facts, partner.status):
        return
    # A changed address is told of the change at the old one.
    address = event.facts.get("old_email") or partner.email
    if address and rules.is_wanted(event.type, switches=audience.switches, muted=partner.muted):
        yield Recipient(f"partner:{partner.id}", address, partner.locale)


def take(message_id: int) -> Taken | None:
    """Take the lease of a message for one attempt; None when another has it or it is done.

    A message whose attempts all ended without a word (killed senders) is given up here.
    """
    now = clock.wall()
    spent = Message.attempts >= rules.MAX_ATTEMPTS
    statement = (
        update(Message)
        .where(_is(message_id), Message.state.in_(queries.WAITING), Message.due_at <= now)
        .values(
            state=case((spent, "dead"), else_="sending"),
            problem=case((spent, "interrupted"), else_=Message.problem),
            attempts=case((spent, Message.attempts), else_=Message.attempts + 1),
            lease_until=now + rules.LEASE,
            due_at=now + rules.LEASE,
        )
        .returning(Message.id, Message.attempts, Message.state)
    )
    row = db.session.execute(statement).one_or_none()
    return Taken(row.id, row.attempts) if row and row.state == "sending" else None


def settle(taken: Taken, outcome: Outcome) -> None:
    """Write how an attempt ended. One that outlived its lease changes only what it knows: sent."""
    now = clock.wall()
    values: dict[str, Any] = {"problem": outcome.problem, "lease_until": None}
    mine = [_is(taken.id)]
    if outcome.fate is Fate.SENT:
        values |= {"state": "sent", "sent_at": now}
        mine.append(Message.state != "sent")
    else:
        mine += [Message.state == "sending", Message.attempts == taken.attempts]
        pause = rules.pause_after(taken.attempts) if outcome.fate is Fate.LATER else None
        values |= {"state": "due", "due_at": now + pause} if pause else {"state": "dead"}
    db.session.execute(update(Message).where(*mine).values(**values))


def capture(message_id: int, letter: Letter) -> None:
    """Keep a letter of test mode where its office reads it; kept twice it stands once."""
    values = {
        "message_id": message_id,
        "sender": letter.sender,
        "recipient": letter.to,
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
        "at": clock.now(),
    }
    db.session.execute(insert(CapturedLetter).values(values).on_conflict_do_nothing())


def again(message_id: int) -> None:
    """Let a dead message be tried anew, from its first attempt. Raises NotFound."""
    statement = (
        update(Message)
        .where(_is(message_id), Message.state == "dead")
        .values(state="due", attempts=0, due_at=clock.wall(), problem=None)
        .returning(Message.id)
    )
    if db.session.scalar(statement) is None:
        raise NotFound


def mute(partner_id: int, kind: str, *, off: bool = True) -> None:
    """Turn a notice off (or on again) for one partner. Raises NotFound for what cannot be."""
    partner = queries.partner(partner_id)
    if partner is None or kind not in rules.NOTICES:
        raise NotFound
    rest = [name for name in partner.muted if name != kind]
    partner.muted = [*rest, kind] if off else rest


def switch(wishes: Mapping[str, bool]) -> None:
    """Let the merchant's notices be on or off for all partners; records merchant.settings_changed."""
    before = queries.switches()
    after = {**before, **{kind: on for kind, on in wishes.items() if kind in rules.NOTICES}}
    if facts.put("merchant", "notices", after, actor=actor()):
        changes = {"notices": [before, after]}
        record("merchant.settings_changed", f"merchant:{current_tenant()}", changes=changes)


def get(message_id: int) -> Message:
    """Return one message. Raises NotFound."""
    message = db.session.scalars(select(Message).where(_is(message_id))).one_or_none()
    if message is None:
        raise NotFound
    return message


def _is(message_id: int) -> Any:
    return (Message.tenant_id == current_tenant()) & (Message.id == message_id)
