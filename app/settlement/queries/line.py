"""Who waits for a payout from the prepaid balance, in which order and why; and what the month took."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select

from app import clock, sql
from app.billing import queries as billing
from app.commissions.models import Deal
from app.extensions import db
from app.papers import service as papers
from app.partners.models import Partner
from app.payouts import queries as payouts
from app.payouts import service as payouts_service
from app.settlement import rules
from app.settlement.models import Funding
from app.settlement.rules import Candidate, Means, Out, Outcome, Price, Wait
from app.tenancy import current_tenant
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from decimal import Decimal

# Available money is spent from the oldest credit on: the first one that all debits so far leave something
# of is the oldest unsettled sum.
_CANDIDATES = """
SELECT p.id AS partner_id, b.balance AS amount,
       (SELECT min(c.at) FROM (SELECT at, sum(amount) OVER (ORDER BY id) AS total FROM transfer
                               WHERE target = b.account) c
        WHERE c.total > coalesce((SELECT sum(amount) FROM transfer WHERE source = b.account), 0)
       ) AS since,
       EXISTS (SELECT FROM payout o WHERE o.partner_id = p.id
               AND o.state IN ('requested', 'approved', 'sending', 'unknown')) AS has_open,
       (SELECT CASE WHEN f.outcome = 'failed' AND f.retry_at IS NULL THEN f.funded_at END
        FROM funding f WHERE f.partner_id = p.id ORDER BY f.id DESC LIMIT 1) AS failed
FROM balance b JOIN partner p ON p.id = split_part(b.account, ':', 2)::bigint
WHERE b.account LIKE 'partner:%%:available' AND b.balance > 0
  AND (%(only)s::bigint IS NULL OR p.id = %(only)s::bigint)
ORDER BY since, p.id
"""


@dataclass(frozen=True)
class Policy:
    """How the merchant settles, as it holds now; sums in minor units."""

    platform: bool
    paid_by: str
    rate: Decimal
    minimum: int
    cap: int | None

    def price(self, gross: int, tax: int) -> Price:
        """Return what a payout of this gross costs, of which so much tax is withheld."""
        return rules.price(gross, self.rate, self.paid_by, tax)


@dataclass(frozen=True)
class Place:
    """A partner's place in the queue, from 1; `wait` says what keeps him from being paid."""

    number: int
    candidate: Candidate
    price: Price
    wait: Wait


@dataclass(frozen=True)
class Queue:
    """Who waits, in order; who has available money and does not queue, with the reason; and the means."""

    line: Sequence[Place] = ()
    aside: Sequence[tuple[Candidate, Out]] = ()
    means: Means = field(default_factory=lambda: Means(0))

    @property
    def total(self) -> int:
        """What the whole queue would cost."""
        return sum(place.price.cost for place in self.line)

    @property
    def short(self) -> int:
        """What the prepaid balance lacks for the whole queue."""
        return max(self.total - self.means.funds, 0)

    def of(self, partner_id: int) -> Place | None:
        """Return a partner's place, if he queues."""
        return next((p for p in self.line if p.candidate.partner_id == partner_id), None)


def policy() -> Policy:
    """Return how the merchant in scope settles."""
    known = tenants.settings()
    return Policy(
        platform=known["settlement"] == rules.PLATFORM,
        paid_by=known["fee_paid_by"],
        rate=billing.fee_rate(),
        minimum=int(known["minimum_payout"] or 0),
        cap=known["payout_cap"],
    )


def candidates(only: int | None = None) -> list[Candidate]:
    """Return everybody with available money, by the age of the oldest unsettled sum."""
    rows = sql.rows(_CANDIDATES, {"only": only})
    partners = {p.id: p for p in _partners(row.partner_id for row in rows)}
    methods, lacks = payouts.methods(), payouts_service.lacking(partners)
    taxes = papers.withheld_from({r.partner_id: r.amount for r in rows}, payouts.currency())
    return [
        Candidate(
            partner_id=row.partner_id,
            amount=row.amount,
            since=row.since,
            payable=_payable(partners[row.partner_id]),
            has_open=row.has_open,
            lacks_papers=row.partner_id in lacks,
            frozen=partners[row.partner_id].details_frozen_at is not None,
            tax=taxes[row.partner_id],
            **_way(partners[row.partner_id], methods, row.failed),
        )
        for row in rows
    ]


