"""Promise messages for events, and keep account of each until it is sent or given up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import case, select, update
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.errors import DomainError, FieldError, NotFound
from app.events.service import actor, record
from app.extensions import db, kick_after_commit
from app.facts import service as facts
from app.invitations import queries as invitations
from app.notifications import queries, rules
from app.notifications.models import CapturedLetter, Message
from app.notifications.rules import Channel, To
from app.outcomes import Fate, Outcome
from app.sms import queries as sms_queries
from app.sms import service as sms
from app.telegram import queries as telegram_queries
from app.telegram import service as telegram
from app.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from app.events.models import Event
    from app.identity.models import Person
    from app.notifications.letters import Letter
    from app.partners.models import Partner
    from app.tenants.models import Tenant


SHORT_SUBJECT = 80  # characters of an SMS that stand for it in a list


@dataclass(frozen=True, slots=True)
class Reader:
    """Who is told of one event, and what he wants of it."""

    name: str  # "person:3", "partner:7", "invitation:9"
    email: str | None
    locale: str
    phone: str | None = None
    muted: Sequence[Any] = ()
    texted: Sequence[Any] = ()


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may be told of a batch of events."""

    merchant: Tenant
    switches: Mapping[str, Any]
    staff: Mapping[tuple[str, ...], Sequence[Person]]
    partners: Mapping[int, Partner]
    texts: bool  # whether the merchant's SMS service is on


@dataclass(frozen=True, slots=True)
class Taken:
    """One message under lease, for one attempt."""

    id: int
    attempts: int
    channel: str = Channel.EMAIL


def promise(events: Sequence[Event]) -> list[int]:
    """Write one message per event, recipient and channel; return the ids of the new ones.

    Called again for the same events it adds nothing. Events older than rules.STALE by the scope's
    clock get none: they were imported, or happened at a moved time.
    """
    fresh = [e for e in events if e.type in rules.RULES and clock.now() - e.at < rules.STALE]
    if not fresh:
        return []
    audience = _audience(fresh)
    told = [(event, reader) for event in fresh for reader in _readers(event, audience)]
    chats = telegram_queries.chats(reader.name for _event, reader in told)
    return _write(
        _row(event.id, reader, channel, address, event.type)
        for event, reader in told
        for channel, address in _ways(event.type, reader, audience, chats.get(reader.name))
    )


def write(event_id: int, kind: str, readers: Sequence[tuple[Reader, datetime]]) -> list[int]:
    """Write the letters of one event to many readers, each due at its moment; those there already stay.

    For what is sent at a pace; whether each is wanted is asked when it is written out.
    """
    return _write(
        _row(event_id, reader, Channel.EMAIL, reader.email or "", kind, due_at)
        for reader, due_at in readers
    )


def try_sms(phone: str, person_id: int, locale: str) -> None:
    """Promise a trial SMS to a number in E.164; it counts against the caps as any other.

    Raises DomainError where no service is on.
    """
    if not _texts_go(queries.tenant()):
        words = _("Set up a service first, and switch it on.")
        raise DomainError("no_service", words, FieldError("phone", words))
    event = record("sms.tried", f"person:{person_id}", person_id=person_id)
    db.session.flush()
    reader = Reader(f"person:{person_id}", None, locale)
    _write([_row(event.id, reader, Channel.SMS, phone, "sms.tried")])
    kick_after_commit("sweep")


def text_code(code_id: int, phone: str, member_id: int, locale: str) -> None:
    """Promise the SMS with a code that a customer asked for; the code is reckoned as it is written."""
    if not _texts_go(queries.tenant()):
        return
    event = record("card.code_asked", f"member:{member_id}", member_id=member_id, code=code_id)
    db.session.flush()
    reader = Reader(f"member:{member_id}", None, locale)
    _write([_row(event.id, reader, Channel.SMS, phone, "card.code_asked")])
    kick_after_commit("sweep")


