"""Find the customer behind an order, whatever order its messages come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from app import clock, sql
from app.events.service import record
from app.extensions import db
from app.members.models import Member, MemberTag
from app.members.rules import key_of
from app.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from app.members.rules import Tagged


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

_NAMES = ("shop", "key", "name", "email", "phone", "group", "seen", "known")
# Ids that share an e-mail decide one after another who owns its guest.
_ALONE = """
SELECT pg_advisory_xact_lock(hashtextextended(k, 0)) FROM unnest(%(locks)s::text[]) AS u(k)
"""
_FIND_OR_MAKE = """
WITH said AS MATERIALIZED (
    SELECT * FROM unnest(%(shop)s::bigint[], %(key)s::text[], %(name)s::text[], %(email)s::text[],
                         %(phone)s::text[], %(group)s::text[], %(seen)s::timestamptz[],
                         %(known)s::bool[])
         AS r(shop, key, name, email, phone, "group", seen, known)
), found AS (
    SELECT m.id, m.shop_id, m.key FROM member m
    JOIN (SELECT DISTINCT shop, key FROM said) s ON s.shop = m.shop_id AND s.key = m.key
), made AS (
    INSERT INTO member (shop_id, key, name, email, phone, "group", created_at)
    SELECT DISTINCT ON (shop, key) shop, key, name, email, phone, "group", %(now)s
    FROM said s
    WHERE NOT EXISTS (SELECT FROM found f WHERE f.shop_id = s.shop AND f.key = s.key)
    ORDER BY shop, key
    ON CONFLICT (tenant_id, shop_id, key) DO NOTHING
    RETURNING id, shop_id, key
), known AS (
    SELECT id, shop_id, key FROM found UNION ALL SELECT id, shop_id, key FROM made
), noted AS (
    INSERT INTO member_email AS m (shop_id, email, member_id, since)
    SELECT s.shop, s.email, k.id, min(s.seen) FROM said s
    JOIN known k ON k.shop_id = s.shop AND k.key = s.key
    WHERE s.known AND s.email IS NOT NULL
    GROUP BY s.shop, s.email, k.id ORDER BY s.shop, s.email, k.id
    ON CONFLICT (tenant_id, shop_id, email, member_id) DO UPDATE SET since = excluded.since
    WHERE m.since > excluded.since
    RETURNING 1
)
SELECT id, shop_id, key, false AS made FROM found
UNION ALL SELECT id, shop_id, key, true FROM made
"""
_OWNERS = """
SELECT DISTINCT ON (u.shop, u.email) u.shop, u.email, m.id AS owner,
       (SELECT g.id FROM member g WHERE g.shop_id = u.shop AND g.key = 'email:' || u.email) AS guest
FROM unnest(%(shops)s::bigint[], %(emails)s::text[]) AS u(shop, email)
JOIN member_email e ON e.shop_id = u.shop AND e.email = u.email
JOIN member m ON m.tenant_id = e.tenant_id AND m.id = e.member_id
ORDER BY u.shop, u.email, e.since, m.key
"""
_LOCK = "SELECT id FROM member WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE"
_REFRESH = """
UPDATE member m
SET name = coalesce(r.name, m.name), email = coalesce(r.email, m.email),
    phone = coalesce(r.phone, m.phone), "group" = coalesce(r."group", m."group")
FROM json_to_recordset(%(rows)s) AS r(id bigint, name text, email text, phone text, "group" text)
WHERE m.id = r.id
  AND (m.name, m.email, m.phone, m."group") IS DISTINCT FROM
      (coalesce(r.name, m.name), coalesce(r.email, m.email),
       coalesce(r.phone, m.phone), coalesce(r."group", m."group"))
