"""Who can be written to, and what waits to be written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import Select, and_, select, union

from app import clock
from app.coupons import queries as coupons
from app.extensions import db
from app.facts import service as facts
from app.identity.models import Membership, Person
from app.members.models import Member
from app.notifications.models import Message
from app.participation.models import JoinRequest
from app.partners.models import Partner
from app.tenancy import current_tenant
from app.tenants.models import Shop, Tenant

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from typing import Any

WAITING = ("due", "sending")
LOOKED_THROUGH = 10_000  # messages in which a part of an address is looked for


def tenant() -> Tenant:
    """Return the scope's tenant."""
    return db.session.scalars(select(Tenant).where(Tenant.id == current_tenant())).one()


def staff(merchant: Tenant, roles: Collection[str]) -> Sequence[Person]:
    """Return the merchant's people with one of the roles; a test twin's are its merchant's."""
    query = (
        select(Person)
        .join(Membership, Membership.person_id == Person.id)
        .where(
            Membership.tenant_id == (merchant.twin_of or merchant.id),
            Membership.role.in_(roles),
            Person.disabled_at.is_(None),
        )
        .order_by(Person.id)
    )
    return db.session.scalars(query).all()


def operators() -> Sequence[Person]:
    """Return those who run the platform."""
    query = select(Person).where(Person.is_operator, Person.disabled_at.is_(None))
    return db.session.scalars(query.order_by(Person.id)).all()


def partner(partner_id: int) -> Partner | None:
    """Return one partner of the scope's tenant."""
    query = select(Partner).where(Partner.tenant_id == current_tenant(), Partner.id == partner_id)
    return db.session.scalars(query).one_or_none()


def partners(ids: Iterable[int]) -> dict[int, Partner]:
    """Return partners of the scope's tenant by their ids."""
    query = select(Partner).where(Partner.tenant_id == current_tenant(), Partner.id.in_(set(ids)))
    return {row.id: row for row in db.session.scalars(query)}


def person(person_id: int) -> Person | None:
    """Return one person who is not disabled."""
    query = select(Person).where(Person.id == person_id, Person.disabled_at.is_(None))
    return db.session.scalars(query).one_or_none()


def applicant(subject: str) -> JoinRequest | None:
    """Return the application that an event is about ("request:7")."""
    name, _, number = subject.partition(":")
    known = name == "request" and number.isdecimal()
    return (
        db.session.scalar(select(JoinRequest).where(JoinRequest.id == int(number)))
        if known
        else None
    )


def was_sent(template: str, recipient: str) -> bool:
    """Whether such a letter has left to somebody."""
    query = select(Message.id).where(
        Message.template == template, Message.recipient == recipient, Message.state == "sent"
    )
    return db.session.scalar(query.limit(1)) is not None


@dataclass(frozen=True, kw_only=True)
class Customer:
    """A customer as messages reach him, in the language that he is known to read."""

    id: int
    name: str | None
    email: str | None
    phone: str | None
    locale: str | None
    wanted: bool  # whether he wants messages about bonuses
    has_cabinet: bool
    shop_address: str


def customers(ids: Iterable[int]) -> dict[int, Customer]:
    """Return customers by their ids; of who is a partner too, the cabinet and its language are known."""
    query = (
        select(Member, Shop.domain, Shop.path, Partner.locale, Partner.person_id)
        .join(Shop, and_(Shop.tenant_id == Member.tenant_id, Shop.id == Member.shop_id))
        .outerjoin(
            Partner,
            and_(Partner.tenant_id == Member.tenant_id, Partner.member_id == Member.id),
        )
        .where(Member.tenant_id == current_tenant(), Member.id.in_(set(ids)))
        .order_by(Member.id, Partner.id.desc())
    )
    return {
        member.id: Customer(
            id=member.id,
            name=member.name,
            email=member.email,
            phone=member.phone,
            locale=member.locale or locale,
            wanted=member.letters and member.muted_at is None,
            has_cabinet=person_id is not None,
            shop_address=f"https://{domain}{path}",
        )
        for member, domain, path, locale, person_id in db.session.execute(query)
    }


def as_said(customer: Customer, facts: Mapping[str, Any]) -> Customer:
    """Return a customer as an event names him: a coupon goes where it was asked for."""
    grant = coupons.grant_by_id(str(facts["grant"])) if "grant" in facts else None
    if grant is not None:
        return replace(customer, email=grant.email or customer.email, locale=grant.locale)
    return replace(customer, locale=facts.get("locale") or customer.locale)


def switches() -> dict[str, Any]:
    """Return which notices the merchant turned off for all: {"commission.accrued": False}."""
    found = facts.current(["merchant"], ["notices"]).get("merchant", {}).get("notices")
    return found if isinstance(found, dict) else {}


def due(limit: int = 500) -> list[tuple[int, int]]:
    """Return (tenant, id) of messages whose time has come; to be asked as partnerka_drain."""
    query = (
        select(Message.tenant_id, Message.id)
        .where(Message.state.in_(WAITING), Message.due_at <= clock.wall())
        .order_by(Message.due_at, Message.id)
        .limit(limit)
    )
    return [(row.tenant_id, row.id) for row in db.session.execute(query)]


def addressed(words: str) -> Select[tuple[int]]:
    """Return the ids of messages to an address, or to one of which `words` are a part.

    LIKE uses no index under a policy, so parts are looked for among the newest messages alone; a
    whole address finds all of its messages, by the index.
    """
    said = words.casefold()
    newest = select(Message.id, Message.address).order_by(Message.id.desc()).limit(LOOKED_THROUGH)
    found = newest.subquery()
    parts = select(found.c.id).where(found.c.address.contains(said, autoescape=True))
    return select(union(select(Message.id).where(Message.address == said), parts).subquery().c.id)


def log(limit: int = 50, before: int | None = None, state: str | None = None) -> Sequence[Message]:
    """Return what was sent to whom and its fate, newest first."""
    query = select(Message).order_by(Message.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Message.id < before)
    if state is not None:
        query = query.where(Message.state == state)
    return db.session.scalars(query).all()
