"""Set up endpoints, promise their messages, send them, and keep account of each until it is taken or given up."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from app import clock, crypto, egress, standard_webhooks
from app.errors import Conflict, DomainError, FieldError, NotFound
from app.events.models import Event
from app.events.service import actor, record
from app.extensions import db
from app.installation import settings
from app.tenancy import current_tenant, public_id
from app.webhooks import queries, rules
from app.webhooks.models import Endpoint, WebhookDelivery
from app.webhooks.rules import State, Stopped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

WAY = egress.Client(limits=egress.Limits(seconds=15.0, size=65_536))
LONGEST_NOTE = 200


@dataclass(frozen=True, slots=True)
class Call:
    """One message as it is to be sent."""

    id: int
    attempts: int
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended: the receiver's answer, or a problem in words for the log; `ms` it took."""

    status: int | None = None
    problem: str | None = None
    ms: int = 0
    never: bool = False  # trying again is of no use
    wait: timedelta | None = None  # that the receiver asked for


def create(
    url: str, types: Sequence[str], note: str = "", client: egress.Client = WAY
) -> tuple[Endpoint, str]:
    """Set up an endpoint; return it with its secret, which is told this once.

    `types`: of rules.TYPES; none: all. Raises DomainError for an address that may not be called or a type
    that is not offered, Conflict for one endpoint too many.
    """
    text = url.strip()
    try:
        target = client.check(text)
    except egress.RefusedError as error:
        words = _(
            "This address cannot be called: it is to be https, on the public internet, and without a port of its own."
        )
        raise _refusal("url", words) from error
    if target.scheme != "https" and settings().public_url.startswith("https:"):
        raise _refusal("url", _("The address begins with https://."))
    unknown = [each for each in types if each not in rules.TYPES]
    if unknown:
        raise _refusal("events", _("There is no event %(name)s.", name=unknown[0][:100]))
    if len(note) > LONGEST_NOTE:
        raise _refusal("note", _("At most %(most)s characters.", most=LONGEST_NOTE))
    _check_room()
    secret = standard_webhooks.new_secret(32)
    made = Endpoint(
        public_id=public_id("wh"),
        url=text,
        note=note.strip(),
        types=sorted(set(types)),
        secret=crypto.seal(secret),
        created_at=clock.now(),
        created_by=actor(),
    )
    db.session.add(made)
    db.session.flush()
    record("webhook.created", f"webhook:{made.id}", webhook=made.public_id, url=text)
    return made, secret


def get(endpoint_id: str) -> Endpoint:
    """Return an endpoint by its outside id. Raises NotFound."""
    found = queries.find(endpoint_id)
    if found is None:
        raise NotFound
    return found


def change(endpoint: Endpoint, types: Sequence[str], note: str) -> None:
    """Let an endpoint be told of other events. What is promised already is still told."""
    endpoint.types = sorted(set(types) & rules.TYPES)
    endpoint.note = note.strip()[:LONGEST_NOTE]
    _changed(endpoint, "events")


def rotate(endpoint: Endpoint) -> str:
    """Give an endpoint a new secret, told this once; the one before signs beside it for a day."""
    secret = standard_webhooks.new_secret(32)
    endpoint.old_secret, endpoint.old_until = endpoint.secret, clock.wall() + rules.OLD_SECRET
    endpoint.secret = crypto.seal(secret)
    db.session.flush()
    record("webhook.rotated", f"webhook:{endpoint.id}", webhook=endpoint.public_id)
    return secret


def stop(endpoint: Endpoint) -> None:
    """Tell an endpoint nothing until it is started again."""
    endpoint.stopped_at, endpoint.stopped_why = clock.now(), Stopped.BY_HAND
    _changed(endpoint, "stopped")


def start(endpoint: Endpoint) -> None:
    """Tell an endpoint again what happens from now on; `tell_again` brings what it missed."""
    endpoint.stopped_at = endpoint.stopped_why = endpoint.failing_since = None
    _changed(endpoint, "started")


def remove(endpoint: Endpoint, *, back: bool = False) -> None:
    """Take an endpoint away, with its log, or bring it back. Raises Conflict for one too many."""
    if back and endpoint.removed_at is not None:
        _check_room()
    endpoint.removed_at = None if back else clock.now()
    if back:
        _changed(endpoint, "restored")
    else:
        record("webhook.removed", f"webhook:{endpoint.id}", webhook=endpoint.public_id)


def removed(endpoint_id: str) -> Endpoint:
    """Return an endpoint, be it removed. Raises NotFound."""
    found = queries.find(endpoint_id, removed=True)
    if found is None:
        raise NotFound
    return found


