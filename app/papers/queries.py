"""Which papers there are, which are missing, and what is withheld.

Payouts are of a higher slice: they are named in SQL only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import TIMESTAMP, BigInteger, Text, and_, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from app import clock
from app.extensions import db
from app.facts import service as facts
from app.papers.models import Paper
from app.papers.rules import (
    STATUSES,
    Kind,
    Missing,
    Need,
    Needs,
    Rounding,
    asked_since,
    missing,
    needs_of,
)
from app.partners.models import Partner
from app.statements import queries as statements
from app.statements.rules import Part, month_before, month_of, month_span
from app.tenancy import current_tenant
from app.tenants.queries import tenant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Select

    from app.statements.rules import Span

OWNER = "papers"  # of the facts that say what is needed and withheld
_IDS = bindparam("partners", type_=ARRAY(BigInteger))
# A payout needs its receipt from the approval on; what had been paid before receipts were asked for does not.
_RECEIPTS = """
    FROM payout p JOIN partner a ON a.tenant_id = p.tenant_id AND a.id = p.partner_id
    JOIN unnest(:statuses, :since) AS w(status, since) ON w.status = coalesce(a.tax_status, 'person')
    WHERE (p.state IN ('approved', 'sending', 'unknown') OR p.state = 'paid' AND p.ended_at >= w.since)
      AND NOT EXISTS (SELECT FROM paper r WHERE r.payout_id = p.id AND r.kind = 'receipt'
                                            AND r.withdrawn_at IS NULL)
"""


@dataclass(frozen=True)
class Wanting:
    """A payout without the receipt that it needs."""

    payout_id: int
    payout: str
    partner_id: int
    refcode: str
    partner: str
    amount: int
    state: str
    approved_at: datetime


def needs() -> dict[str, Needs]:
    """Return what each tax status needs now."""
    said = facts.current([OWNER], [f"needs:{status}" for status in STATUSES]).get(OWNER, {})
    return {status: needs_of(status, said.get(f"needs:{status}")) for status in STATUSES}


def rates(at: datetime | None = None) -> dict[str, str | None]:
    """Return the rate that is withheld from each status' payouts at a moment (now), as percents."""
    said = facts.current([OWNER], [f"rate:{status}" for status in STATUSES], at=at).get(OWNER, {})
    return {status: said.get(f"rate:{status}") for status in STATUSES}


def rate_history() -> list[tuple[str, datetime, str | None]]:
    """Return (status, from when, percents) of all rates ever set, also those to come, newest first."""
    known = facts.history([OWNER], [f"rate:{status}" for status in STATUSES])
    rows = [
        (name.partition(":")[2], since, rate)
        for (_owner, name), timeline in known.items()
        for since, rate in timeline.rows
    ]
    return sorted(rows, key=lambda row: row[1], reverse=True)


def rounding() -> Rounding:
    """Return to what withheld sums are rounded."""
    said = facts.current([OWNER], ["rounding"]).get(OWNER, {}).get("rounding")
    return Rounding(said or Rounding.MINOR)


def statuses(partners: Iterable[int]) -> dict[int, str | None]:
    """Return the tax status of each partner, None where none was said."""
    query = select(Partner.id, Partner.tax_status).where(Partner.id.in_(set(partners)))
    return {row.id: row.tax_status for row in db.session.execute(query)}


def of_missing(partners: Iterable[int], span: Span | None = None) -> dict[int, Missing]:
    """Return what the payouts of these partners lack; who lacks nothing is absent.

    In sets: at most six statements for any number of partners. `span`: the period of the act, else the
    last month that has ended.
    """
    ids = sorted(set(partners))
    wanted = needs()
    asked = {
        kind for each in wanted.values() for kind, need in each.items() if need is not Need.OFF
    }
    if not ids or not asked:
        return {}
    lacks: dict[int, set[Kind]] = {}
    for kind, look in _LOOKS.items():
        for partner in look(ids, span) if kind in asked else ():
            lacks.setdefault(partner, set()).add(kind)
    known = statuses(lacks)
    found = {
        partner: missing(wanted[known[partner] or STATUSES[0]], frozenset(kinds))
        for partner, kinds in lacks.items()
    }
    return {partner: each for partner, each in found.items() if each}


def _without_contract(ids: Sequence[int], _span: Span | None) -> set[int]:
    query = select(Paper.partner_id).where(
        Paper.partner_id.in_(ids), Paper.kind == Kind.CONTRACT, Paper.withdrawn_at.is_(None)
    )
    return set(ids) - set(db.session.scalars(query))


def _without_act(ids: Sequence[int], span: Span | None) -> set[int]:
    """Who earned in the period and has no signed act that covers it."""
    span = span or last_month()
    query = select(Paper.partner_id).where(
        Paper.partner_id.in_(ids),
        Paper.kind == Kind.ACT,
        Paper.period_from <= span.first,
        Paper.period_to >= span.last,
        Paper.withdrawn_at.is_(None),
    )
    signed = set(db.session.scalars(query))
    earned = statements.accounts(span, [i for i in ids if i not in signed])
    return {i for i, each in earned.items() if each.of(Part.CREDITED)}