def _partners(ids: Iterable[int]) -> Sequence[Partner]:
    return db.session.scalars(select(Partner).where(Partner.id.in_(set(ids)))).all()


def _payable(partner: Partner) -> bool:
    return partner.status == "active" or (partner.status == "blocked" and partner.pays_blocked)


def _way(partner: Partner, methods: Sequence[Any], failed: datetime | None) -> dict[str, Any]:
    """Return how a partner can be paid, with the details in force: while a change waits, the former ones.

    `failed`: when the payout was funded that came back. Details that were in force then are not sent to
    again; where a change waits meanwhile, it is waited for.
    """
    usable, waits = partner.details_usable_at, payouts_service.is_pending(partner)
    tried = failed is not None and (waits or usable is None or usable <= failed)
    known = payouts_service.in_force(partner).ways
    kinds = {code: way.kind for code, way in known.items()}
    method = next((m.id for m in methods if kinds.get(m.code) == m.kind), None)
    former = waits and method is not None and not tried
    return {
        "method_id": method,
        "usable_from": None if former else usable,
        "came_back": tried and not waits,
    }


def queue(how: Policy | None = None, funds: int | None = None) -> Queue:
    """Return the queue of the merchant in scope; `funds`: the balance, where the caller holds it."""
    how = how or policy()
    means = Means(billing.balance() if funds is None else funds, room(how))
    if not how.platform:
        return Queue(means=means)
    line: list[Candidate] = []
    aside: list[tuple[Candidate, Out]] = []
    for each in candidates():
        reason = rules.out(each, how.minimum, clock.now())
        if reason is None:
            line.append(each)
        else:
            aside.append((each, reason))
    prices = [how.price(each.amount, each.tax) for each in line]
    served, lacking = rules.served(prices, means)
    places = [
        Place(n, each, cost, Wait.TURN if n <= served else lacking or Wait.FUNDS)
        for n, (each, cost) in enumerate(zip(line, prices, strict=True), start=1)
    ]
    return Queue(places, aside, means)


@dataclass(frozen=True)
class Standing:
    """Where a partner with available money stands: a place in the queue, or why there is none."""

    price: Price
    rate: Decimal
    place: Place | None
    out: Out | None


def standing(partner_id: int) -> Standing | None:
    """Return how a partner stands with automatic payouts; None: nothing is available to him."""
    how = policy()
    line = queue(how)
    place = line.of(partner_id)
    if place is not None:
        return Standing(place.price, how.rate, place, None)
    found = next(((c, r) for c, r in line.aside if c.partner_id == partner_id), None)
    if found is None:
        return None
    return Standing(how.price(found[0].amount, found[0].tax), how.rate, None, found[1])


def month_start() -> datetime:
    """Return when the current month began in the merchant's zone."""
    merchant = tenants.tenant(current_tenant())
    zone = ZoneInfo(merchant.timezone if merchant else "UTC")
    return clock.now().astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def paid_this_month() -> int:
    """Return the gross of automatic payouts that this month funded and that did not come back."""
    query = select(func.coalesce(func.sum(Funding.gross), 0)).where(
        Funding.funded_at >= month_start(),
        or_(Funding.outcome.is_(None), Funding.outcome == Outcome.PAID.value),
    )
    return int(db.session.scalar(query) or 0)


def room(how: Policy) -> int | None:
    """Return what is left of the month's cap on automatic payouts, minor units; None: there is no cap."""
    return None if how.cap is None else max(how.cap - paid_this_month(), 0)


def earned_this_month() -> int:
    """Return what the month's orders earn partners: expected and accrued together, minor units."""
    query = select(func.coalesce(func.sum(Deal.commission), 0)).where(
        Deal.created_at >= month_start(),
        Deal.partner_id.is_not(None),
        Deal.state.in_(("registered", "agreed", "completed")),
    )
    return int(db.session.scalar(query) or 0)


def of_payout(payout_id: int) -> Funding | None:
    """Return what paid for a payout, if the prepaid balance did."""
    return db.session.scalar(select(Funding).where(Funding.payout_id == payout_id))


def fees_so_far() -> int:
    """Return the fees of all payouts that were settled, minor units."""
    query = select(func.coalesce(func.sum(Funding.fee), 0))
    return int(db.session.scalar(query.where(Funding.outcome == Outcome.PAID.value)) or 0)


def names(ids: Iterable[int]) -> dict[int, Partner]:
    """Return the partners of a queue by id."""
    return {partner.id: partner for partner in _partners(ids)}
