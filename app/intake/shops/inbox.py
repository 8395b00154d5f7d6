"""Shops' deliveries, once they are kept: money is made of them. How they come is in `reception`."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select, text

from app import clock, crypto, sql
from app.carts import service as carts
from app.errors import NotFound
from app.events.service import record
from app.extensions import db, kick_after_commit
from app.intake import service as intake
from app.intake.models import Inbox
from app.intake.service import tenant
from app.intake.shops import (
    FETCHED,
    HOOKS,
    LISTED,
    Nothing,
    OrderGone,
    OrderSaid,
    OrderTouched,
    PersonSaid,
    ProductSaid,
    Unreadable,
    Written,
    asked,
    buried,
    cards,
    errands,
    pulling,
    rotating,
    shelving,
)
from app.intake.shops.couponed import understood
from app.intake.shops.echo import staffs_word
from app.intake.shops.registry import heard, listener
from app.orders import service as orders
from app.orders.rules import PartnerData, is_id, unkeepable
from app.orders.service import Incoming
from app.tenancy import role
from app.tenants import queries as tenants
from app.tenants import service as tenants_service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Select

    from app.intake.shops import Person, Said
    from app.intake.shops.asked import Keys
    from app.intake.shops.echo import Write
    from app.tenants.models import Connection
    from app.tenants.queries import Words

ATTEMPTS = 12
KEPT = timedelta(days=30)  # for how long booked deliveries are shown
BATCH = 100  # deliveries that are booked in one transaction


def connect(shop_id: int, kind: str, secret: str | None = None) -> tuple[Connection, str]:
    """Open a shop's hook and teach the shop's status map the words of its kind; returns the secret too.

    A shop that we call already, and whose hooks we cannot make, keeps its connection and gets the secret
    that the shop made. Words that the merchant has mapped already stay as they are. Raises NotFound for
    another kind, DomainError for a secret that proves nothing.
    """
    shop = tenants.shop_by_id(shop_id)
    if shop is None:
        raise NotFound
    of = listener(kind)
    if secret:
        rotating.check(kind, secret)
    words = {**of.words, **tenants.words(shop_id).words}
    tenants_service.change_shop(shop, words=words)
    called = _called(shop_id, kind) if secret and HOOKS not in of.offers else None
    if secret and called is not None:
        called.secret = crypto.seal(secret)
        return called, secret
    return tenants_service.connect(shop_id, kind, secret)


def _called(shop_id: int, kind: str) -> Connection | None:
    """Return the shop's open connection of a kind that has keys: its hook is no channel of its own."""
    found = tenants.connections(kind)
    return next((e for e in found if e.shop_id == shop_id and e.credentials is not None), None)


_TENANTS = text(
    "SELECT tenant_id FROM inbox WHERE state = 'waiting' AND due_at <= :now"
    " GROUP BY tenant_id ORDER BY min(due_at) LIMIT :most"
)
_DUE = """
SELECT id FROM inbox WHERE state = 'waiting' AND due_at <= %(now)s ORDER BY due_at, id
LIMIT %(most)s
"""
_TAKE = """
SELECT i.id, i.topic, i.body, i.received_at, i.connection_id, c.kind, c.shop_id,
       c.credentials IS NOT NULL AND c.disabled_at IS NULL AS keyed FROM inbox i
JOIN connection c ON c.tenant_id = i.tenant_id AND c.id = i.connection_id
WHERE i.state = 'waiting' AND i.due_at <= %(now)s
ORDER BY i.due_at, i.id LIMIT %(most)s FOR UPDATE OF i SKIP LOCKED
"""
_TAKE_ONE = """
SELECT i.id, i.topic, i.body, i.received_at, i.connection_id, c.kind, c.shop_id,
       c.credentials IS NOT NULL AND c.disabled_at IS NULL AS keyed FROM inbox i
JOIN connection c ON c.tenant_id = i.tenant_id AND c.id = i.connection_id
WHERE i.state = 'waiting' AND i.id = %(id)s FOR UPDATE OF i SKIP LOCKED
"""
_DONE = "UPDATE inbox SET state = 'done', done_at = %(now)s WHERE id = ANY(%(ids)s)"


def waiting(most: int = 500) -> list[int]:
    """Return the tenants whose deliveries wait, those who wait longest first; the job calls `work`."""
    with role("partnerka_drain"):
        rows = db.session.execute(_TENANTS, {"now": clock.wall(), "most": most}).all()
    return [row.tenant_id for row in rows]


def due(most: int = BATCH) -> list[int]:
    """Return the scope's deliveries that wait, oldest first, for who works them one at a time."""
    values = {"now": clock.wall(), "most": most}
    return [row.id for row in sql.rows(_DUE, values)]


