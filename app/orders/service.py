"""Take in what shops say about orders, and keep each order as it now stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.errors import NotFound
from app.extensions import db
from app.members.rules import normalise_email, normalise_phone
from app.members.service import Contact
from app.orders.models import Order, OrderMessage
from app.orders.rules import (
    Folded,
    Message,
    Snapshot,
    State,
    absorb,
    body_hash,
    folded_from_json,
    folded_to_json,
    mark_deleted,
    order_total,
    refunded,
    snapshot_to_json,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime


@dataclass(frozen=True)
class Incoming:
    """One message, ready to be taken in: whose, from where, and what its word meant."""

    shop_id: int
    external_id: str
    snapshot: Snapshot
    state: State | None
    map_version: int
    source: str
    received_at: datetime

    @property
    def message(self) -> Message:
        """The message as the rules know it."""
        return Message(self.snapshot, self.received_at, self.state)


@dataclass(frozen=True)
class Place:
    """An order's row as first seen, before anything is locked."""

    id: int
    member_id: int | None
    guest_id: int | None
    made: bool


def place(incoming: Incoming) -> Place:
    """Find the order's row or make it, without a lock on a row that was there."""
    query = select(Order.id, Order.member_id, Order.guest_id).where(
        Order.shop_id == incoming.shop_id, Order.external_id == incoming.external_id
    )
    found = db.session.execute(query).one_or_none()
    if found is not None:
        return Place(found.id, found.member_id, found.guest_id, made=False)
    folded = absorb(None, incoming.message)
    made = db.session.scalar(
        insert(Order)
        .values(
            shop_id=incoming.shop_id,
            external_id=incoming.external_id,
            received_at=incoming.received_at,
            folded=folded_to_json(folded),
            **_mirror(folded, incoming.external_id),
        )
        .on_conflict_do_nothing(index_elements=["tenant_id", "shop_id", "external_id"])
        .returning(Order.id)
    )
    if made is not None:
        return Place(made, None, None, made=True)
    found = db.session.execute(query).one()
    return Place(found.id, found.member_id, found.guest_id, made=False)


def lock(order_id: int) -> Order:
    """Lock and read one order; raises NotFound."""
    order = db.session.scalars(
        select(Order)
        .where(Order.id == order_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if order is None:
        raise NotFound
    return order


def find(shop_id: int, external_id: str) -> Order:
    """Return a shop's order by its own id; raises NotFound."""
    order = db.session.scalars(
        select(Order).where(Order.shop_id == shop_id, Order.external_id == external_id)
    ).one_or_none()
    if order is None:
        raise NotFound
    return order


def take_in(order: Order, incoming: Incoming, *, made: bool) -> bool:
    """Store the message and fold it into the locked order. False for a double: nothing changes.

    A message with a version or `updated_at` is one by its content; one without is a double only of
    the newest, for its place among the others is the time of receipt.
    """
    snapshot = incoming.snapshot
    digest = body_hash(snapshot)
    dated = bool(snapshot.version) or snapshot.updated_at is not None
    folded = None if made else folded_from_json(order.folded)
    if not dated and folded is not None and body_hash(folded.snapshot) == digest:
        return False
    added = db.session.scalar(
        insert(OrderMessage)
        .values(
            order_id=order.id,
            body_hash=digest,
            seq=0 if dated else _next_seq(order.id, digest),
            source=incoming.source,
            status=snapshot.status,
            state=incoming.state,
            map_version=incoming.map_version,
            body=snapshot_to_json(snapshot),
            received_at=incoming.received_at,
        )
        .on_conflict_do_nothing(index_elements=["tenant_id", "order_id", "body_hash", "seq"])
        .returning(OrderMessage.id)
    )
    if added is None:
        return False
    if not made:
        _write(order, absorb(folded, incoming.message))
    return True


def delete(order: Order, received_at: datetime) -> None:
    """Take in the shop's deletion of a locked order: cancelled, until a later word revives it."""
    _write(order, mark_deleted(folded_from_json(order.folded), received_at))


def get(order_id: int) -> Order:
    """Return an order by our id, unlocked; raises NotFound."""
    order = db.session.scalars(select(Order).where(Order.id == order_id)).one_or_none()
    if order is None:
        raise NotFound
    return order


def assign(order: Order, member_id: int | None, guest_id: int | None) -> None:
    """Let a locked order belong to a member."""
    order.member_id, order.guest_id = member_id, guest_id
    db.session.flush()


def take_over(guest_id: int, owner_id: int) -> None:
    """Let a guest's orders belong to the owner of the guest's e-mail."""
    db.session.execute(
        update(Order)
        .where(Order.guest_id == guest_id, Order.member_id.is_distinct_from(owner_id))
        .values(member_id=owner_id)
        .execution_options(synchronize_session="fetch")
    )


def members_of_guest(guest_id: int) -> set[int]:
    """Return whose orders a guest's orders are now."""
    return set(
        db.session.scalars(
            select(Order.member_id)
            .where(Order.guest_id == guest_id, Order.member_id.is_not(None))
            .distinct()
        )
    )


def of_members(member_ids: Iterable[int]) -> list[Order]:
    """Return all orders of the members, oldest first."""
    return list(
        db.session.scalars(
            select(Order)
            .where(Order.member_id.in_(set(member_ids)))
            .order_by(Order.created_at, Order.id)
            .execution_options(populate_existing=True)
        )
    )


def number_booking(order_id: int) -> int:
    """Count one more booking of the order and return its number."""
    return db.session.scalars(
        update(Order)
        .where(Order.id == order_id)
        .values(booking=Order.booking + 1)
        .returning(Order.booking)
        .execution_options(synchronize_session="fetch")
    ).one()


def contact_of(snapshot: Snapshot, shop_id: int, region: str | None) -> Contact:
    """Return the customer as a message shows him, e-mail and phone normalised."""
    customer = snapshot.customer
    return Contact(
        shop_id=shop_id,
        customer_id=customer.id,
        email=normalise_email(customer.email),
        phone=normalise_phone(customer.phone, region),
        name=customer.name,
        group=customer.group,
        seen_at=snapshot.created_at,
    )


def read_state(word: str, words: Mapping[str, str]) -> State | None:
    """Return what a shop's word means by its map; None for a word the map does not have."""
    state = words.get(word)
    return State(state) if state is not None else None


def _write(order: Order, folded: Folded) -> None:
    order.folded = folded_to_json(folded)
    for name, value in _mirror(folded, order.external_id).items():
        setattr(order, name, value)
    db.session.flush()


def _mirror(folded: Folded, external_id: str) -> dict[str, object]:
    said = folded.snapshot
    back = refunded(said)
    given_back = round(sum(back.lines.values())) + back.shipping + back.fees
    number = said.number or external_id
    customer = said.customer
    words = (number, external_id, customer.name, customer.email, customer.phone)
    return {
        "number": number,
        "search": " ".join(w.casefold() for w in words if w),
        "status": said.status,
        "state": folded.state.value,
        "currency": said.currency,
        "total": order_total(said) - given_back,
        "created_at": said.created_at,
        "changed_at": clock.now(),
    }


def _next_seq(order_id: int, digest: str) -> int:
    query = select(func.count()).where(
        OrderMessage.order_id == order_id, OrderMessage.body_hash == digest
    )
    return 1 + db.session.scalars(query).one()


