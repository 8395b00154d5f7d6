"""Read accounts over a span: sums by partner and kind, and the lines of one partner.

A partner's account here is what has been earned: available, in payout, and debt against it. Money on
its way to him (`payout:N`) counts as his until it has left, so that what arrived, the fee and the tax
are lines of their own. What is on hold is not earned yet; it comes in when its hold ends.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from app.extensions import db
from app.ledger.models import Transfer
from app.statements.rules import Line, Totals, correction, totals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from app.statements.rules import Span

_OWN = r"^(partner:\d+:(available|reserved|debt)|payout:\d+)$"
# What crossed the account's border; moves within it change nothing.
_CROSSED = """
    SELECT partner_id, id, at, kind, order_id, level, reason, reference,
           CASE WHEN target ~ :own THEN amount ELSE -amount END AS amount
    FROM transfer
    WHERE {whose} AND at < :ends AND (target ~ :own) <> (source ~ :own)
"""
_SUMS = """
    SELECT partner_id, kind, coalesce(sum(amount) FILTER (WHERE at < :starts), 0)::bigint AS before,
           coalesce(sum(amount) FILTER (WHERE at >= :starts), 0)::bigint AS within
    FROM ({crossed}) t GROUP BY partner_id, kind
"""
_OF_ALL = text(_SUMS.format(crossed=_CROSSED.format(whose="partner_id IS NOT NULL")))
_OF_SOME = text(
    _SUMS.format(crossed=_CROSSED.format(whose="partner_id = ANY(:partners)"))
).bindparams(bindparam("partners", type_=ARRAY(BigInteger)))
# One booking's transfers of one kind are one line; gains come before losses of the same moment.
_LINES_OF = """
    SELECT t.partner_id, min(t.id) AS id, t.at, t.kind, t.order_id, t.reference, t.reason,
           CASE WHEN count(DISTINCT t.level) = 1 THEN min(t.level) END AS level,
           sum(t.amount)::bigint AS amount,
           CASE WHEN t.order_id IS NOT NULL THEN
               (SELECT min(f.at) FROM transfer f
                WHERE f.order_id = t.order_id AND f.partner_id = t.partner_id) END AS first
    FROM ({crossed}) t
    WHERE t.at >= :starts
    GROUP BY t.partner_id, t.at, t.kind, t.order_id, t.reference, t.reason
    ORDER BY t.partner_id, t.at, sum(t.amount) < 0, min(t.id)
"""
_LINES = text(
    _LINES_OF.format(crossed=_CROSSED.format(whose="partner_id = ANY(:partners)"))
).bindparams(bindparam("partners", type_=ARRAY(BigInteger)))


def accounts(span: Span, partners: Iterable[int] | None = None) -> dict[int, Totals]:
    """Return each partner's account over a span, in one statement; those that never had anything are absent."""
    values: dict[str, Any] = {"own": _OWN, "starts": span.starts, "ends": span.ends}
    if partners is None:
        rows = db.session.execute(_OF_ALL, values)
    else:
        rows = db.session.execute(_OF_SOME, values | {"partners": list(partners)})
    found: dict[int, list[tuple[str, int, int]]] = defaultdict(list)
    for row in rows:
        found[row.partner_id].append((row.kind, row.before, row.within))
    return {partner: totals(each) for partner, each in found.items()}


def account(span: Span, partner: int) -> Totals:
    """Return one partner's account over a span."""
    return accounts(span, [partner]).get(partner, Totals())


def lines(
    span: Span, openings: Mapping[int, int], closed_until: datetime | None, zone: str
) -> dict[int, list[Line]]:
    """Return the lines of partners' accounts over a span, oldest first, with the balance after each.

    `openings`: what stood on each partner's account before; one statement for all of them.
    """
    values = {"own": _OWN, "starts": span.starts, "ends": span.ends, "partners": list(openings)}
    found: dict[int, list[Line]] = {partner: [] for partner in openings}
    balances = dict(openings)
    for row in db.session.execute(_LINES, values):
        balances[row.partner_id] += row.amount
        line = Line(
            id=row.id,
            at=row.at,
            kind=row.kind,
            amount=row.amount,
            balance=balances[row.partner_id],
            order_id=row.order_id,
            level=row.level,
            reason=row.reason,
            reference=row.reference,
            corrects=correction(row.kind, row.first, row.at, closed_until, zone),
        )
        found[row.partner_id].append(line)
    return found


def with_account(span: Span, after: int, most: int) -> list[int]:
    """Return the next partners, by id, whose account had moved before the span ended."""
    query = (
        select(Transfer.partner_id)
        .where(Transfer.partner_id > after, Transfer.at < span.ends)
        .distinct()
        .order_by(Transfer.partner_id)
        .limit(most)
    )
    return [partner for partner in db.session.scalars(query) if partner is not None]


def number_with_account(span: Span) -> int:
    """Return how many partners that are."""
    query = select(func.count(Transfer.partner_id.distinct())).where(Transfer.at < span.ends)
    return db.session.scalar(query) or 0
