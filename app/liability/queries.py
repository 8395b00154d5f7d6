"""Reads of what is owed to partners: sums, and the rows that they are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Text, and_, func, literal, select, text
from sqlalchemy import cast as as_type

from app import clock
from app.commissions.models import Deal, Share
from app.extensions import db
from app.ledger.models import Balance
from app.liability.rules import What
from app.orders.models import Order
from app.partners.models import Partner
from app.payouts.models import Payout, PayoutMethod
from app.payouts.queries import OPEN_STATES
from app.programs.models import Terms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement, Select, Subquery

    from app.liability.rules import Span
    from app.tenants.models import Tenant

# The predicate of the index ix_share_waiting, word for word: planned once, it must still be seen to fit.
_WAITING = text("share.bucket IN ('pending', 'expected') AND share.amount > 0")
MOST = 25  # partners of the breakdown


@dataclass(frozen=True)
class Sums:
    """What is owed in all, by kind; `maturing` by day in the merchant's zone. Minor units."""

    of: Mapping[What, int]
    maturing: Mapping[date, int] = field(default_factory=dict)

    @property
    def owed(self) -> int:
        """What the books owe: available, in payouts, and on hold."""
        return sum(self.of[w] for w in (What.AVAILABLE, What.RESERVED, What.HOLD, What.UNDATED))


@dataclass(frozen=True)
class Part:
    """One line of a breakdown: whose or of which terms, and its sums by kind."""

    key: str
    name: str
    of: Mapping[What, int]

    @property
    def total(self) -> int:
        """All but the debt, which is owed the other way."""
        return sum(amount for what, amount in self.of.items() if what is not What.DEBT)


def zone_of(tenant: Tenant) -> ZoneInfo:
    """Return the merchant's zone."""
    return ZoneInfo(tenant.timezone)


def sums(tenant: Tenant) -> Sums:
    """Return what is owed, by kind and by day of maturity, in two statements."""
    found = dict.fromkeys(What, 0)
    kind = func.split_part(Balance.account, ":", 3)
    query = select(kind, func.sum(Balance.balance)).where(Balance.account.like("partner:%"))
    for name, total in db.session.execute(query.group_by(kind)):
        if name in set(What):
            found[What(name)] = int(total)
    day = func.date(func.timezone(tenant.timezone, Deal.matures_at)).label("day")
    waits = select(Share.bucket, day, func.sum(Share.amount).label("total"))
    rows = db.session.execute(_of_deals(waits).group_by(Share.bucket, day))
    maturing: dict[date, int] = {}
    for bucket, on, total in rows:
        found[_what(bucket, dated=on is not None)] += int(total)
        if bucket == "pending" and on is not None:
            maturing[on] = maturing.get(on, 0) + int(total)
    return Sums(found, maturing)


def _what(bucket: str, *, dated: bool) -> What:
    if bucket == "expected":
        return What.EXPECTED
    return What.HOLD if dated else What.UNDATED


def _of_deals(statement: Any) -> Any:
    return (
        statement.select_from(Share)
        .join(Deal, and_(Deal.tenant_id == Share.tenant_id, Deal.order_id == Share.order_id))
        .where(_WAITING)
    )


def by_terms() -> list[Part]:
    """Return what sales wait for, by the terms that they are on; the most first."""
    waits = select(
        Deal.terms_id, Share.bucket, Deal.matures_at.is_not(None), func.sum(Share.amount)
    )
    rows = db.session.execute(
        _of_deals(waits).group_by(Deal.terms_id, Share.bucket, Deal.matures_at.is_not(None))
    ).all()
    terms = {row.id: row for row in db.session.scalars(select(Terms))}
    parts: dict[int | None, dict[What, int]] = {}
    for terms_id, bucket, dated, total in rows:
        mine = parts.setdefault(terms_id, {})
        what = _what(bucket, dated=dated)
        mine[what] = mine.get(what, 0) + int(total)
    found = [
        Part(
            terms[key].public_id if key in terms else "",
            terms[key].name if key in terms else "",
            of,
        )
        for key, of in parts.items()
    ]
    return sorted(found, key=lambda part: (-part.total, part.name))


_BY_PARTNER = text(
    f"""
    SELECT p.refcode, p.name, x.available, x.reserved, x.hold, x.undated, x.expected, x.debt
    FROM (
        SELECT partner_id, sum(available)::bigint AS available, sum(reserved)::bigint AS reserved,
               sum(hold)::bigint AS hold, sum(undated)::bigint AS undated,
               sum(expected)::bigint AS expected, sum(debt)::bigint AS debt
        FROM (
            SELECT split_part(account, ':', 2)::bigint AS partner_id,
                   CASE WHEN split_part(account, ':', 3) = 'available' THEN balance ELSE 0 END AS available,
                   CASE WHEN split_part(account, ':', 3) = 'reserved' THEN balance ELSE 0 END AS reserved,
                   0 AS hold, 0 AS undated, 0 AS expected,
                   CASE WHEN split_part(account, ':', 3) = 'debt' THEN balance ELSE 0 END AS debt
            FROM balance WHERE account LIKE 'partner:%' AND balance > 0
            UNION ALL
            SELECT share.partner_id, 0, 0,
                   CASE WHEN bucket = 'pending' AND d.matures_at IS NOT NULL THEN amount ELSE 0 END,
                   CASE WHEN bucket = 'pending' AND d.matures_at IS NULL THEN amount ELSE 0 END,
                   CASE WHEN bucket = 'expected' THEN amount ELSE 0 END, 0
            FROM share JOIN deal d ON d.order_id = share.order_id
            WHERE {_WAITING.text}
        ) y GROUP BY 1
    ) x JOIN partner p ON p.id = x.partner_id
    ORDER BY x.available + x.reserved + x.hold + x.undated + x.expected DESC, p.id LIMIT :most
    """  # noqa: S608 - made of our own words
)


