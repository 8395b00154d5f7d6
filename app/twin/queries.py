"""Reads of test mode: what a move of the clock will bring, letters kept here, test sales."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from app.attribution.models import Click
from app.commissions.models import Deal
from app.events.models import Event
from app.extensions import db
from app.facts.models import Fact
from app.grades import queries as grades
from app.ledger.models import Transfer
from app.notifications.models import CapturedLetter
from app.orders.models import Order
from app.partners.models import Partner
from app.payouts.models import Payout
from app.programs.models import Campaign
from app.ranks import queries as ranks
from app.twin.models import TestSale
from app.twin.rules import Ahead

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select, SQLColumnExpression

CLOCK_MOVED = "clock.moved"


def ahead(now: datetime, to: datetime) -> Ahead:
    """Return what is known to happen after now and up to an instant."""

    def within(column: SQLColumnExpression[Any]) -> ColumnElement[bool]:
        return (column > now) & (column <= to)

    holds = select(func.count(), func.coalesce(func.sum(Deal.commission), 0))
    count, freed = db.session.execute(holds.where(within(Deal.matures_at))).one()
    counted = select(
        _count(within(Campaign.starts_at)),
        _count(within(Campaign.ends_at)),
        _count(within(Fact.valid_from)),
        _count(within(Partner.details_usable_at)),
    )
    begin, end, changes, details = db.session.execute(counted).one()
    climbing = grades.ladder().plan.on or ranks.plan().on
    reviews = climbing and to.date() > now.date()
    return Ahead(count, int(freed), begin, end, changes, details, reviews)


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).where(condition).scalar_subquery()


def happened_after(moment: datetime) -> bool:
    """Tell whether anything but a move of the clock happened in the scope after a moment."""
    queries = (
        select(Event.id).where(Event.at > moment, Event.type != CLOCK_MOVED),
        select(Transfer.id).where(Transfer.at > moment),
        select(Click.nonce).where(Click.at > moment),
    )
    return any(db.session.scalar(query.limit(1)) is not None for query in queries)


def letters() -> Select[tuple[CapturedLetter]]:
    """Return the statement of the letters that test mode kept."""
    return select(CapturedLetter)


def letter(letter_id: int) -> CapturedLetter | None:
    """Return one letter that test mode kept."""
    return db.session.scalar(select(CapturedLetter).where(CapturedLetter.id == letter_id))


def sales(most: int = 20) -> Sequence[TestSale]:
    """Return the newest test sales."""
    query = select(TestSale).order_by(TestSale.id.desc()).limit(most)
    return db.session.scalars(query).all()


def sale(public_id: str) -> TestSale | None:
    """Return a test sale by its outside id."""
    return db.session.scalar(select(TestSale).where(TestSale.public_id == public_id))


def standing_sale() -> TestSale | None:
    """Return the test sale that was not undone yet."""
    return db.session.scalar(select(TestSale).where(TestSale.undone_at.is_(None)))


def buyer_number() -> int:
    """Return a number that no test buyer has had."""
    return (db.session.scalar(select(func.max(TestSale.id))) or 0) + 1


def partner_of_sales() -> Partner | None:
    """Return the partner of earlier test sales, while he is active."""
    query = (
        select(Partner)
        .join(
            TestSale,
            (TestSale.tenant_id == Partner.tenant_id) & (TestSale.partner_id == Partner.id),
        )
        .where(Partner.status == "active")
        .order_by(TestSale.id.desc())
        .limit(1)
    )
    return db.session.scalars(query).first()


def order_of(sale: TestSale) -> Order:
    """Return the order of a test sale."""
    return db.session.get_one(Order, (sale.tenant_id, sale.order_id))


def payout_of(sale: TestSale) -> Payout | None:
    """Return the payout that a test sale came to."""
    if sale.payout_id is None:
        return None
    return db.session.get_one(Payout, (sale.tenant_id, sale.payout_id))


def partner_of(sale: TestSale) -> Partner:
    """Return the partner of a test sale."""
    return db.session.get_one(Partner, (sale.tenant_id, sale.partner_id))
