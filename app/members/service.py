"""Find the customer behind an order, whatever order its messages come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.extensions import db
from app.members.models import Member, MemberEmail
from app.members.rules import key_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


@dataclass(frozen=True)
class Contact:
    """A customer as one message shows him; e-mail and phone normalised."""

    shop_id: int
    customer_id: str | None
    email: str | None
    phone: str | None
    name: str | None
    group: str | None
    seen_at: datetime  # when the order was placed

    @property
    def key(self) -> str | None:
        """By what he is known; None: by nothing, so never bound."""
        return key_of(self.customer_id, self.email, self.phone)


@dataclass(frozen=True)
class Resolution:
    """Whose order it is, the guest it was placed as, and the guest whose orders now are `owner_id`'s."""

    member_id: int | None
    guest_id: int | None = None
    owned_guest_id: int | None = None
    owner_id: int | None = None


NOBODY = Resolution(None)


def resolve(contact: Contact) -> Resolution:
    """Find or make the member of a message and take in its evidence that an id uses an e-mail.

    A guest's orders belong to the id that showed the e-mail with the earliest order; the evidence
    only grows, so any order of messages ends in the same owner.
    """
    if contact.key is None:
        return NOBODY
    if contact.email is not None:
        # Ids that share an e-mail decide one after another who owns its guest.
        lock = f"email:{contact.shop_id}:{contact.email}"
        db.session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": lock}
        )
    member_id = _find_or_make(contact)
    if contact.key.startswith("phone:"):
        return Resolution(member_id, guest_id=member_id)
    if contact.key.startswith("email:"):
        return Resolution(_owner(contact) or member_id, guest_id=member_id)
    if contact.email is None:
        return Resolution(member_id)
    _note_email(contact, member_id)
    guest_id = db.session.scalar(
        select(Member.id).where(
            Member.shop_id == contact.shop_id, Member.key == f"email:{contact.email}"
        )
    )
    owner = _owner(contact) if guest_id is not None else None
    return Resolution(member_id, owned_guest_id=guest_id, owner_id=owner)


def lock(member_ids: Iterable[int | None]) -> None:
    """Lock members in id order: whoever changes a customer's orders holds the customer first."""
    ids = sorted({m for m in member_ids if m is not None})
    if ids:
        db.session.execute(
            select(Member.id)
            .where(Member.id.in_(ids))
            .order_by(Member.id)
            .with_for_update(key_share=True)
        )


def refresh(member_id: int, contact: Contact) -> None:
    """Let the contact card show what the newest message says of the customer."""
    member = db.session.scalars(select(Member).where(Member.id == member_id)).one()
    member.name = contact.name or member.name
    member.email = contact.email or member.email
    member.phone = contact.phone or member.phone
    member.group = contact.group or member.group


def _find_or_make(contact: Contact) -> int:
    query = select(Member.id).where(Member.shop_id == contact.shop_id, Member.key == contact.key)
    found = db.session.scalar(query)
    if found is not None:
        return found
    made = db.session.scalar(
        insert(Member)
        .values(
            shop_id=contact.shop_id,
            key=contact.key,
            name=contact.name,
            email=contact.email,
            phone=contact.phone,
            group=contact.group,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["tenant_id", "shop_id", "key"])
        .returning(Member.id)
    )
    return made if made is not None else db.session.scalars(query).one()


def _note_email(contact: Contact, member_id: int) -> None:
    statement = insert(MemberEmail).values(
        shop_id=contact.shop_id, email=contact.email, member_id=member_id, since=contact.seen_at
    )
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "shop_id", "email", "member_id"],
            set_={"since": func.least(MemberEmail.since, statement.excluded.since)},
            where=MemberEmail.since > statement.excluded.since,
        )
    )


def _owner(contact: Contact) -> int | None:
    return db.session.scalar(
        select(Member.id)
        .join(
            MemberEmail,
            (MemberEmail.tenant_id == Member.tenant_id) & (MemberEmail.member_id == Member.id),
        )
        .where(MemberEmail.shop_id == contact.shop_id, MemberEmail.email == contact.email)
        .order_by(MemberEmail.since, Member.key)
        .limit(1)
    )
