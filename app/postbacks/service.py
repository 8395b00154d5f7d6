"""Set up postbacks, promise their calls, and keep account of each until it is taken or given up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from app import clock, egress
from app.errors import Conflict, DomainError, FieldError, NotFound
from app.events.service import record
from app.extensions import db
from app.postbacks import queries, rules
from app.postbacks.models import Delivery, Postback
from app.postbacks.rules import MacroError, State
from app.tenancy import current_tenant, public_id
from app.tenants.queries import was_in_shadow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.events.models import Event
    from app.partners.models import Partner

DEALS = frozenset({"deal.created", "deal.changed"})
LIMITS = egress.Limits(seconds=20.0, size=65_536)


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it is to be made."""

    id: int
    attempts: int
    method: str
    url: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call ended: the tracker's answer, or a problem in words for the log."""

    status: int | None = None
    problem: str | None = None
    never: bool = False  # trying again is of no use


def create(
    partner: Partner,
    url: str,
    method: str,
    states: Sequence[str],
    client: egress.Client = egress.client,
) -> Postback:
    """Set up a postback of a partner's.

    Raises DomainError for an address that may not be called, unknown macros, no states; Conflict for
    one too many.
    """
    text = url.strip()
    try:
        rules.check_macros(text)
        client.check(rules.without_macros(text))
    except MacroError as error:
        words = _("There is no %(macro)s here.", macro=error.name)
        raise _refusal("url", words) from error
    except egress.RefusedError as error:
        raise _refusal("url", _("This address cannot be called.")) from error
    wanted = [state for state in rules.STATES if state in states]
    if not wanted:
        raise _refusal("states", _("Choose at least one."))
    if method not in rules.METHODS or len(text) > rules.LONGEST:
        raise _refusal("url", _("This address cannot be called."))
    _check_room(partner.id)
    made = Postback(
        public_id=public_id("pb"),
        partner_id=partner.id,
        method=method,
        url=text,
        states=wanted,
        created_at=clock.now(),
        stopped_at=None,
        removed_at=None,
    )
    db.session.add(made)
    db.session.flush()
    record("postback.created", f"postback:{made.id}", partner_id=partner.id)
    return made


def get(public_id: str, partner_id: int) -> Postback:
    """Return a postback of a partner's. Raises NotFound."""
    found = queries.find(public_id, partner_id)
    if found is None:
        raise NotFound
    return found


def removed(public_id: str, partner_id: int) -> Postback:
    """Return a postback that was removed, for undoing it. Raises NotFound."""
    query = select(Postback).where(
        Postback.public_id == public_id, Postback.partner_id == partner_id
    )
    found = db.session.scalar(query)
    if found is None:
        raise NotFound
    return found


def _check_room(partner_id: int) -> None:
    """Raise Conflict where the partner has as many as may be; the lock keeps two from being the last."""
    key = func.hashtextextended(f"postbacks:{current_tenant()}:{partner_id}", 0)
    db.session.execute(select(func.pg_advisory_xact_lock(key)))
    if len(queries.of_partner(partner_id)) >= rules.MOST:
        words = _("At most %(most)s postbacks.", most=rules.MOST)
        raise Conflict("too_many_postbacks", words, FieldError("url", words))


def stop(postback: Postback, *, back: bool = False) -> None:
    """Stop calling it, or begin again; what changed meanwhile is not told."""
    postback.stopped_at = None if back else clock.now()
    postback.failures = 0
    db.session.flush()


def remove(postback: Postback, *, back: bool = False) -> None:
    """Take a postback out of the list, with its log, or bring it back. Raises Conflict for one too many."""
    if back and postback.removed_at is not None:
        _check_room(postback.partner_id)
    postback.removed_at = None if back else clock.now()
    db.session.flush()


def promise(events: Iterable[Event]) -> list[int]:
    """Write one call for each order that changed and postback that is told; return the new ones' ids.

    Several changes of an order in one batch are one call: it says what holds when it is made. Called
    again for the same events it adds nothing.
    """
    newest: dict[int, int] = {}
    held = was_in_shadow()
    for event in events:
        if held(event.at):
            continue
        if event.type in DEALS and isinstance(event.facts.get("order_id"), int):
            newest[event.facts["order_id"]] = max(event.id, newest.get(event.facts["order_id"], 0))
    concerned = queries.concerned(newest) if newest else []
    if not concerned:
        return []
    now = clock.wall()
    rows = [
        {
            "postback_id": postback,
            "order_id": order,
            "event_id": newest[order],
            "due_at": now,
            "created_at": now,
        }
        for postback, order in concerned
    ]
    statement = insert(Delivery).values(rows).on_conflict_do_nothing().returning(Delivery.id)
    return list(db.session.scalars(statement))


