"""Promise messages for events, to whom each concerns, by the ways that were asked for."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.errors import DomainError, FieldError
from app.events.service import record
from app.extensions import db, kick_after_commit
from app.invitations import queries as invitations
from app.notifications import queries, rules
from app.notifications.models import Message
from app.notifications.rules import Channel, To
from app.profiles import queries as profiles
from app.sms import queries as sms_queries
from app.telegram import queries as telegram_queries
from app.tenants.queries import people_behind, was_in_shadow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from app.events.models import Event
    from app.identity.models import Person
    from app.notifications.queries import Customer
    from app.partners.models import Partner
    from app.tenants.models import Tenant


_NO_CONTEXT: Mapping[str, Any] = MappingProxyType({})
_TEXTED = (*rules.TEXTED, *rules.WORDED)


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
    told: Mapping[int, Sequence[int]]  # customers, by event
    customers: Mapping[int, Customer]
    texts: bool  # whether the merchant's SMS service is on


def promise(events: Sequence[Event]) -> list[int]:
    """Write one message per event, recipient and channel; return the ids of the new ones.

    Called again for the same events it adds nothing. Events older than rules.STALE by the scope's
    clock get none: they were imported, or happened at a moved time.
    """
    fresh = [e for e in events if e.type in rules.RULES and clock.now() - e.at < rules.STALE]
    if fresh:
        held = was_in_shadow()
        fresh = [
            e for e in fresh if rules.RULES[e.type].to not in rules.NOT_STAFF or not held(e.at)
        ]
    if not fresh:
        return []
    audience = _audience(fresh)
    told = [(event, reader) for event in fresh for reader in _readers(event, audience)]
    chats = telegram_queries.chats(reader.name for _event, reader in told)
    return _write(
        _row(event.id, reader, channel, address, event.type, context=_context(event))
        for event, reader in told
        for channel, address in _ways(event, reader, audience, chats.get(reader.name))
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
    _try_sms(phone, "sms.tried", locale, {"person_id": person_id})


def try_wording(
    person_id: int, texts: Mapping[str, Mapping[str, str]], locale: str, phone: str | None
) -> None:
    """Promise a trial of a message to customers: a letter to a member of staff, or an SMS to a number.

    Raises DomainError for an SMS where no service is on.
    """
    said = {"person_id": person_id, "texts": texts, "locale": locale}
    if phone is None:
        record("wording.tried", f"person:{person_id}", **said)
        return
    _try_sms(phone, "wording.tried", locale, said)


def _try_sms(phone: str, template: str, locale: str, said: dict[str, Any]) -> None:
    if not _texts_go(queries.tenant()):
        words = _("Set up a service first, and switch it on.")
        raise DomainError("no_service", words, FieldError("phone", words))
    name = f"person:{said['person_id']}"
    event = record("sms.tried", name, **said)
    db.session.flush()
    _write([_row(event.id, Reader(name, None, locale), Channel.SMS, phone, template)])
    kick_after_commit("sweep")


def _context(event: Event) -> Mapping[str, Any]:
    """Return which of the merchant's messages it is, for the list of what was sent."""
    return {"text": event.facts["text"]} if "text" in event.facts else _NO_CONTEXT


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
    told = {e.id: _told(e) for e in events if rules.RULES[e.type].to is To.CUSTOMER}
    return Audience(
        merchant,
        queries.switches(),
        {roles: queries.staff(merchant, roles) for roles in {r.roles for r in wanted} if roles},
        queries.partners(number for number in ids if number is not None),
        told,
        queries.customers(number for ids in told.values() for number in ids),
        texts=any(e.type in _TEXTED for e in events) and _texts_go(merchant),
    )


def _told(event: Event) -> Sequence[int]:
    """Return the customers whom an event is told to: mostly the one whom it names."""
    if event.facts.get("to") == "owner":
        return profiles.owners_paid(event.facts["event"], event.facts["rule"])
    return [int(event.facts.get("member_id") or 0)]


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
    context: Mapping[str, Any] = _NO_CONTEXT,
) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "recipient": reader.name,
        "address": address,
        "channel": channel,
        "template": kind,
        "locale": reader.locale,
        "context": dict(context),
        "due_at": due or clock.wall(),
        "created_at": clock.wall(),
    }


def _ways(
    event: Event, reader: Reader, audience: Audience, chat: int | None
) -> Iterator[tuple[str, str]]:
    """Give the channels by which a reader is told, each with its address."""
    if rules.RULES[event.type].to is To.CUSTOMER:
        yield from rules.customer_ways(
            event.type, event.facts, reader.email, reader.phone, texts=audience.texts
        )
        return

    def wanted(channel: str) -> bool:
        return rules.is_wanted(
            event.type,
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
        known = people_behind(event.actor) if event.type in rules.FOR_OTHERS else frozenset()
        for member in (each for each in audience.staff[rule.roles] if each.id not in known):
            yield Reader(f"person:{member.id}", member.email, member.locale or merchant.locale)
    elif rule.to is To.PERSON:
        person = queries.person(rules.person_of(event.subject, event.facts) or 0)
        if person is not None:
            locale = event.facts.get("locale") or person.locale or merchant.locale
            yield Reader(f"person:{person.id}", person.email, locale)
    elif rule.to is To.CUSTOMER:
        yield from _customer(event, audience)
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


def _customer(event: Event, audience: Audience) -> Iterator[Reader]:
    if not rules.asks_customer(event.type, event.facts):
        return
    for number in audience.told[event.id]:
        known = audience.customers.get(number)
        if known is None or (event.type in rules.TO_CUSTOMERS and not known.wanted):
            continue
        found = queries.as_said(known, event.facts)
        locale = found.locale or audience.merchant.locale
        yield Reader(f"member:{found.id}", found.email, locale, phone=found.phone)


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
