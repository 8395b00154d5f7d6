"""Customers: how they stand, which of them fit a filter, and what became of those made partners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, select

from app import sql
from app.extensions import db
from app.members.models import Member
from app.participation.models import Conversion, ConversionRule
from app.participation.queries.page import page
from app.participation.rules import Standing
from app.participation.rules.entry import folded
from app.runs.models import Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from app.partners.models import Partner

# Everybody who uses an e-mail, which was confirmed: as the card says, or as an order's evidence does.
_STANDING = """
WITH mine AS (
    SELECT m.id FROM member m WHERE m.id = %(member)s
    UNION SELECT m.id FROM member m WHERE m.email = %(email)s
    UNION SELECT e.member_id FROM member_email e WHERE e.email = %(email)s
)
SELECT (SELECT count(*) FROM orders o JOIN mine ON mine.id = o.member_id
        WHERE o.state = 'completed') AS completed,
       (SELECT array_agg(DISTINCT m."group") FROM member m JOIN mine ON mine.id = m.id) AS groups,
       (SELECT array_agg(m.id ORDER BY m.id) FROM member m JOIN mine ON mine.id = m.id
        WHERE m.key LIKE 'id:%%') AS ids
"""
# A guest whose e-mail an id has shown is that id's; who was a partner once stays out, unless the
# making of him was undone; the forbidden never come in by themselves.
_FIT = """
FROM member m
WHERE (%(shop)s::bigint IS NULL OR m.shop_id = %(shop)s)
  AND (%(groups)s::text[] IS NULL OR m."group" = ANY(%(groups)s::text[]))
  AND (m."group" IS NULL OR NOT (regexp_replace(lower(btrim(m."group")), '\\s+', ' ', 'g')
                                 = ANY(%(forbidden)s::text[])))
  AND (m.email IS NOT NULL OR NOT %(email)s)
  AND (m.key LIKE 'id:%%' OR NOT EXISTS (
      SELECT FROM member_email e WHERE e.shop_id = m.shop_id AND e.email = m.email))
  AND (%(orders)s = 0 OR (SELECT count(*) FROM orders o
       WHERE o.member_id = m.id AND o.state = 'completed') >= %(orders)s)
  AND (%(since)s::timestamptz IS NULL OR EXISTS (
      SELECT FROM orders o WHERE o.member_id = m.id AND o.created_at >= %(since)s::timestamptz))
  AND (%(until)s::timestamptz IS NULL OR NOT EXISTS (
      SELECT FROM orders o WHERE o.member_id = m.id AND o.created_at >= %(until)s::timestamptz))
  AND NOT EXISTS (SELECT FROM partner p WHERE p.member_id = m.id AND NOT (
      p.status = 'removed' AND EXISTS (SELECT FROM conversion c
          WHERE c.partner_id = p.id AND c.undone_at IS NOT NULL)))
  AND (m.email IS NULL OR NOT EXISTS (
      SELECT FROM partner p WHERE p.email = m.email AND p.status <> 'removed'))
"""
_COUNT = f"SELECT count(*) AS found {_FIT}"
_AFTER = f"SELECT m.id {_FIT} AND m.id > %(after)s ORDER BY m.id LIMIT %(most)s"
_AMONG = f"SELECT m.id {_FIT} AND m.id = ANY(%(ids)s) ORDER BY m.id"
# What came of a partner: then the making of him, or his approval, can no longer be taken back.
_TOUCHED = """
SELECT p.id FROM partner p
WHERE p.id = ANY(%(ids)s) AND (
    EXISTS (SELECT FROM deal d WHERE d.partner_id = p.id)
    OR EXISTS (SELECT FROM share s WHERE s.partner_id = p.id)
    OR EXISTS (SELECT FROM transfer t WHERE t.partner_id = p.id)
    OR EXISTS (SELECT FROM claim c WHERE c.partner_id = p.id)
    OR EXISTS (SELECT FROM click k WHERE k.partner_id = p.id)
    OR EXISTS (SELECT FROM binding b WHERE b.partner_id = p.id)
    OR EXISTS (SELECT FROM sponsor_edge e WHERE e.sponsor_id = p.id)
    OR EXISTS (SELECT FROM session s
               WHERE s.person_id = p.person_id AND s.created_at >= %(since)s::timestamptz))
"""


@dataclass(frozen=True)
class Fit:
    """A filter of customers. `until`: none ordered since then (a customer who was lost)."""

    shop_id: int | None = None
    groups: tuple[str, ...] = ()
    orders: int = 0
    since: str | None = None
    until: str | None = None
    email: bool = True

    @staticmethod
    def of(values: Mapping[str, Any]) -> Fit:
        """Return the filter that a run's or a rule's parameters hold."""
        names = ("shop_id", "orders", "since", "until", "email")
        return Fit(groups=tuple(values["groups"]), **{name: values[name] for name in names})

    def count(self) -> int:
        """Return how many customers fit."""
        return int(sql.one(_COUNT, self._values()).found)

    def after(self, cursor: int, most: int) -> list[int]:
        """Return the next ids of customers who fit."""
        values = self._values() | {"after": cursor, "most": most}
        return [row.id for row in sql.rows(_AFTER, values)]

    def among(self, ids: Sequence[int]) -> list[int]:
        """Return which of these still fit."""
        return [row.id for row in sql.rows(_AMONG, self._values() | {"ids": list(ids)})]

    def _values(self) -> dict[str, Any]:
        return {
            "shop": self.shop_id,
            "groups": list(self.groups) or None,
            "forbidden": sorted(folded(page().groups_forbidden)),
            "orders": self.orders,
            "since": self.since,
            "until": self.until,
            "email": self.email,
        }


def standing_of(email: str | None, member_id: int | None = None) -> tuple[Standing, list[int]]:
    """Return how somebody with a confirmed e-mail stands in all shops, and which customers he is by an id."""
    row = sql.one(_STANDING, {"email": email, "member": member_id})
    return Standing(row.completed, folded(row.groups or ())), list(row.ids or ())


def standing_of_partner(partner: Partner) -> Standing:
    """Return how a partner stands as a customer: the one he is linked to, and his e-mail's."""
    return standing_of(partner.email, partner.member_id)[0]


def groups_known() -> list[str]:
    """Return the customer groups that the shops have named."""
    query = select(Member.group).where(Member.group.is_not(None)).distinct().order_by(Member.group)
    return [name for name in db.session.scalars(query.limit(500)) if name and name.strip()]


def touched(partner_ids: Iterable[int], since: datetime | None = None) -> set[int]:
    """Return those of whom something came already: a click, a sale, money, a recruit; a visit since then."""
    ids = list(partner_ids)
    return {row.id for row in sql.rows(_TOUCHED, {"ids": ids, "since": since})} if ids else set()


def conversions(run_id: int) -> Select[Any]:
    """Return the statement of what a run made and what still stands."""
    return select(Conversion).where(Conversion.run_id == run_id)


def runs_listed(kinds: Iterable[str]) -> Select[Any]:
    """Return the statement of the runs over customers."""
    return select(Run).where(Run.kind.in_(list(kinds)))


def with_rules() -> list[int]:
    """Return the merchants whose rule is on; to be asked as partnerka_drain."""
    return list(db.session.scalars(select(ConversionRule.tenant_id).where(ConversionRule.is_on)))


def rule() -> ConversionRule | None:
    """Return the rule for future customers, on or off."""
    return db.session.scalar(select(ConversionRule))