def try_out(endpoint: Endpoint) -> None:
    """Let a message be sent that tells nothing but that it works. Raises Conflict where it is stopped."""
    if endpoint.stopped_at is not None:
        raise Conflict("stopped", _("It is stopped: start it first."))
    record(rules.TRIED, f"webhook:{endpoint.id}", webhook=endpoint.public_id)


def promise(events: Iterable[Event]) -> int:
    """Promise one message for each event and endpoint that is told of it; return how many are new.

    Called again for the same events it adds nothing.
    """
    found = [e for e in events if e.type in rules.TYPES or e.type == rules.TRIED]
    open_ones = [e for e in queries.endpoints() if e.stopped_at is None] if found else []
    now = clock.wall()
    rows = [
        {"endpoint_id": endpoint.id, "event_id": event.id, "due_at": now, "created_at": now}
        for event in found
        for endpoint in open_ones
        if _is_told(endpoint, event)
    ]
    if not rows:
        return 0
    statement = insert(WebhookDelivery).values(rows).on_conflict_do_nothing()
    return len(db.session.scalars(statement.returning(WebhookDelivery.id)).all())


def _is_told(endpoint: Endpoint, event: Event) -> bool:
    if event.type == rules.TRIED:
        return bool(event.facts.get("webhook") == endpoint.public_id)
    return rules.wants(endpoint.types, event.type)


def tell_again(endpoint: Endpoint, since: datetime, *, failed_only: bool) -> int:
    """Let what happened since an instant be told once more; return how many messages that is.

    `failed_only`: what was given up, or never promised while the endpoint was stopped; else all of it.
    Each message keeps its id, so that a receiver knows what it has. Raises Conflict for more than
    rules.MOST_AT_ONCE, and where the endpoint is stopped.
    """
    if endpoint.stopped_at is not None:
        raise Conflict("stopped", _("It is stopped: start it first."))
    types = endpoint.types or sorted(rules.TYPES)
    wanted = (
        select(Event.id)
        .where(Event.at >= since, Event.type.in_(types), Event.position.is_not(None))
        .order_by(Event.id)
    )
    if failed_only:
        settled = select(WebhookDelivery.event_id).where(
            WebhookDelivery.endpoint_id == endpoint.id, WebhookDelivery.state != State.DEAD
        )
        wanted = wanted.where(Event.id.not_in(settled))
    ids = db.session.scalars(wanted.limit(rules.MOST_AT_ONCE + 1)).all()
    if len(ids) > rules.MOST_AT_ONCE:
        words = _("More than %(most)s events: choose a later day.", most=rules.MOST_AT_ONCE)
        raise Conflict("too_many", words, FieldError("since", words))
    if not ids:
        return 0
    now = clock.wall()
    values = literal(endpoint.id), Event.id, literal(now), literal(now)
    chosen = select(*values).where(Event.id.in_(ids))
    statement = insert(WebhookDelivery).from_select(
        ["endpoint_id", "event_id", "due_at", "created_at"], chosen
    )
    again = {"state": State.DUE, "attempts": 0, "due_at": now, "problem": None, "status": None}
    keys = ["tenant_id", "endpoint_id", "event_id"]
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=keys,
            set_=again,
            where=WebhookDelivery.state.in_((State.SENT, State.DEAD)),
        )
    )
    return len(ids)


def again(endpoint: Endpoint, delivery_id: int) -> None:
    """Let one message that was taken or given up be sent once more. Raises NotFound."""
    statement = (
        update(WebhookDelivery)
        .where(
            WebhookDelivery.id == delivery_id,
            WebhookDelivery.endpoint_id == endpoint.id,
            WebhookDelivery.state.in_((State.SENT, State.DEAD)),
        )
        .values(state=State.DUE, attempts=0, due_at=clock.wall(), problem=None, status=None)
        .returning(WebhookDelivery.id)
    )
    if db.session.scalar(statement) is None:
        raise NotFound


def take(delivery_id: int) -> Call | None:
    """Take the lease of a message for one attempt; None when another has it, or it is done."""
    now = clock.wall()
    statement = (
        update(WebhookDelivery)
        .where(
            WebhookDelivery.id == delivery_id,
            WebhookDelivery.state.in_(queries.WAITING),
            WebhookDelivery.due_at <= now,
        )
        .values(
            state=State.SENDING,
            attempts=WebhookDelivery.attempts + 1,
            due_at=now + rules.LEASE,
        )
        .returning(WebhookDelivery.endpoint_id)
    )
    endpoint_id = db.session.scalar(statement)
    if endpoint_id is None:
        return None
    found = queries.delivery(endpoint_id, delivery_id)
    endpoint = db.session.scalars(select(Endpoint).where(Endpoint.id == endpoint_id)).one()
    if found is None:
        return None
    delivery, event = found
    if endpoint.stopped_at or endpoint.removed_at:
        delivery.state, delivery.problem = State.DEAD, "stopped"
        return None
    if delivery.attempts > rules.MOST_ATTEMPTS:  # whoever tried was killed each time
        delivery.state, delivery.problem = State.DEAD, "interrupted"
        return None
    body = rules.message(queries.told([event])[0])
    stamp = int(now.timestamp())
    signed = standard_webhooks.headers(_secrets(endpoint, now), event.public_id, stamp, body)
    headers = {"Content-Type": "application/json; charset=utf-8", **signed}
    return Call(delivery.id, delivery.attempts, endpoint.url, headers, body)


