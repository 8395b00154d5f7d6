"""Read mailings, who they go to, and what became of their letters."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, BigInteger, Select, any_, exists, func, literal, select

from app import clock
from app.commissions.models import Deal, Share
from app.extensions import db
from app.ledger.models import Balance
from app.mailings.models import Mailing
from app.notifications.models import Message
from app.participation.queries import agreed_to_letters
from app.partners.models import Partner
from app.partners.queries import on_terms
from app.partners.rules import fold_code
from app.programs import queries as programs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

    from app.mailings.rules import Segment


NOTICE = "mailing.started"


def find(public_id: str) -> Mailing | None:
    """Return a mailing by its outside id."""
    return db.session.scalar(select(Mailing).where(Mailing.public_id == public_id))


def listed() -> Select[Any]:
    """Return the statement of all mailings."""
    return select(Mailing)


def readers(segment: Segment) -> Select[Any]:
    """Return the statement of the partners of a segment who can be written to and have not declined it.

    Where the merchant's registration form asks whether letters are wanted, only who agreed gets any.
    """
    query, agreed = _addressed(segment), agreed_to_letters()
    return query if agreed is None else query.where(agreed)


def unasked(segment: Segment) -> int:
    """Return how many of a segment get nothing because they have not agreed to letters."""
    agreed = agreed_to_letters()
    if agreed is None:
        return 0
    inner = _addressed(segment).where(~agreed).with_only_columns(Partner.id).subquery()
    return db.session.scalar(select(func.count()).select_from(inner)) or 0


def _addressed(segment: Segment) -> Select[Any]:
    unwanted = Partner.muted.contains([NOTICE])
    query = select(Partner).where(Partner.email.is_not(None), ~unwanted)
    if segment.refcodes or segment.ids:
        codes = [fold_code(code) for code in segment.refcodes]
        ids = literal(list(segment.ids), ARRAY(BigInteger))
        named = Partner.id == any_(ids) if segment.ids else Partner.refcode.in_(codes)
        return query.where(named, Partner.status.in_(("active", "blocked")))
    query = query.where(Partner.status == segment.status)
    if segment.group_id is not None:
        query = query.where(Partner.group_id == segment.group_id)
    if segment.terms_id is not None:
        base = programs.base_terms().id == segment.terms_id
        query = query.where(on_terms(segment.terms_id, is_base=base))
    for condition in (*_balance(segment), *_sales(segment)):
        query = query.where(condition)
    return query


def _balance(segment: Segment) -> list[ColumnElement[bool]]:
    account = func.concat("partner:", Partner.id, ":available")
    held = select(Balance.balance).where(
        Balance.tenant_id == Partner.tenant_id, Balance.account == account
    )
    available = func.coalesce(held.correlate(Partner).scalar_subquery(), literal(0))
    least = [] if segment.least is None else [available >= segment.least]
    return least if segment.most is None else [*least, available <= segment.most]


def _sales(segment: Segment) -> list[ColumnElement[bool]]:
    if segment.sales == "any":
        return []
    since = clock.now() - timedelta(days=segment.days)
    sold = (
        exists()
        .where(
            Share.tenant_id == Partner.tenant_id,
            Share.partner_id == Partner.id,
            Deal.tenant_id == Share.tenant_id,
            Deal.order_id == Share.order_id,
            Deal.created_at >= since,
        )
        .correlate(Partner)
    )
    return [sold if segment.sales == "some" else ~sold]


def strangers(refcodes: Sequence[str]) -> list[str]:
    """Return which of these refcodes no partner has."""
    wanted = {fold_code(said): said for said in refcodes}
    query = select(Partner.refcode).where(Partner.refcode.in_(wanted))
    known = set(db.session.scalars(query)) if wanted else set()
    return [said for key, said in wanted.items() if key not in known]


def count(segment: Segment) -> int:
    """Return how many partners a segment has who can be written to."""
    inner = readers(segment).with_only_columns(Partner.id).subquery()
    return db.session.scalar(select(func.count()).select_from(inner)) or 0


def first(segment: Segment, limit: int = 5) -> Sequence[Partner]:
    """Return the first partners of a segment."""
    return db.session.scalars(readers(segment).order_by(Partner.id).limit(limit)).all()


def next_readers(segment: Segment, place: int, limit: int) -> Sequence[Partner]:
    """Return the next partners to be written to after one, in the order of their ids."""
    query = readers(segment).where(Partner.id > place).order_by(Partner.id).limit(limit)
    return db.session.scalars(query).all()


def fates(mailing: Mailing) -> dict[str, int]:
    """Return how many of a mailing's letters are in each state."""
    query = (
        select(Message.state, func.count())
        .where(Message.event_id == mailing.event_id)
        .group_by(Message.state)
    )
    return {state: int(number) for state, number in db.session.execute(query)}


def letters(mailing: Mailing) -> Select[Any]:
    """Return the statement of a mailing's letters."""
    return select(Message).where(Message.event_id == (mailing.event_id or 0))


def open_mailings(limit: int = 500) -> list[tuple[int, int]]:
    """Return (tenant, id) of mailings whose time has come; to be asked as partnerka_drain."""
    query = (
        select(Mailing.tenant_id, Mailing.id)
        .where(Mailing.state.in_(("scheduled", "sending")), Mailing.next_at <= clock.wall())
        .order_by(Mailing.next_at)
        .limit(limit)
    )
    return [(row.tenant_id, row.id) for row in db.session.execute(query)]
