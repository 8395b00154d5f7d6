"""Reads for the list of what is owed to whom, and for one partner's wallet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import and_, any_, func, literal, select, text

from app import clock
from app.extensions import db
from app.ledger.models import Balance
from app.ledger.queries import partner_balances
from app.partners.models import Partner
from app.payouts import queries as payouts
from app.payouts.models import Payout, PayoutMethod
from app.payouts.service import in_force
from app.wallet.rules import Held, Paid, Purse, details_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select

    from app.requisites.rules import Details

LISTED = ("active", "blocked")
PAID = (
    select(
        Payout.partner_id.label("partner_id"),
        func.sum(Payout.amount).label("paid"),
        func.max(Payout.ended_at).label("last"),
    )
    .where(Payout.state == "paid")
    .group_by(Payout.partner_id)
    .subquery("paid_out")
)


def _standing(bucket: str) -> tuple[Any, ColumnElement[bool]]:
    """Return the running balance of a bucket, and how it is joined to its partner."""
    own = select(Balance).subquery(f"in_{bucket}")
    account = func.concat("partner:", Partner.id, f":{bucket}")
    return own, and_(own.c.tenant_id == Partner.tenant_id, own.c.account == account)


_FREE, _IS_FREE = _standing("available")
_DEBT, _IS_DEBT = _standing("debt")
available = func.coalesce(_FREE.c.balance, 0)
debt = func.coalesce(_DEBT.c.balance, 0)
paid = func.coalesce(PAID.c.paid, 0)


def statement() -> Select[Any]:
    """Return partners that money can be owed to, with what is available and was paid beside them."""
    found: Any = (
        select(Partner, available.label("available"), paid.label("paid"))
        .outerjoin(_FREE, _IS_FREE)
        .outerjoin(_DEBT, _IS_DEBT)
        .outerjoin(PAID, PAID.c.partner_id == Partner.id)
        .where(Partner.status.in_(LISTED))
    )
    return cast("Select[Any]", found)


def owed(statement: Select[Any], which: str) -> Select[Any]:
    """Narrow to those with money available, those who can be paid now, or those in debt."""
    if which == "debt":
        return statement.where(debt > 0)
    if which == "free":
        return statement.where(available > 0)
    opened = select(Payout.id).where(
        Payout.partner_id == Partner.id, Payout.state.in_(payouts.OPEN_STATES)
    )
    return statement.where(
        available > 0,
        available >= payouts.minimum(),
        debt == 0,
        Partner.status == "active",
        func.cardinality(Partner.details_for) > 0,
        Partner.details_frozen_at.is_(None),
        Partner.details_usable_at <= clock.now(),
        ~opened.exists(),
    )


def with_details(statement: Select[Any], state: str) -> Select[Any]:
    """Narrow to those whose details stand so."""
    given, now = func.cardinality(Partner.details_for) > 0, clock.now()
    if state == Held.FROZEN:
        return statement.where(Partner.details_frozen_at.is_not(None))
    statement = statement.where(Partner.details_frozen_at.is_(None))
    if state == Held.NONE:
        return statement.where(~given)
    if state == Held.COOLING:
        return statement.where(given, Partner.details_usable_at > now)
    return statement.where(given, Partner.details_usable_at <= now)


def by_method(statement: Select[Any], code: str) -> Select[Any]:
    """Narrow to those who gave details for a method."""
    return statement.where(literal(code) == any_(Partner.details_for))


class Around:
    """What other tables say of a page's partners: read once, when the first line asks."""

    def __init__(self, rows: Sequence[tuple[Partner, int]]) -> None:
        self.ids = [partner.id for partner, _paid in rows]
        self.paid = {partner.id: int(total) for partner, total in rows}

    @cached_property
    def purses(self) -> dict[int, Purse]:
        """The money of each, minor units."""
        found = partner_balances(self.ids)
        return {p: Purse(**vars(found[p]), paid=self.paid[p]) for p in self.ids}

    @cached_property
    def methods(self) -> dict[str, str]:
        """The names of the methods in use, by code."""
        return {method.code: method.name for method in payouts.methods()}


@dataclass(frozen=True)
class Line:
    """A partner in the list, and his money."""

    partner: Partner
    around: Around

    @property
    def purse(self) -> Purse:
        """The money, minor units."""
        return self.around.purses[self.partner.id]

    @cached_property
    def details(self) -> dict[str, Details]:
        """What may be paid to, by the code of a method in use."""
        known = in_force(self.partner).items()
        return {code: d for code, d in known.items() if code in self.around.methods}

    @property
    def method(self) -> str:
        """The methods that have details, each with the end of its number."""
        names = self.around.methods
        return ", ".join(f"{names[code]} {d.masked()}" for code, d in self.details.items())

    @property
    def state(self) -> str:
        """How the details stand."""
        partner = self.partner
        return details_state(
            given=bool(partner.details_for),
            frozen_at=partner.details_frozen_at,
            usable_at=partner.details_usable_at,
            now=clock.now(),
        )


def lines(rows: Iterable[Any]) -> list[Line]:
    """Return a page's rows as its lines."""
    found = [(row[0], row[2]) for row in rows]
    around = Around(found)
    return [Line(partner, around) for partner, _paid in found]


def line(partner: Partner) -> Line:
    """Return one partner's line."""
    query = select(PAID.c.paid).where(PAID.c.partner_id == partner.id)
    return Line(partner, Around([(partner, db.session.scalar(query) or 0)]))


def totals() -> tuple[int, int, int]:
    """Return over all partners what is available, what is owed back, and how many have something available."""
    query = select(func.sum(available), func.sum(debt), func.count().filter(available > 0))
    row = db.session.execute(
        query.select_from(Partner)
        .outerjoin(_FREE, _IS_FREE)
        .outerjoin(_DEBT, _IS_DEBT)
        .where(Partner.status.in_(LISTED))
    ).one()
    return int(row[0] or 0), int(row[1] or 0), int(row[2])


# Those recorded as already paid were never asked for: they say nothing of how long payouts take.
_PAID_BY_MONTH = text(
    """
    SELECT month, method_id, count(*) AS number, sum(amount)::bigint AS total,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY took) FILTER (WHERE took > interval '0') AS median
    FROM (
        SELECT date_trunc('month', ended_at AT TIME ZONE :zone)::date AS month, method_id, amount,
               ended_at - requested_at AS took
        FROM payout WHERE state = 'paid' AND ended_at >= :since
    ) paid
    GROUP BY GROUPING SETS ((month), (method_id), ())
    ORDER BY month NULLS LAST, total DESC, method_id
    """
)


def paid_since(since: datetime, zone: str) -> list[Paid]:
    """Return payouts paid since a moment: by month, by method, and in all; months as the zone has them."""
    rows = db.session.execute(_PAID_BY_MONTH, {"since": since, "zone": zone})
    return [
        Paid(row.month, row.method_id, row.number, int(row.total or 0), row.median) for row in rows
    ]


def method_names() -> dict[int, str]:
    """Return the names of all methods, retired ones too."""
    query = select(PayoutMethod.id, PayoutMethod.name)
    return {row.id: row.name for row in db.session.execute(query)}
