"""Verified sites that bring too much of a day's orders: their sales wait in the fraud desk."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app import clock, sql
from app.attribution.queries import read_clicks
from app.extensions import db
from app.fraud import service as fraud
from app.fraud.rules import Sign
from app.intake import service as intake
from app.orders import service as orders
from app.tenancy import current_tenant
from app.tenants.queries import tenant
from app.trust.rules import day_in, too_much
from app.verified_sites.models import VerifiedSite

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

TOGETHER = 200  # deals held in one transaction
DAYS = 2  # this day and the one before: messages come late

_ORDERS = """
SELECT count(*) AS number FROM orders
WHERE created_at >= %(since)s AND created_at < %(until)s AND hidden_at IS NULL
  AND state NOT IN ('cancelled', 'refunded')
"""
_BROUGHT = """
SELECT o.id, c.evidence, f.trace -> 'told' -> 'site' IS NOT NULL AS told
FROM orders o
JOIN claim c ON c.tenant_id = o.tenant_id AND c.order_id = o.id AND c.won AND c.kind = 'site'
LEFT JOIN fraud_file f ON f.tenant_id = o.tenant_id AND f.order_id = o.id
WHERE o.created_at >= %(since)s AND o.created_at < %(until)s AND o.hidden_at IS NULL
  AND o.state NOT IN ('cancelled', 'refunded')
ORDER BY o.id
"""


def watch_sites() -> int:
    """Hold the sales of sites that bring more of a day's orders than the merchant's share.

    Returns how many were told of now: a transaction's worth at most, so call until it is none.
    Twice-safe: a sale is told of once.
    """
    policy = fraud.policy()
    own = tenant(current_tenant())
    if Sign.SITE not in policy.on or own is None:
        return 0
    today = clock.today(own.timezone)
    for ago in range(DAYS):
        span = day_in(today - timedelta(days=ago), ZoneInfo(own.timezone))
        found = _found(span, policy.site_share)
        if found:
            _hold(dict(list(found.items())[:TOGETHER]))
            return min(len(found), TOGETHER)
    return 0


def _found(span: tuple[datetime, datetime], most: int) -> dict[int, Mapping[str, Any]]:
    """Return what is to be told of a day's sales that nobody has told of yet, by order."""
    values = dict(zip(("since", "until"), span, strict=True))
    rows = sql.rows(_BROUGHT, values)
    if not rows:
        return {}
    sites = _sites([row.evidence for row in rows])
    brought = Counter(sites[row.evidence] for row in rows if row.evidence in sites)
    shares = too_much(sql.one(_ORDERS, values).number, brought, most)
    at = clock.now().isoformat()
    return {
        row.id: {"site": site, "share": str(shares[site]), "at": at}
        for row in rows
        if not row.told and (site := sites.get(row.evidence)) in shares
    }


def _sites(tokens: Sequence[str]) -> dict[str, str]:
    """Return from which site each click came."""
    clicks = read_clicks(tokens)
    links = {click.link_id for click in clicks.values()}
    query = select(VerifiedSite.link_id, VerifiedSite.host).where(VerifiedSite.link_id.in_(links))
    hosts = {row.link_id: row.host for row in db.session.execute(query)}
    return {t: hosts[click.link_id] for t, click in clicks.items() if click.link_id in hosts}


def _hold(facts: Mapping[int, Mapping[str, Any]]) -> None:
    ids: Collection[int] = sorted(facts)
    intake.in_turn()
    intake.hold(orders.get_all(ids))
    fraud.tell(Sign.SITE, facts)
    intake.rework(ids)