def work(most: int = BATCH, *, only: int | None = None) -> int:
    """Make of the scope's oldest deliveries (or of one) what they make due; return how many there were.

    Deliveries that another worker has are passed over; 0 when there is nothing for us. Where the shop can
    be called, what a delivery leaves out is asked for: it says that an order may have changed.
    """
    values = {"now": clock.wall(), "most": most, "id": only}
    currency = tenant().currency
    rows = sql.rows(_TAKE if only is None else _TAKE_ONE, values)
    read = [(row, said) for row in rows if (said := _read(row, currency)) is not None]
    _shelve(read)
    _take_people(read)
    keys = asked.held(read)
    _ask_for_more(read, keys)
    _book([(row, said) for row, said in read if not _is_thin(row, said, keys)], keys)
    if read:
        sql.send(_DONE, {"ids": [row.id for row, _said in read], "now": clock.wall()})
    return len(rows)


def _book(read: Sequence[tuple[Any, Said]], keys: Keys) -> None:
    words: dict[int, Words] = {}
    own = _own(read)
    waiting: list[Incoming] = []
    read, notes = understood(read)
    for row, said in read:
        if isinstance(said, OrderSaid):
            if row.shop_id not in words:
                words[row.shop_id] = tenants.words(row.shop_id)
            wrote = own.get((row.shop_id, said.external_id), [])
            incoming = _incoming(row, said, words[row.shop_id], wrote)
            known = asked.as_answered(row, said, incoming.snapshot, keys)
            waiting.append(replace(incoming, snapshot=known))
        elif isinstance(said, OrderGone):
            # What was said before a deletion is taken in before it.
            intake.apply_all(waiting)
            waiting = []
            _gone(row, said)
    intake.apply_all(waiting)
    buried.settle(read)
    carts.note(notes)


def _own(read: Sequence[tuple[Any, Said]]) -> Mapping[tuple[int, str], Sequence[Write]]:
    """Return what we wrote on the cards of those orders that say anything there."""
    spoken = [
        (row.shop_id, said.external_id)
        for row, said in read
        if isinstance(said, OrderSaid) and said.card != Written()
    ]
    return cards.own_of(spoken) if spoken else {}


def _shelve(read: Sequence[tuple[Any, Said]]) -> None:
    for row, said in read:
        if isinstance(said, ProductSaid):
            shelving.shelve(row.shop_id, [said.product], said.categories, named_only=True)


def _take_people(read: Sequence[tuple[Any, Said]]) -> None:
    """Take in customers, where the merchant wants them: as each was told of last."""
    told: dict[tuple[int, int], dict[str, Person]] = defaultdict(dict)
    for row, said in read:
        if isinstance(said, PersonSaid):
            told[row.connection_id, row.shop_id][said.person.external_id] = said.person
    for (connection_id, shop_id), people in told.items():
        if pulling.wants_people(connection_id):
            since = pulling.since_when(connection_id)
            pulling.take_people(shop_id, list(people.values()), since)


def _is_thin(row: Any, said: Said, keys: Keys) -> bool:
    """Whether an order is asked for, and booked as it is then: refunds by sum, then by line, would go to and fro.

    What we write into the order makes the shop tell of it again, and again by sums.
    """
    if not row.keyed or row.topic == FETCHED or not isinstance(said, OrderSaid):
        return False
    return not said.whole or asked.doubtful(row, said, keys)


def _ask_for_more(read: Sequence[tuple[Any, Said]], keys: Keys) -> None:
    """Ask the shop for orders of which a delivery told too little."""
    thin: dict[int, set[str]] = defaultdict(set)
    goods: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    shops = {}
    for row, said in read:
        if not row.keyed or row.topic == FETCHED or not isinstance(said, OrderSaid):
            continue
        shops[row.connection_id] = row.shop_id
        if _is_thin(row, said, keys):
            thin[row.connection_id].add(said.external_id)
        for line in said.snapshot.lines:
            if line.product:
                goods[row.connection_id][line.product].add(said.external_id)
    for connection_id, products in goods.items():
        for product in shelving.unknown(shops[connection_id], products):
            thin[connection_id] |= products[product]
    for connection_id, external_ids in thin.items():
        errands.ask(connection_id, "fetch", external_ids)


def _read(row: Any, currency: str) -> Said | None:
    """Read a delivery; one that cannot be read is asked for, else parked, and None."""
    try:
        said = heard(row.kind).parse(row.topic, bytes(row.body), currency)
        _refuse_unkeepable(said)
    except Unreadable as error:
        number = error.external_id
        if row.keyed and row.topic != FETCHED and number is not None and is_id(number):
            errands.ask(row.connection_id, "fetch", [number])
            return Nothing()
        _park(db.session.scalars(select(Inbox).where(Inbox.id == row.id)).one(), str(error))
        return None
    if isinstance(said, OrderTouched):
        if row.keyed:
            errands.ask(row.connection_id, "fetch", [said.external_id])
            return Nothing()
        found = db.session.scalars(select(Inbox).where(Inbox.id == row.id)).one()
        _park(found, "it only says that an order may have changed, and the shop cannot be asked")
        return None
    if row.keyed and row.topic != FETCHED and isinstance(said, OrderGone):
        # Signed, but with no time in it: whether the order is gone now, the shop knows.
        errands.ask(row.connection_id, "fetch", [said.external_id], {"gone": True})
        return Nothing()
    return said