def take(delivery_id: int) -> Call | None:
    """Take the lease of a call for one attempt; None when another has it, or it is done."""
    now = clock.wall()
    statement = (
        update(Delivery)
        .where(
            Delivery.id == delivery_id, Delivery.state.in_(queries.WAITING), Delivery.due_at <= now
        )
        .values(
            state=State.SENDING,
            attempts=Delivery.attempts + 1,
            due_at=now + rules.LEASE,
        )
        .returning(Delivery.id)
    )
    if db.session.scalar(statement) is None:
        return None
    delivery = db.session.scalars(select(Delivery).where(Delivery.id == delivery_id)).one()
    postback = db.session.scalars(select(Postback).where(Postback.id == delivery.postback_id)).one()
    if postback.stopped_at or postback.removed_at:
        delivery.state, delivery.problem = State.DEAD, "stopped"
        return None
    if delivery.attempts > rules.MOST_ATTEMPTS:  # whoever tried was killed each time
        delivery.state, delivery.problem = State.DEAD, "interrupted"
        return None
    meant = queries.values(delivery, postback)
    delivery.url, delivery.said = rules.write(postback.url, meant), meant["status"]
    db.session.flush()
    return Call(delivery.id, delivery.attempts, postback.method, delivery.url)


def call(asked: Call, client: egress.Client = egress.client) -> Ended:
    """Make a call, outside any transaction. A tracker may get one twice where its answer was lost."""
    try:
        answer = client.fetch(asked.method, asked.url, limits=LIMITS)
    except egress.RefusedError as error:
        return Ended(problem=str(error), never=True)
    except egress.EgressError as error:
        return Ended(problem=str(error)[:200])
    return Ended(answer.status, never=answer.status == rules.GONE)


def settle(asked: Call, ended: Ended) -> None:
    """Write how a call ended; too many failures in a row stop the postback and tell its partner."""
    now = clock.wall()
    taken = ended.status is not None and rules.is_taken(ended.status)
    pause = None if taken or ended.never else rules.pause_after(asked.attempts)
    state = State.SENT if taken else State.DUE if pause else State.DEAD
    statement = (
        update(Delivery)
        .where(
            Delivery.id == asked.id,
            Delivery.state == State.SENDING,
            Delivery.attempts == asked.attempts,
        )
        .values(
            state=state,
            status=ended.status,
            problem=ended.problem,
            sent_at=now if taken else None,
            due_at=now + pause if pause else now,
        )
        .returning(Delivery.postback_id)
    )
    postback_id = db.session.scalar(statement)
    if postback_id is not None:
        _count(postback_id, taken=taken)


def _count(postback_id: int, *, taken: bool) -> None:
    failures = 0 if taken else Postback.failures + 1
    statement = (
        update(Postback)
        .where(Postback.id == postback_id)
        .values(failures=failures)
        .returning(Postback.failures, Postback.partner_id)
    )
    row = db.session.execute(statement).one()
    if row.failures < rules.MOST_FAILURES:
        return
    stopping = (
        update(Postback)
        .where(Postback.id == postback_id, Postback.stopped_at.is_(None))
        .values(stopped_at=clock.now())
        .returning(Postback.id)
    )
    if db.session.scalar(stopping) is not None:
        record("postback.stopped", f"postback:{postback_id}", partner_id=row.partner_id)


def again(postback: Postback, delivery_id: int) -> int:
    """Let a call that ended be made once more, saying what holds now; return its id. Raises NotFound."""
    statement = (
        update(Delivery)
        .where(
            Delivery.id == delivery_id,
            Delivery.postback_id == postback.id,
            Delivery.state.in_((State.SENT, State.DEAD)),
        )
        .values(state=State.DUE, attempts=0, due_at=clock.wall(), problem=None, status=None)
        .returning(Delivery.id)
    )
    found = db.session.scalar(statement)
    if found is None:
        raise NotFound
    return found


def _refusal(name: str, words: str) -> DomainError:
    return DomainError(f"bad_{name}", words, FieldError(name, words))
