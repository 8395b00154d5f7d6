"""Look around orders: their clicks, the minutes before them, the partners' devices and details.

Only what the merchant's policy asks for is looked up; with nothing switched on nothing is read.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app import sql
from app.attribution.clicks import shortened
from app.fraud.rules import Flood, Policy, Sign, Trace, Visit, host_of, paid_mark, query_of
from app.installation import settings
from app.links.rules import click_key, open_click
from app.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from app.links.rules import ClickToken

USUAL = timedelta(days=1)  # before the minutes in question: what is usual for the partner

_CLICKS = """
SELECT c.at, c.nonce, c.partner_id, c.ip, c.user_agent, c.referrer, c.page, c.params
FROM json_to_recordset(%(rows)s) AS r(at timestamptz, nonce bigint)
JOIN click c ON c.at = r.at AND c.nonce = r.nonce
"""
_FLOODS = """
SELECT r."order", r.partner, count(*) FILTER (WHERE c.at > r.since) AS clicks,
       count(*) FILTER (WHERE c.at <= r.since) AS before
FROM json_to_recordset(%(rows)s)
     AS r("order" bigint, partner bigint, since timestamptz, until timestamptz)
JOIN click c ON c.partner_id = r.partner AND c.flag IS NULL
            AND c.at > r.since - interval '1 day' AND c.at <= r.until
GROUP BY 1, 2
"""
_SESSIONS = """
SELECT p.id, s.ip, s.user_agent, min(s.created_at) AS since
FROM partner p JOIN session s ON s.person_id = p.person_id
WHERE p.id = ANY(%(partners)s) AND s.ip IS NOT NULL AND s.user_agent IS NOT NULL
GROUP BY 1, 2, 3
"""
_SHARED = """
SELECT m.partner_id, o.partner_id AS other, min(greatest(m.since, o.since)) AS since
FROM fraud_mark m JOIN fraud_mark o ON o.digest = m.digest AND o.partner_id <> m.partner_id
WHERE m.partner_id = ANY(%(partners)s) GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Watched:
    """An order to look around: when it was made, the click tokens it names, and who claims it."""

    order_id: int
    created_at: datetime
    policy: Policy
    tokens: tuple[str, ...]
    partners: frozenset[int]


def watch(orders: Sequence[Watched]) -> dict[int, Trace]:
    """Return what is seen around orders now, as far as their policies ask; reads only."""
    asked = [order for order in orders if order.policy.watches]
    if not asked:
        return {}
    visits, floods = _visits(asked), _floods(asked)
    devices = _devices(_whose(asked, Sign.DEVICE))
    shared = _shared(_whose(asked, Sign.DETAILS))
    return {
        order.order_id: Trace(
            visits=visits.get(order.order_id, {}),
            floods=floods.get(order.order_id, {}),
            devices={p: devices[p] for p in order.partners if p in devices},
            paid_with={p: shared[p] for p in order.partners if p in shared},
        )
        for order in asked
    }


def _whose(asked: Sequence[Watched], sign: Sign) -> list[int]:
    return sorted({p for order in asked if sign in order.policy.on for p in order.partners})


def _visits(asked: Sequence[Watched]) -> dict[int, dict[str, Visit]]:
    """Return the clicks that orders name, as their rows tell; a row that is gone tells nothing."""
    key = click_key(settings().secret_key)
    opened: dict[int, list[ClickToken]] = {}
    for order in asked:
        found = (open_click(token, [key]) for token in order.tokens)
        opened[order.order_id] = [c for c in found if c and c.tenant == current_tenant()]
    wanted = {(c.at, c.nonce) for own in opened.values() for c in own}
    if not wanted:
        return {}
    values = [{"at": at, "nonce": nonce} for at, nonce in sorted(wanted)]
    rows = {(r.at, r.nonce): r for r in sql.rows(_CLICKS, {"rows": sql.recordset(values)})}
    return {
        order_id: {
            str(c.nonce): _visit(rows[c.at, c.nonce]) for c in own if (c.at, c.nonce) in rows
        }
        for order_id, own in opened.items()
    }


def _visit(row: Any) -> Visit:
    params = {**query_of(row.page), **(row.params or {})}
    return Visit(
        row.partner_id,
        device=device_of(row.ip, row.user_agent),
        host=host_of(row.referrer),
        source=params.get("utm_source"),
        paid=paid_mark(params),
    )


def device_of(ip: str | None, agent: str | None) -> str | None:
    """Return a keyed digest of a shortened address and a browser; None where one is not known."""
    near = shortened(ip or "")
    if not near or not agent:
        return None
    secret = hashlib.sha256(settings().secret_key.encode()).digest()
    return hashlib.blake2b(f"{near}\n{agent}".encode(), digest_size=10, key=secret).hexdigest()


def _floods(asked: Sequence[Watched]) -> dict[int, dict[int, Flood]]:
    rows = [
        {
            "order": order.order_id,
            "partner": partner,
            "since": order.created_at - timedelta(minutes=order.policy.flood_minutes),
            "until": order.created_at,
        }
        for order in asked
        if Sign.FLOOD in order.policy.on
        for partner in sorted(order.partners)
    ]
    minutes = {order.order_id: order.policy.flood_minutes for order in asked}
    found: dict[int, dict[int, Flood]] = defaultdict(dict)
    for row in sql.rows(_FLOODS, {"rows": sql.recordset(rows)}) if rows else ():
        share = timedelta(minutes=minutes[row.order]) / USUAL
        found[row.order][row.partner] = Flood(row.clicks, round(row.before * share * 100))
    return found


def _devices(partners: Sequence[int]) -> Mapping[int, dict[str, datetime]]:
    """Return since when partners sign in on which devices."""
    found: dict[int, dict[str, datetime]] = defaultdict(dict)
    for row in sql.rows(_SESSIONS, {"partners": list(partners)}) if partners else ():
        device = device_of(row.ip, row.user_agent)
        if device is not None:
            found[row.id][device] = min(row.since, found[row.id].get(device, row.since))
    return found


def _shared(partners: Sequence[int]) -> Mapping[int, dict[int, datetime]]:
    found: dict[int, dict[int, datetime]] = defaultdict(dict)
    for row in sql.rows(_SHARED, {"partners": list(partners)}) if partners else ():
        found[row.partner_id][row.other] = row.since
    return found
