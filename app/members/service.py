"""Find the customer behind an order, whatever order its messages come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app import clock, sql
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
    """Whose order it is, the guest it was placed as, and the guest whose orders now are `owner_id`'s.

    `made`: this transaction made the member, so nobody else can see him or hold his orders.
    """

    member_id: int | None
    guest_id: int | None = None
    owned_guest_id: int | None = None
    owner_id: int | None = None
    made: bool = False


NOBODY = Resolution(None)

# Ids that share an e-mail decide one after another who owns its guest.
_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended(%(lock)s, 0))"
_FIND_OR_MAKE = """
WITH found AS (
    SELECT id FROM member WHERE shop_id = %(shop)s AND key = %(key)s
), made AS (
    INSERT INTO member (shop_id, key, name, email, phone, "group", created_at)
    SELECT %(shop)s, %(key)s, %(name)s, %(email)s, %(phone)s, %(group)s, %(now)s
    WHERE NOT EXISTS (SELECT FROM found)
    ON CONFLICT (tenant_id, shop_id, key) DO NOTHING
    RETURNING id
), noted AS (
    INSERT INTO member_email AS m (shop_id, email, member_id, since)
    SELECT %(shop)s, %(email)s, id, %(seen)s FROM (SELECT id FROM found UNION SELECT id FROM made) k
    WHERE %(known)s AND %(email)s::text IS NOT NULL
    ON CONFLICT (tenant_id, shop_id, email, member_id) DO UPDATE SET since = excluded.since
    WHERE m.since > excluded.since
    RETURNING 1
)
SELECT (SELECT id FROM found) AS found, (SELECT id FROM made) AS made,
       (SELECT id FROM member WHERE shop_id = %(shop)s AND key = 'email:' || %(email)s) AS guest
"""
_OWNER = """
SELECT m.id FROM member_email e JOIN member m ON m.tenant_id = e.tenant_id AND m.id = e.member_id
WHERE e.shop_id = %(shop)s AND e.email = %(email)s ORDER BY e.since, m.key LIMIT 1
"""
_LOCK = "SELECT id FROM member WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE"
_REFRESH = """
UPDATE member SET name = coalesce(%(name)s, name), email = coalesce(%(email)s, email),
                  phone = coalesce(%(phone)s, phone), "group" = coalesce(%(group)s, "group")
WHERE id = %(id)s
  AND (name, email, phone, "group") IS DISTINCT FROM
      (coalesce(%(name)s, name), coalesce(%(email)s, email),
       coalesce(%(phone)s, phone), coalesce(%(group)s, "group"))
"""


def resolve(contact: Contact) -> Resolution:
    """Find or make the member of a message and take in its evidence that an id uses an e-mail.

    A guest's orders belong to the id that showed the e-mail with the earliest order; the evidence
    only grows, so any order of messages ends in the same owner.
    """
    if contact.key is None:
        return NOBODY
    values = _values(contact)
    with sql.together():
        if contact.email is not None:
            sql.send(_ALONE, {"lock": f"email:{contact.shop_id}:{contact.email}"})
        answer = sql.send(_FIND_OR_MAKE, values)
    [row] = answer.fetchall()
    member_id = row.found or row.made or _made_meanwhile(values)
    made = row.made is not None
    if contact.key.startswith("phone:"):
        return Resolution(member_id, guest_id=member_id, made=made)
    if contact.key.startswith("email:"):
        owner = sql.one(_OWNER, values)
        return Resolution(
            owner.id if owner else member_id, guest_id=member_id, made=made and not owner
        )
    if row.guest is None:
        return Resolution(member_id, made=made)
    return Resolution(
        member_id, owned_guest_id=row.guest, owner_id=sql.one(_OWNER, values).id, made=made
    )


def lock(member_ids: Iterable[int | None]) -> None:
    """Lock members in id order: whoever changes a customer's orders holds the customer first."""
    ids = sorted({m for m in member_ids if m is not None})
    if ids:
        sql.send(_LOCK, {"ids": ids})


def refresh(member_id: int, contact: Contact) -> None:
    """Let the contact card show what the newest message says of the customer."""
    sql.send(_REFRESH, {**_values(contact), "id": member_id})


def _values(contact: Contact) -> dict[str, object]:
    return {
        "shop": contact.shop_id,
        "key": contact.key,
        "name": contact.name,
        "email": contact.email,
        "phone": contact.phone,
        "group": contact.group,
        "seen": contact.seen_at,
        "known": (contact.key or "").startswith("id:"),
        "now": clock.now(),
    }


def _made_meanwhile(values: dict[str, object]) -> int:
    """Another transaction made the member between our look and our write: now it is to be seen."""
    row = sql.one(_FIND_OR_MAKE, values)
    return int(row.found)
