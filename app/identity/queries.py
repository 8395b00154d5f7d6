"""Reads about people: who they are, where they belong, where they are signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from app import clock
from app.extensions import db
from app.identity.models import Membership, Person, Session
from app.identity.rules import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def person(person_id: int) -> Person | None:
    """Return a person by id."""
    return db.session.get(Person, person_id)


def people(ids: Iterable[int]) -> dict[int, Person]:
    """Return people by their ids."""
    query = select(Person).where(Person.id.in_(set(ids)))
    return {row.id: row for row in db.session.scalars(query)}


def by_email(email: str) -> Person | None:
    """Return the person of a normalised e-mail."""
    return db.session.scalar(select(Person).where(Person.email == email))


def memberships(person_id: int) -> Sequence[Membership]:
    """Return everything a person is, everywhere, in the order it began."""
    query = select(Membership).where(Membership.person_id == person_id).order_by(Membership.id)
    return db.session.scalars(query).all()


def staff_membership(person_id: int, tenant_id: int) -> Membership | None:
    """Return what a person is among a merchant's staff."""
    query = select(Membership).where(
        Membership.person_id == person_id,
        Membership.tenant_id == tenant_id,
        Membership.role != Role.PARTNER.value,
    )
    return db.session.scalar(query)


def partner_membership(person_id: int, tenant_id: int) -> Membership | None:
    """Return which partner of a merchant a person is."""
    query = (
        select(Membership)
        .where(
            Membership.person_id == person_id,
            Membership.tenant_id == tenant_id,
            Membership.role == Role.PARTNER.value,
        )
        .order_by(Membership.id)
        .limit(1)
    )
    return db.session.scalar(query)


def staff(tenant_id: int) -> list[tuple[Membership, Person]]:
    """Return a merchant's staff by name."""
    query = (
        select(Membership, Person)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.tenant_id == tenant_id, Membership.role != Role.PARTNER.value)
        .order_by(Person.name, Membership.id)
    )
    return [(membership, found) for membership, found in db.session.execute(query)]


def is_staff_anywhere(person_id: int) -> bool:
    """Tell whether a person is among any merchant's staff."""
    query = select(Membership.id).where(
        Membership.person_id == person_id, Membership.role != Role.PARTNER.value
    )
    return db.session.scalar(query.limit(1)) is not None


def owners(tenant_id: int) -> int:
    """Return how many owners a merchant has."""
    query = select(func.count()).where(
        Membership.tenant_id == tenant_id, Membership.role == Role.OWNER.value
    )
    return db.session.scalar(query) or 0


def sessions(person_id: int) -> Sequence[Session]:
    """Return where a person is signed in, last used first."""
    query = select(Session).where(Session.person_id == person_id, Session.expires_at > clock.wall())
    return db.session.scalars(query.order_by(Session.seen_at.desc())).all()