def _owing_receipts(ids: Sequence[int], _span: Span | None) -> set[int]:
    statement = text(f"SELECT DISTINCT p.partner_id {_RECEIPTS} AND p.partner_id = ANY(:partners)")
    rows = db.session.execute(
        statement.bindparams(_IDS, *_ASKED), {"partners": list(ids), **_asked()}
    )
    return set(rows.scalars())


_ASKED = (
    bindparam("statuses", type_=ARRAY(Text)),
    bindparam("since", type_=ARRAY(TIMESTAMP(timezone=True))),
)
_LOOKS = {Kind.CONTRACT: _without_contract, Kind.ACT: _without_act, Kind.RECEIPT: _owing_receipts}


def last_month() -> Span:
    """Return the last month that has ended on the merchant's clock."""
    zone = tenant_zone()
    return month_span(month_before(month_of(clock.now(), zone)), zone)


def tenant_zone() -> str:
    """Return the merchant's zone."""
    found = tenant(current_tenant())
    return found.timezone if found else "UTC"


def receipts_since() -> dict[str, datetime]:
    """Return of which tax statuses receipts are asked for now, and since when without a break."""
    known = facts.history([OWNER], [f"needs:{status}" for status in STATUSES])
    here = tenant(current_tenant())
    start = here.created_at if here else clock.now()
    found = {
        status: asked_since(status, timeline.rows if timeline else (), start)
        for status in STATUSES
        for timeline in [known.get((OWNER, f"needs:{status}"))]
    }
    return {status: since for status, since in found.items() if since is not None}


def _asked() -> dict[str, Any]:
    since = receipts_since()
    return {"statuses": list(since), "since": list(since.values())}


def wanting(
    span: Span | None = None, partner_id: int | None = None, limit: int = 200
) -> list[Wanting]:
    """Return payouts without the receipt that they need, oldest first; of a span those paid within it."""
    where = " AND p.state = 'paid' AND p.ended_at >= :starts AND p.ended_at < :ends" if span else ""
    mine = " AND p.partner_id = :partner" if partner_id is not None else ""
    statement = text(
        "SELECT p.id AS payout_id, p.public_id AS payout, p.partner_id, a.refcode, a.name AS partner,"
        f" p.amount, p.state, p.approved_at {_RECEIPTS}{where}{mine}"
        " ORDER BY p.approved_at, p.id LIMIT :most"
    ).bindparams(*_ASKED)
    values: dict[str, Any] = {**_asked(), "most": limit}
    values |= {"starts": span.starts, "ends": span.ends} if span else {}
    values |= {"partner": partner_id} if partner_id is not None else {}
    rows = db.session.execute(statement, values)
    return [Wanting(**row._mapping) for row in rows]  # noqa: SLF001 - the documented way to a row's names


def without_receipt(span: Span) -> int:
    """Return how many payouts paid in a span lack their receipt."""
    return len(wanting(span, limit=10_000))


def papers() -> Select[Any]:
    """Return the statement of all papers with their partners."""
    same = and_(Partner.tenant_id == Paper.tenant_id, Partner.id == Paper.partner_id)
    found = select(Paper, Partner.name.label("partner"), Partner.refcode.label("refcode"))
    return cast("Select[Any]", found.join(Partner, same))


def of_partner(partner_id: int) -> Sequence[Paper]:
    """Return a partner's standing papers, newest first."""
    query = select(Paper).where(Paper.partner_id == partner_id, Paper.withdrawn_at.is_(None))
    return db.session.scalars(query.order_by(Paper.id.desc())).all()


def wants_receipt(payout_id: int, partner_id: int) -> bool:
    """Tell whether a partner's payout lacks the receipt that it needs."""
    return any(each.payout_id == payout_id for each in wanting(partner_id=partner_id, limit=10_000))


def has_receipt(payout_id: int) -> bool:
    """Whether a payout has its receipt."""
    query = select(Paper.id).where(Paper.payout_id == payout_id, Paper.withdrawn_at.is_(None))
    return db.session.scalar(query.limit(1)) is not None


def find(public_id: str) -> Paper | None:
    """Return a paper by its outside id."""
    return db.session.scalar(select(Paper).where(Paper.public_id == public_id))


_WITHHELD = text(
    """
    SELECT (date_trunc('month', t.at AT TIME ZONE :zone))::date AS month, t.partner_id,
           a.name AS partner, a.refcode, a.tax_status, count(*) AS payouts,
           sum(t.amount)::bigint AS withheld, sum(p.amount)::bigint AS gross
    FROM transfer t
    JOIN payout p ON p.tenant_id = t.tenant_id AND 'payout:' || p.id = t.source
    JOIN partner a ON a.tenant_id = t.tenant_id AND a.id = t.partner_id
    WHERE t.target = 'merchant:withheld' AND t.at >= :starts AND t.at < :ends
    GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 3, 2
    """
)


def withheld(span: Span) -> Sequence[Any]:
    """Return what was withheld in a span, by month and partner: gross sums and tax, minor units."""
    values = {"zone": tenant_zone(), "starts": span.starts, "ends": span.ends}
    return db.session.execute(_WITHHELD, values).all()
