"""Look customers up without making any."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from app import sql
from app.extensions import db
from app.members.models import Member, MemberEmail, MemberTag
from app.members.rules import Tagged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.members.service import Contact

_KNOWN = """
SELECT id FROM member WHERE shop_id = %(shop)s AND key = %(key)s
"""
_GUEST = """
SELECT id FROM member WHERE shop_id = %(shop)s AND key = 'email:' || %(email)s
"""
# Who owns the guest of an e-mail, if this customer's order now says so too.
_OWNER = """
SELECT u.key FROM (
    SELECT m.key, e.since FROM member_email e
    JOIN member m ON m.tenant_id = e.tenant_id AND m.id = e.member_id
    WHERE e.shop_id = %(shop)s AND e.email = %(email)s
    UNION ALL SELECT %(key)s, %(seen)s WHERE %(known)s
) u ORDER BY u.since, u.key LIMIT 1
"""


@dataclass(frozen=True)
class Known:
    """Whose an order would be: None and no others for a buyer of whom nothing is known yet."""

    member_id: int | None
    others: tuple[int, ...] = ()  # customers whose orders would then be his too


def would_be(contact: Contact) -> Known:
    """Say whose an order with this contact would be, by the rules of `members.service.resolve`; only reads."""
    if contact.key is None:
        return Known(None)
    values = {
        "shop": contact.shop_id,
        "key": contact.key,
        "email": contact.email,
        "seen": contact.seen_at,
        "known": contact.key.startswith("id:"),
    }
    row = sql.one(_KNOWN, values)
    own = row.id if row else None
    if contact.email is None or contact.key.startswith("phone:"):
        return Known(own)
    owner = sql.one(_OWNER, values)
    if contact.key.startswith("email:"):
        owned = sql.one(_KNOWN, values | {"key": owner.key}) if owner else None
        return Known(owned.id if owned else own)
    guest = sql.one(_GUEST, values)
    mine = owner is not None and owner.key == contact.key and guest is not None
    return Known(own, (guest.id,) if mine else ())


def listed() -> Select[tuple[Member]]:
    """Return the statement of every customer."""
    return select(Member)


def matching(statement: Select[tuple[Member]], words: str) -> Select[tuple[Member]]:
    """Narrow a list of customers to those whose name, e-mail, phone or shop's id has the words."""
    text = words.strip()
    return statement.where(
        Member.name.icontains(text, autoescape=True)
        | Member.email.contains(text.casefold(), autoescape=True)
        | Member.phone.contains(text, autoescape=True)
        | Member.key.contains(text, autoescape=True)
    )


def by_external(shop_id: int, external_id: str) -> Member | None:
    """Return a customer by the shop's own id."""
    key = f"id:{external_id.strip()}"
    return db.session.scalar(select(Member).where(Member.shop_id == shop_id, Member.key == key))


def of_shop(shop_id: int, external_ids: Iterable[str]) -> dict[str, Member]:
    """Return the customers of a shop by the shop's own ids."""
    keys = {f"id:{each.strip()}": each for each in external_ids}
    query = select(Member).where(Member.shop_id == shop_id, Member.key.in_(keys))
    return {keys[found.key]: found for found in db.session.scalars(query)}


def of_email(shop_id: int, email: str) -> int | None:
    """Return whose an e-mail (normalised) is in a shop: of the id that showed it first, else the guest's."""
    owner = (
        select(Member.id)
        .join(
            MemberEmail,
            (MemberEmail.tenant_id == Member.tenant_id) & (MemberEmail.member_id == Member.id),
        )
        .where(MemberEmail.shop_id == shop_id, MemberEmail.email == email)
        .order_by(MemberEmail.since, Member.key)
    )
    guest = select(Member.id).where(Member.shop_id == shop_id, Member.key == f"email:{email}")
    return db.session.scalar(owner.limit(1)) or db.session.scalar(guest)


def by_externals(external_ids: Iterable[str]) -> tuple[list[int], list[str]]:
    """Return the customers of any shop with these ids of the shop's own, and the ids that are nobody's."""
    keys = {f"id:{each}": each for each in external_ids}
    query = select(Member.id, Member.key).where(Member.key.in_(keys)).order_by(Member.id)
    rows = db.session.execute(query).all()
    known = {row.key for row in rows}
    return [row.id for row in rows], [each for key, each in keys.items() if key not in known]


def by_id(member_id: int) -> Member | None:
    """Return a customer of the scope."""
    return db.session.scalar(select(Member).where(Member.id == member_id))


def tags(member_ids: Iterable[int]) -> Mapping[int, list[Tagged]]:
    """Return every word that stands about tags of customers; `rules.worn` tells what they bear."""
    found: dict[int, list[Tagged]] = defaultdict(list)
    query = select(MemberTag).where(
        MemberTag.member_id.in_(set(member_ids)), MemberTag.undone_at.is_(None)
    )
    for row in db.session.scalars(query.order_by(MemberTag.at, MemberTag.id)):
        found[row.member_id].append(Tagged(row.tag, row.added, row.at, row.source, row.actor))
    return found