def _write(rows: Iterable[dict[str, Any]]) -> list[int]:
    values = list(rows)
    if not values:
        return []
    statement = insert(Message).values(values).on_conflict_do_nothing().returning(Message.id)
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
        texts=any(e.type in rules.TEXTED for e in events) and _texts_go(merchant),
    )


def _texts_go(merchant: Tenant) -> bool:
    """Whether SMS are written: by the merchant's service, or for the mailbox of test mode."""
    return merchant.twin_of is not None or sms_queries.is_on()


def _row(
    event_id: int,
    reader: Reader,
    channel: str,
    address: str,
    kind: str,
    due: datetime | None = None,
) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "recipient": reader.name,
        "address": address,
        "channel": channel,
        "template": kind,
        "locale": reader.locale,
        "due_at": due or clock.wall(),
        "created_at": clock.wall(),
    }


def _ways(
    kind: str, reader: Reader, audience: Audience, chat: int | None
) -> Iterator[tuple[str, str]]:
    """Give the channels by which a reader is told, each with its address."""

    def wanted(channel: str) -> bool:
        return rules.is_wanted(
            kind,
            switches=audience.switches,
            muted=reader.muted,
            texted=reader.texted,
            channel=channel,
        )

    if reader.email and wanted(Channel.EMAIL):
        yield Channel.EMAIL, reader.email
    if chat is not None and wanted(Channel.TELEGRAM):
        yield Channel.TELEGRAM, str(chat)
    if audience.texts and reader.phone and wanted(Channel.SMS):
        yield Channel.SMS, reader.phone


def _readers(event: Event, audience: Audience) -> Iterator[Reader]:
    rule, merchant = rules.RULES[event.type], audience.merchant
    if event.type in rules.QUIET_IN_RUNS and "run" in event.facts:
        return
    if rule.to is To.STAFF:
        for member in audience.staff[rule.roles]:
            yield Reader(f"person:{member.id}", member.email, member.locale or merchant.locale)
    elif rule.to is To.PERSON:
        person = queries.person(rules.person_of(event.subject, event.facts) or 0)
        if person is not None:
            locale = event.facts.get("locale") or person.locale or merchant.locale
            yield Reader(f"person:{person.id}", person.email, locale)
    elif rule.to is To.CUSTOMER:
        yield from _customer(event, merchant)
    elif rule.to in {To.APPLICANT, To.GUEST, To.ADDRESS}:
        yield from _newcomer(event, rule.to)
    elif rule.to is To.OPERATOR:
        for member in queries.operators():
            yield Reader(f"person:{member.id}", member.email, member.locale or merchant.locale)
    else:
        yield from _partner(event, audience)


def _newcomer(event: Event, to: To) -> Iterator[Reader]:
    """Whoever asks to join or to sign up, or is asked to join."""
    if to is To.ADDRESS:
        yield Reader(event.subject, event.facts["email"], event.facts["locale"])
        return
    if to is To.APPLICANT:
        asked = queries.applicant(event.subject)
        if asked is not None:
            yield Reader(f"request:{asked.id}", asked.email, asked.locale)
        return
    guest = invitations.by_id(int(event.facts["invitation_id"]))
    if guest is not None:
        yield Reader(f"invitation:{guest.id}", guest.email, guest.locale)


def _customer(event: Event, merchant: Tenant) -> Iterator[Reader]:
    if not rules.asks_customer(event.type, event.facts):
        return
    found = queries.customer(event.facts)
    if found is not None and found.email is not None:
        yield Reader(f"member:{found.id}", found.email, found.locale or merchant.locale)


def _partner(event: Event, audience: Audience) -> Iterator[Reader]:
    partner = audience.partners.get(rules.partner_of(event.subject, event.facts) or 0)
    if partner is None or not rules.promises(event.type, event.facts, partner.status):
        return
    # A changed address is told of the change at the old one.
    address = event.facts.get("old_email") or partner.email
    yield Reader(
        f"partner:{partner.id}",
        address,
        partner.locale,
        phone=partner.phone,
        muted=partner.muted,
        texted=partner.texted,
    )