"""


def resolve(contacts: Sequence[Contact]) -> list[Resolution]:
    """Find or make the members of messages and take in their evidence that an id uses an e-mail.

    A guest's orders belong to the id that showed the e-mail with the earliest order; the evidence
    only grows, so any order of messages ends in the same owner. Answers stand in the order asked.
    """
    known = [contact for contact in contacts if contact.key is not None]
    if not known:
        return [NOBODY] * len(contacts)
    found, owners = _look(known)
    if any((contact.shop_id, contact.key) not in found for contact in known):
        # Another transaction made one between our look and our write: now it is to be seen.
        found, owners = _look(known)
    return [_resolution(contact, found, owners) for contact in contacts]


Found = dict[tuple[int, str | None], tuple[int, bool]]  # by shop and key: id, made just now
Owners = dict[tuple[int, str | None], tuple[int, int | None]]  # by shop and e-mail: owner, guest


def _look(contacts: Sequence[Contact]) -> tuple[Found, Owners]:
    emails = sorted({(c.shop_id, c.email) for c in contacts if c.email is not None})
    with sql.together():
        if emails:
            sql.send(_ALONE, {"locks": [f"email:{shop}:{email}" for shop, email in emails]})
        rows = [_row(contact) for contact in contacts]
        said = {name: [row[name] for row in rows] for name in _NAMES}
        members = sql.send(_FIND_OR_MAKE, {**said, "now": clock.now()})
        owned = (
            sql.send(_OWNERS, {"shops": [s for s, _ in emails], "emails": [e for _, e in emails]})
            if emails
            else None
        )
    return (
        {(row.shop_id, row.key): (row.id, row.made) for row in members.fetchall()},
        {
            (row.shop, row.email): (row.owner, row.guest)
            for row in (owned.fetchall() if owned else ())
        },
    )


def _resolution(contact: Contact, found: Found, owners: Owners) -> Resolution:
    if contact.key is None:
        return NOBODY
    member_id, made = found[contact.shop_id, contact.key]
    owner, guest = owners.get((contact.shop_id, contact.email), (None, None))
    if contact.key.startswith("phone:"):
        return Resolution(member_id, guest_id=member_id, made=made)
    if contact.key.startswith("email:"):
        return Resolution(owner or member_id, guest_id=member_id, made=made and not owner)
    if guest is None:
        return Resolution(member_id, made=made)
    return Resolution(member_id, owned_guest_id=guest, owner_id=owner, made=made)


def lock(member_ids: Iterable[int | None]) -> None:
    """Lock members in id order: whoever changes a customer's orders holds the customer first."""
    ids = sorted({m for m in member_ids if m is not None})
    if ids:
        sql.send(_LOCK, {"ids": ids})


def refresh(shown: Mapping[int, Contact]) -> None:
    """Let the contact cards show what the newest messages say of the customers."""
    if shown:
        rows = ({**_row(contact), "id": member_id} for member_id, contact in sorted(shown.items()))
        sql.send(_REFRESH, {"rows": sql.recordset(rows)})


@dataclass(frozen=True)
class Card:
    """What a shop says of a customer; the names in `said` are set, also to nothing, others stay."""

    said: frozenset[str]
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    group: str | None = None
    birthday: date | None = None
    registered_at: datetime | None = None
    locale: str | None = None
    letters: bool = True


def write(member_id: int, card: Card) -> None:
    """Set what the shop said of a locked customer; e-mail and phone are normalised by the caller.

    After the first present the birthday stays: only staff change it, and it is recorded.
    """
    found = db.session.scalars(select(Member).where(Member.id == member_id)).one()
    frozen = {"birthday"} if found.birthday_given_at is not None else set()
    for name in card.said - frozen:
        setattr(found, name, getattr(card, name))
    db.session.flush()


def _row(contact: Contact) -> dict[str, object]:
    return {
        "shop": contact.shop_id,
        "key": contact.key,
        "name": contact.name,
        "email": contact.email,
        "phone": contact.phone,
        "group": contact.group,
        "seen": contact.seen_at,
        "known": (contact.key or "").startswith("id:"),
    }


def mute(member_id: int, at: datetime) -> None:
    """Keep that a customer wants no messages about bonuses, since he first said so."""
    mine = (Member.tenant_id == current_tenant()) & (Member.id == member_id)
    db.session.execute(update(Member).where(mine, Member.muted_at.is_(None)).values(muted_at=at))


def mark(member_id: int, said: Tagged) -> None:
    """Put a tag on a customer or take it off, once by the source; said anew, it stands as it is said now."""
    values = {
        "tag": said.tag,
        "added": said.added,
        "at": said.at,
        "actor": said.actor,
        "undone_at": None,
    }
    row = insert(MemberTag).values(member_id=member_id, source=said.source, **values)
    index = ["tenant_id", "member_id", "source"]
    db.session.execute(row.on_conflict_do_update(index_elements=index, set_=values))


def unmark(member_id: int, source: str) -> None:
    """Let what a source said of a customer's tags count no more."""
    db.session.execute(
        update(MemberTag)
        .where(
            MemberTag.member_id == member_id,
            MemberTag.source == source,
            MemberTag.undone_at.is_(None),
        )
        .values(undone_at=clock.now())
    )


def freeze_birthdays(member_ids: Iterable[int], at: datetime) -> None:
    """Let the birthdays of customers who had their first present stand from now on."""
    mine = (Member.tenant_id == current_tenant()) & Member.id.in_(set(member_ids))
    db.session.execute(
        update(Member).where(mine, Member.birthday_given_at.is_(None)).values(birthday_given_at=at)
    )


def correct_birthday(member: Member, birthday: date | None, reason: str) -> None:
    """Change a birthday by hand, also one that stands; it is recorded. One present a year stays one."""
    if member.birthday == birthday:
        return
    said = [day.isoformat() if day else None for day in (member.birthday, birthday)]
    member.birthday = birthday
    db.session.flush()
    record("member.birthday_changed", f"member:{member.id}", birthday=said, reason=reason)