def send(call: Call, client: egress.Client = WAY) -> Ended:
    """Send a message, outside any transaction. A receiver may get one twice where its answer was lost."""
    began = time.monotonic()
    try:
        answer = client.fetch("POST", call.url, headers=call.headers, body=call.body)
    except egress.EgressError as error:
        never = isinstance(error, egress.RefusedError)
        return Ended(problem=str(error)[:200], ms=_ms(began), never=never)
    wait = rules.retry_after(answer.headers.get("retry-after"))
    return Ended(answer.status, None, _ms(began), answer.status == rules.GONE, wait)


def settle(call: Call, ended: Ended) -> bool:
    """Write how an attempt ended; return whether it was taken. Long failure stops the endpoint."""
    now = clock.wall()
    taken = ended.status is not None and rules.is_taken(ended.status)
    pause = None if taken or ended.never else rules.pause_after(call.attempts, ended.wait)
    state = State.SENT if taken else State.DUE if pause else State.DEAD
    statement = (
        update(WebhookDelivery)
        .where(
            WebhookDelivery.id == call.id,
            WebhookDelivery.state == State.SENDING,
            WebhookDelivery.attempts == call.attempts,
        )
        .values(
            state=state,
            status=ended.status,
            problem=ended.problem,
            ms=ended.ms,
            sent_at=now if taken else None,
            due_at=now + pause if pause else now,
        )
        .returning(WebhookDelivery.endpoint_id)
    )
    endpoint_id = db.session.scalar(statement)
    if endpoint_id is not None:
        _note(endpoint_id, now, taken=taken, gone=ended.status == rules.GONE)
    return taken


def prune() -> None:
    """Forget deliveries that ended long ago."""
    old = WebhookDelivery.created_at < clock.wall() - rules.KEPT
    ended = WebhookDelivery.state.in_((State.SENT, State.DEAD))
    db.session.execute(delete(WebhookDelivery).where(old, ended))


def _note(endpoint_id: int, now: datetime, *, taken: bool, gone: bool) -> None:
    own = Endpoint.id == endpoint_id
    if taken:
        # A row that says so already is left alone: one write a minute, not one a message.
        stale = or_(
            Endpoint.failing_since.is_not(None),
            Endpoint.taken_at.is_(None),
            Endpoint.taken_at < now - timedelta(minutes=1),
        )
        done = update(Endpoint).where(own, stale).values(failing_since=None, taken_at=now)
        db.session.execute(done)
        return
    first = update(Endpoint).where(own, Endpoint.failing_since.is_(None))
    db.session.execute(first.values(failing_since=now))
    endpoint = db.session.scalars(
        select(Endpoint).where(own).execution_options(populate_existing=True)
    ).one()
    if endpoint.stopped_at is None and (gone or rules.is_over(endpoint.failing_since, now)):
        _stop(endpoint, Stopped.GONE if gone else Stopped.FAILING)


def _changed(endpoint: Endpoint, what: str) -> None:
    db.session.flush()
    record("webhook.changed", f"webhook:{endpoint.id}", webhook=endpoint.public_id, what=what)


def _stop(endpoint: Endpoint, why: Stopped) -> None:
    endpoint.stopped_at, endpoint.stopped_why = clock.now(), why
    db.session.flush()
    facts = {"webhook": endpoint.public_id, "url": endpoint.url, "why": why.value}
    record("webhook.stopped", f"webhook:{endpoint.id}", **facts)


def _check_room() -> None:
    """Raise Conflict where there are as many as may be; the lock keeps two from being the last."""
    key = func.hashtextextended(f"webhooks:{current_tenant()}", 0)
    db.session.execute(select(func.pg_advisory_xact_lock(key)))
    if len(queries.endpoints()) >= rules.MOST:
        words = _("At most %(most)s endpoints.", most=rules.MOST)
        raise Conflict("too_many_webhooks", words, FieldError("url", words))


def _secrets(endpoint: Endpoint, now: datetime) -> list[str]:
    found = [crypto.open_sealed(endpoint.secret)]
    if endpoint.old_secret is not None and endpoint.old_until and endpoint.old_until > now:
        found.append(crypto.open_sealed(endpoint.old_secret))
    return found


def _ms(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _refusal(name: str, words: str) -> DomainError:
    return DomainError("invalid", words, FieldError(name, words))
