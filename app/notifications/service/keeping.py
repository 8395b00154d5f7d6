"""Keep account of each message until it is sent or given up, and of who wants which."""

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
from app.members import service as members
from app.notifications import queries, rules
from app.notifications.models import CapturedLetter, Message
from app.notifications.rules import Channel
from app.outcomes import Fate, Outcome
from app.sms import service as sms
from app.telegram import service as telegram
from app.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.notifications.letters import Letter

SHORT_SUBJECT = 80  # characters of an SMS that stand for it in a list


@dataclass(frozen=True, slots=True)
class Taken:
    """One message under lease, for one attempt."""

    id: int
    attempts: int
    channel: str = Channel.EMAIL


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
        if outcome.not_before is not None:  # no attempt was made
            values |= {"state": "due", "due_at": outcome.not_before, "attempts": taken.attempts - 1}
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


def leave(member_id: int) -> None:
    """Send a customer no more messages about bonuses: he said so. Raises NotFound."""
    if not queries.customers([member_id]):
        raise NotFound
    members.mute(member_id, clock.now())


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