def by_partner(most: int = MOST) -> list[Part]:
    """Return the partners to whom most is owed."""
    rows = db.session.execute(_BY_PARTNER, {"most": most})
    return [
        Part(row.refcode, row.name, {what: int(getattr(row, what.value)) for what in What})
        for row in rows
    ]


def sales(what: What, span: Span | None, zone: ZoneInfo) -> tuple[Select[Any], Subquery]:
    """Return the statement of one kind's sales, a row for each order and partner, and its sub-select.

    Columns: key, amount, matures_at, created_at, number, deal, partner, refcode, terms; they sum to the figure.
    """
    bucket = "expected" if what is What.EXPECTED else "pending"
    key = func.concat(Share.order_id, literal("-"), Share.partner_id).label("key")
    query = (
        _of_deals(
            select(
                key,
                Share.tenant_id,
                Share.order_id,
                Share.partner_id,
                as_type(func.sum(Share.amount), BigInteger).label("amount"),
                func.min(Deal.matures_at).label("matures_at"),
                func.min(Deal.created_at).label("created_at"),
                func.min(Deal.public_id).label("deal"),
                func.min(Deal.terms_id).label("terms_id"),
            )
        )
        .where(Share.bucket == bucket, *_within(what, span, zone))
        .group_by(Share.tenant_id, Share.order_id, Share.partner_id)
    )
    rows = query.subquery("waiting")
    found = (
        select(
            rows,
            Order.number,
            Partner.name.label("partner"),
            Partner.refcode,
            Terms.name.label("terms"),
        )
        .join(Order, and_(Order.tenant_id == rows.c.tenant_id, Order.id == rows.c.order_id))
        .join(Partner, and_(Partner.tenant_id == rows.c.tenant_id, Partner.id == rows.c.partner_id))
        .outerjoin(Terms, and_(Terms.tenant_id == rows.c.tenant_id, Terms.id == rows.c.terms_id))
    )
    return cast("Select[Any]", found), rows


def _within(what: What, span: Span | None, zone: ZoneInfo) -> list[ColumnElement[bool]]:
    if what is What.UNDATED:
        return [Deal.matures_at.is_(None)]
    if what is not What.HOLD:
        return []
    dated: list[ColumnElement[bool]] = [Deal.matures_at.is_not(None)]
    if span is None:
        return dated
    first = datetime.combine(span.first, time(), zone)
    if first > clock.now():  # what is overdue counts as the first day's
        dated.append(Deal.matures_at >= first)
    if span.last is not None:
        dated.append(
            Deal.matures_at < datetime.combine(span.last + timedelta(days=1), time(), zone)
        )
    return dated


def balances(what: What) -> Select[Any]:
    """Return the statement of partners with something on one account: key, amount, partner, refcode."""
    account = func.concat("partner:", as_type(Partner.id, Text), f":{what.value}")
    found = (
        select(
            Partner.id.label("key"),
            Balance.balance.label("amount"),
            Partner.name.label("partner"),
            Partner.refcode.label("refcode"),
        )
        .select_from(Balance)
        .join(Partner, and_(Partner.tenant_id == Balance.tenant_id, Balance.account == account))
        .where(Balance.balance > 0)
    )
    return cast("Select[Any]", found)


def payouts() -> Select[Any]:
    """Return the statement of payouts that are not over: key, amount, partner, refcode, payout and more."""
    found = (
        select(
            Payout.id.label("key"),
            Payout.amount.label("amount"),
            Payout.public_id.label("payout"),
            Payout.state.label("state"),
            Payout.requested_at.label("requested_at"),
            PayoutMethod.name.label("method"),
            Partner.name.label("partner"),
            Partner.refcode.label("refcode"),
        )
        .join(Partner, and_(Partner.tenant_id == Payout.tenant_id, Partner.id == Payout.partner_id))
        .join(
            PayoutMethod,
            and_(PayoutMethod.tenant_id == Payout.tenant_id, PayoutMethod.id == Payout.method_id),
        )
        .where(Payout.state.in_(OPEN_STATES))
    )
    return cast("Select[Any]", found)


def total(statement: Select[Any], amount: ColumnElement[int]) -> int:
    """Return what the rows of a statement sum to."""
    some = statement.order_by(None).with_only_columns(amount.label("amount")).subquery()
    return int(db.session.scalar(select(func.coalesce(func.sum(some.c.amount), 0))) or 0)


def rows(statement: Select[Any], most: int) -> list[Any]:
    """Return the rows of a narrowed statement, for a file."""
    return list(db.session.execute(statement.limit(most)).all())