def _refuse_unkeepable(said: Said) -> None:
    """Raise Unreadable for what would be stored and could never be read again."""
    bad = None
    if isinstance(said, OrderSaid):
        bad = unkeepable(said.snapshot, said.external_id)
    elif isinstance(said, OrderGone | OrderTouched) and not is_id(said.external_id):
        bad = "id"
    if bad is not None:
        msg = f"cannot be kept: {bad}"
        raise Unreadable(msg)


def _incoming(row: Any, said: OrderSaid, words: Words, own: Sequence[Write]) -> Incoming:
    snapshot = said.snapshot
    if said.undated:
        snapshot = replace(snapshot, created_at=row.received_at)
    typed = staffs_word(said.card, snapshot.updated_at, own)
    if typed != Written():
        data = PartnerData(promo_code=typed.promo_code, refcode=typed.refcode, terms=typed.terms)
        snapshot = replace(snapshot, partner_data=data)
    return Incoming(
        shop_id=row.shop_id,
        external_id=said.external_id,
        snapshot=snapshot,
        state=orders.read_state(snapshot.status, words.words),
        map_version=words.version,
        source=heard(row.kind).kind,
        received_at=row.received_at,
    )


def keep(connection_id: int, topic: str, bodies: Sequence[bytes]) -> None:
    """Put what we asked a shop for into the line, beside what it sends by itself."""
    now, due_at = clock.now(), clock.wall()
    for body in bodies:
        db.session.add(
            Inbox(
                connection_id=connection_id, topic=topic, body=body, received_at=now, due_at=due_at
            )
        )
    if bodies:
        db.session.flush()
        kick_after_commit("drain_inbox")


def already(connection_id: int, bodies: Sequence[bytes], since: datetime) -> set[bytes]:
    """Return which of these bodies were put into the line since an instant."""
    query = select(Inbox.body).where(
        Inbox.connection_id == connection_id, Inbox.received_at >= since, Inbox.body.in_(bodies)
    )
    return set(db.session.scalars(query))


def newest() -> dict[int, datetime]:
    """Return when each connection said something last."""
    query = select(Inbox.connection_id, func.max(Inbox.received_at))
    query = query.where(Inbox.topic.not_in((FETCHED, LISTED))).group_by(Inbox.connection_id)
    return {row[0]: row[1] for row in db.session.execute(query)}


def oldest_waiting(connection_id: int) -> datetime | None:
    """Return since when the oldest delivery of a connection waits that is not booked yet."""
    query = select(func.min(Inbox.received_at)).where(Inbox.state == "waiting")
    query = query.where(Inbox.connection_id == connection_id)
    return db.session.scalar(query)


def log(connection_id: int) -> Select[Any]:
    """Return the statement of a connection's deliveries, what we asked for among them."""
    return select(Inbox).where(Inbox.connection_id == connection_id)


def about(row: Inbox) -> str:
    """Return the shop's id of what a delivery is about, where it can be read; for lists."""
    try:
        said = json.loads(row.body)
        return str(said.get("order", said)["id"])[:40]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""


def prune() -> None:
    """Forget deliveries that were booked long ago: what they said is kept with their orders."""
    old = Inbox.done_at < clock.wall() - KEPT
    db.session.execute(delete(Inbox).where(old, Inbox.state == "done"))


def listed() -> Select[Any]:
    """Deliveries that could not be read or booked, for the merchant."""
    return select(Inbox).where((Inbox.state == "parked") | (Inbox.problem.is_not(None)))


def again(inbox_id: int) -> None:
    """Put a delivery that was parked, or booked already, back into the line; raises NotFound."""
    row = db.session.scalar(select(Inbox).where(Inbox.id == inbox_id, Inbox.state != "waiting"))
    if row is None:
        raise NotFound
    row.state, row.attempts, row.due_at = "waiting", 0, clock.wall()
    kick_after_commit("drain_inbox")


def postpone(inbox_id: int, problem: str) -> None:
    """Try a delivery later after a failure, and park it after many."""
    row = db.session.scalars(select(Inbox).where(Inbox.id == inbox_id)).one()
    row.attempts += 1
    row.due_at = clock.wall() + timedelta(seconds=min(2**row.attempts, 3600))
    row.problem = problem[:500]
    if row.attempts >= ATTEMPTS:
        _park(row, problem)


def _gone(row: Any, said: OrderGone) -> None:
    try:
        intake.delete(row.shop_id, said.external_id)
    except NotFound:  # deleted before we heard of it: nothing to take back, but what may come late
        if not row.keyed:
            buried.remember(row.connection_id, said.external_id, row.received_at)


def _park(row: Inbox, problem: str) -> None:
    said = problem[:500].replace("\x00", "").encode("utf-8", "replace").decode()
    row.state, row.problem = "parked", said
    record("order.parked", f"inbox:{row.id}", problem=said)