def take(message_id: int) -> Taken | None:
    """Take the lease of a message for one attempt; None when another has it or it is done.

    A message whose attempts all ended without a word (killed senders) is given up here. An SMS whose
    sender fell may have gone, and costs money: it is unknown, and people decide.
    """
    now = clock.wall()
    spent = Message.attempts >= rules.MAX_ATTEMPTS
    fell = (Message.channel == Channel.SMS) & (Message.state == "sending")
    statement = (
        update(Message)
        .where(_is(message_id), Message.state.in_(queries.WAITING), Message.due_at <= now)
        .values(
            state=case((fell, "unknown"), (spent, "dead"), else_="sending"),
            problem=case((fell | spent, "interrupted"), else_=Message.problem),
            attempts=case((fell | spent, Message.attempts), else_=Message.attempts + 1),
            lease_until=now + rules.LEASE,
            due_at=now + rules.LEASE,
        )
        .returning(Message.id, Message.attempts, Message.channel, Message.state)
    )
    row = db.session.execute(statement).one_or_none()
    taken = row is not None and row.state == "sending"
    return Taken(row.id, row.attempts, row.channel) if row and taken else None


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
        lost = "unknown" if outcome.fate is Fate.UNKNOWN else "dead"
        values |= {"state": "due", "due_at": now + pause} if pause else {"state": lost}
    settled = update(Message).where(*mine).values(**values).returning(Message.address)
    address = db.session.scalar(settled)
    if address is not None and outcome.unspent:
        sms.give_back(address)
    if address is not None and outcome.gone:
        telegram.forget(int(address))


def capture(message_id: int, letter: Letter) -> None:
    """Keep a letter of test mode where its office reads it; kept twice it stands once."""
    _keep(
        message_id,
        channel=Channel.EMAIL.value,
        sender=letter.sender,
        recipient=letter.to,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
    )


def capture_short(message: Message, sender: str, recipient: str, text: str) -> None:
    """Keep an SMS or a chat message of test mode beside its letters, by its first line."""
    subject = rules.one_line(text.strip().partition("\n")[0], SHORT_SUBJECT)
    said = {"channel": message.channel, "sender": sender, "recipient": recipient}
    _keep(message.id, **said, subject=subject, text=text, html="")


def _keep(message_id: int, **said: str) -> None:
    values = {"message_id": message_id, "at": clock.now(), **said}
    db.session.execute(insert(CapturedLetter).values(values).on_conflict_do_nothing())


def again(message_id: int) -> None:
    """Let a dead or unknown message be tried anew, from its first attempt. Raises NotFound."""
    statement = (
        update(Message)
        .where(_is(message_id), Message.state.in_(("dead", "unknown")))
        .values(state="due", attempts=0, due_at=clock.wall(), problem=None)
        .returning(Message.id)
    )
    if db.session.scalar(statement) is None:
        raise NotFound


def call_off(event_id: int) -> None:
    """Give up the messages of an event that have not gone."""
    mine = (Message.tenant_id == current_tenant()) & (Message.event_id == event_id)
    waiting = update(Message).where(mine, Message.state == "due")
    db.session.execute(waiting.values(state="dead", problem="stopped"))


def mute(partner_id: int, kind: str, *, off: bool = True) -> None:
    """Turn a notice off (or on again) for one partner. Raises NotFound for what cannot be."""
    partner = queries.partner(partner_id)
    if partner is None or kind not in rules.NOTICES:
        raise NotFound
    rest = [name for name in partner.muted if name != kind]
    partner.muted = [*rest, kind] if off else rest


def switch(wishes: Mapping[str, bool]) -> None:
    """Let the merchant's notices be on or off for all partners; records merchant.settings_changed.

    Names: a notice for letters, "telegram:" or "sms:" and a kind for the other channels.
    """
    before = queries.switches()
    after = {**before, **{name: on for name, on in wishes.items() if rules.is_switch(name)}}
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
