"""Which orders a re-run takes, whom an announcement is for, and the lines that pages list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, func, select

from app import sql
from app.commissions.models import Cap, Deal
from app.extensions import db
from app.orders.models import Order
from app.partners.models import Partner
from app.runs.models import RunLine

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

# On a set of terms: by the card, by the group, else the base; a set that does not hold then is none.
ON_TERMS = """
SELECT p.id FROM partner p
LEFT JOIN partner_group g ON g.tenant_id = p.tenant_id AND g.id = p.group_id
LEFT JOIN terms own ON own.tenant_id = p.tenant_id AND own.id = p.terms_id
 AND own.valid_from <= %(as_of)s::timestamptz
 AND (own.valid_to IS NULL OR own.valid_to > %(as_of)s::timestamptz)
LEFT JOIN terms of_group ON of_group.tenant_id = g.tenant_id AND of_group.id = g.terms_id
 AND of_group.valid_from <= %(as_of)s::timestamptz
 AND (of_group.valid_to IS NULL OR of_group.valid_to > %(as_of)s::timestamptz)
WHERE coalesce(own.id, of_group.id, (SELECT id FROM terms WHERE is_base)) = %(terms)s
"""
_OF_SHOP = """
FROM orders o
WHERE o.shop_id = %(shop)s
  AND (%(since)s::timestamptz IS NULL OR o.created_at >= %(since)s::timestamptz)
"""
_OF_TERMS = f"""
FROM orders o JOIN deal d ON d.tenant_id = o.tenant_id AND d.order_id = o.id
WHERE d.partner_id IS NOT NULL AND o.created_at >= %(since)s::timestamptz
  AND o.created_at < %(as_of)s::timestamptz
  AND (%(terms)s::bigint IS NULL OR d.terms_id = %(terms)s OR d.partner_id IN ({ON_TERMS}))
  AND (%(group)s::bigint IS NULL
       OR d.partner_id IN (SELECT id FROM partner WHERE group_id = %(group)s))
  AND (%(partners)s::bigint[] IS NULL OR d.partner_id = ANY(%(partners)s::bigint[]))
"""
_RATED = "FROM orders o WHERE o.rated_as_of = %(rated)s::timestamptz"
_SINCE = """
FROM orders o
WHERE o.created_at >= %(since)s::timestamptz AND o.created_at < %(until)s::timestamptz
"""
_SCOPES = {"shop": _OF_SHOP, "terms": _OF_TERMS, "rated": _RATED, "since": _SINCE}


@dataclass(frozen=True)
class Scope:
    """The orders that a re-run changes: one of the scopes above, with its values."""

    name: str
    values: Mapping[str, Any]

    def count(self) -> int:
        """Return how many there are."""
        found = sql.one(f"SELECT count(*) AS n {_SCOPES[self.name]}", self.values)
        return int(found.n)

    def after(self, cursor: int, most: int) -> list[int]:
        """Return the next orders after one, by id."""
        limits = "AND o.id > %(cursor)s ORDER BY o.id LIMIT %(most)s"
        statement = f"SELECT o.id {_SCOPES[self.name]} {limits}"
        return [r.id for r in sql.rows(statement, {**self.values, "cursor": cursor, "most": most})]

    def within(self, order_ids: Collection[int]) -> set[int]:
        """Return which of some orders belong to it."""
        statement = f"SELECT o.id {_SCOPES[self.name]} AND o.id = ANY(%(ids)s)"
        found = sql.rows(statement, {**self.values, "ids": sorted(order_ids)})
        return {row.id for row in found}


def has_month_caps() -> bool:
    """Whether caps of a month were ever in play here."""
    return db.session.scalar(select(Cap.id).limit(1)) is not None


def partners_on(terms_id: int, as_of: str, cursor: int, most: int) -> list[int]:
    """Return the next active partners on a set of terms at an instant, by id."""
    statement = (
        f"{ON_TERMS} AND p.status = 'active' AND p.id > %(cursor)s ORDER BY p.id LIMIT %(most)s"
    )
    values = {"terms": terms_id, "as_of": as_of, "cursor": cursor, "most": most}
    return [row.id for row in sql.rows(statement, values)]


def count_on(terms_id: int, as_of: str) -> int:
    """Return how many active partners are on a set of terms at an instant."""
    statement = f"SELECT count(*) AS n FROM ({ON_TERMS} AND p.status = 'active') p"
    return int(sql.one(statement, {"terms": terms_id, "as_of": as_of}).n)


def all_orders(cursor: int, most: int) -> Sequence[int]:
    """Return the next orders of the merchant, by id."""
    query = select(Order.id).where(Order.id > cursor).order_by(Order.id).limit(most)
    return db.session.scalars(query).all()


def order_lines(run_id: int) -> Select[Any]:
    """Return the statement of a run's differences, order by order."""
    return (
        select(
            RunLine.id,
            RunLine.before,
            RunLine.after,
            RunLine.change,
            RunLine.facts,
            Order.number,
            Order.created_at,
            Deal.public_id.label("deal"),
        )
        .join(Order, (Order.tenant_id == RunLine.tenant_id) & (Order.id == RunLine.subject))
        .outerjoin(Deal, (Deal.tenant_id == RunLine.tenant_id) & (Deal.order_id == RunLine.subject))
        .where(RunLine.run_id == run_id, RunLine.kind == "order")
    )


def partner_lines(run_id: int) -> Select[Any]:
    """Return the statement of what a run changes for each partner; who keeps the same is left out."""
    columns: tuple[Any, ...] = (RunLine.id, RunLine.before, RunLine.after, RunLine.change)
    return (
        select(*columns, Partner.name.label("partner"), Partner.refcode)
        .join(Partner, (Partner.tenant_id == RunLine.tenant_id) & (Partner.id == RunLine.subject))
        .where(RunLine.run_id == run_id, RunLine.kind == "partner", RunLine.change != 0)
    )


def winners(run_id: int) -> tuple[int, int]:
    """Return how many partners would get more, and how many less."""
    query = select(
        func.count().filter(RunLine.change > 0), func.count().filter(RunLine.change < 0)
    ).where(RunLine.run_id == run_id, RunLine.kind == "partner")
    more, less = db.session.execute(query).one()
    return more, less
