"""Whose card a number is, which cards there are, and which customers a phone belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, func, select

from app.cards.models import Card
from app.extensions import db
from app.members.models import Member

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 20  # customers of one phone


def card_of(member_id: int) -> Card | None:
    """Return a customer's card."""
    return db.session.scalar(
        select(Card).where(Card.member_id == member_id, Card.ended_at.is_(None))
    )


def by_number(shop_id: int, number: str) -> Card | None:
    """Return the card of a number that was normalised."""
    mine = (Card.shop_id == shop_id, Card.number == number, Card.ended_at.is_(None))
    return db.session.scalar(select(Card).where(*mine))


def owners_of(shop_id: int, numbers: Sequence[str], members: Sequence[int]) -> dict[str, int]:
    """Return whose the live cards are that have these numbers, or belong to these customers."""
    query = select(Card.number, Card.member_id).where(
        Card.shop_id == shop_id,
        Card.ended_at.is_(None),
        Card.number.in_(set(numbers)) | Card.member_id.in_(set(members)),
    )
    return {row.number: row.member_id for row in db.session.execute(query)}


def listed() -> Select[Any, Any]:
    """Return the statement of every live card with its customer."""
    same = (Member.tenant_id == Card.tenant_id) & (Member.id == Card.member_id)
    return select(Card, Member).join(Member, same).where(Card.ended_at.is_(None))


def matching(statement: Select[Any], words: str) -> Select[Any]:
    """Narrow the list to numbers and customers with the words."""
    text = words.strip()
    return statement.where(
        Card.number.contains(text.upper(), autoescape=True)
        | Member.name.icontains(text, autoescape=True)
        | Member.email.contains(text.casefold(), autoescape=True)
        | Member.phone.contains(text, autoescape=True)
    )


def members_of(phone: str) -> Sequence[Member]:
    """Return the customers with an account and this phone, of each shop: he is another in each."""
    known = Member.key.startswith("id:", autoescape=True)
    query = select(Member).where(Member.phone == phone, known)
    return db.session.scalars(query.order_by(Member.shop_id, Member.id).limit(MOST)).all()


def number_of_cards() -> int:
    """Return how many cards are bound."""
    return db.session.scalar(select(func.count()).where(Card.ended_at.is_(None))) or 0
