"""A message on its way in, and an order as it stands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from app.members.rules import normalise_email, normalise_phone
from app.members.service import Contact
from app.orders.rules import Folded, Message, Snapshot, State, body_hash

if TYPE_CHECKING:
    from collections.abc import Mapping
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

    @cached_property
    def message(self) -> Message:
        """The message as the rules know it."""
        return Message(self.snapshot, self.received_at, self.state)

    @cached_property
    def hash(self) -> str:
        """The hash of the message's content."""
        return self.message.key.hash

    @property
    def dated(self) -> bool:
        """Whether the message says by itself where it stands among the others."""
        return bool(self.snapshot.version) or self.snapshot.updated_at is not None


@dataclass(frozen=True)
class Standing:
    """An order as it now stands: the fold of its messages, and whose it is."""

    id: int
    shop_id: int
    external_id: str
    member_id: int | None
    guest_id: int | None
    folded: Folded
    booking: int  # bookings made so far
    fresh: bool = False  # made by this transaction: nobody else sees it, nothing is booked
    rated_as_of: datetime | None = None  # whose rates it has, where terms were applied to it later


@dataclass(frozen=True)
class Word:
    """A message and the customer whom it names."""

    incoming: Incoming
    member_id: int | None
    guest_id: int | None


def repeats(folded: Folded, incoming: Incoming) -> bool:
    """Tell whether a message without a date says again what is newest."""
    return body_hash(folded.snapshot) == incoming.hash


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
