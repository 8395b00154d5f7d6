"""What customers have, and what moved it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from app import clock, sql
from app.bonuses.rules import Program, read_program
from app.extensions import db
from app.facts import service as facts
from app.tenancy import role

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

OWNER, NAME = "bonuses", "program"

_BALANCES = """
SELECT member_id,
       coalesce(sum(remaining - held) FILTER (WHERE active AND (expires_at IS NULL OR expires_at > %(now)s)), 0)::bigint
           AS available,
       coalesce(sum(remaining) FILTER (WHERE NOT active), 0)::bigint AS pending,
       coalesce(sum(held), 0)::bigint AS held,
       min(expires_at) FILTER (WHERE active AND remaining > held AND expires_at > %(now)s) AS next_at
FROM lot WHERE member_id = ANY(%(members)s) AND remaining > 0 GROUP BY 1
"""
_NEXT = """
SELECT member_id, expires_at, sum(remaining - held)::bigint AS amount FROM lot
WHERE member_id = ANY(%(members)s) AND remaining > held AND active AND expires_at > %(now)s GROUP BY 1, 2
"""
_DEBTS = """
SELECT split_part(account, ':', 2)::bigint AS member_id, balance FROM balance
WHERE account = ANY(%(accounts)s) AND balance > 0
"""
# Everything a customer has seen happen: credits, and what acts took and gave back, one row an act.
_ENTRIES = """
SELECT * FROM (
    SELECT 'lot:' || l.id AS id, l.made_at AS at, 'grant' AS act, l.kind AS why, l.amount AS amount,
           l.order_id, l.reason, l.reference, l.active, l.activates_at, l.expires_at, 0::bigint AS place, l.id AS n
    FROM lot l WHERE l.member_id = %(member)s
    UNION ALL
    SELECT 'act:' || min(p.id), max(p.at), p.kind, p.kind,
           CASE WHEN p.kind = 'return' THEN sum(p.amount) ELSE -sum(p.amount) END::bigint,
           max(p.order_id), max(p.reason), p.reference, true, NULL, NULL, 1, min(p.id)
    FROM lot_part p
    WHERE p.member_id = %(member)s AND p.kind IN ('spend', 'return', 'lapse', 'claw', 'debt')
    GROUP BY p.reference, p.kind
) e
WHERE (e.at, e.place, e.n) < (%(at)s, %(place)s, %(n)s)
ORDER BY e.at DESC, e.place DESC, e.n DESC LIMIT %(most)s
"""
_END = ("infinity", 2, 2**62)


@dataclass(frozen=True, slots=True)
class Balance:
    """What a customer has, bonus minor units; `next_expiry`: when what part of it lapses next."""

    available: int = 0
    pending: int = 0
    held: int = 0
    debt: int = 0
    next_expiry: tuple[datetime, int] | None = None


NOTHING = Balance()


def program(at: datetime | None = None) -> Program:
    """Return what the program says at an instant (now)."""
    said = facts.current([OWNER], [NAME], at=at).get(OWNER, {}).get(NAME)
    return read_program(said) if said else Program()


def balance(member_id: int) -> Balance:
    """Return what one customer has; nothing, where there is no account."""
    return balances([member_id])[member_id]


def balances(member_ids: Iterable[int]) -> dict[int, Balance]:
    """Return what customers have now, though the jobs that activate and lapse may be late."""
    members = sorted(set(member_ids))
    values = {"members": members, "now": clock.now()}
    values["accounts"] = [f"member:{m}:debt" for m in members]
    debts = {row.member_id: row.balance for row in sql.rows(_DEBTS, values)}
    ends = {(row.member_id, row.expires_at): row.amount for row in sql.rows(_NEXT, values)}
    found = {
        row.member_id: Balance(
            row.available,
            row.pending,
            row.held,
            debts.get(row.member_id, 0),
            (row.next_at, ends[row.member_id, row.next_at]) if row.next_at else None,
        )
        for row in sql.rows(_BALANCES, values)
    }
    return {m: found.get(m, Balance(debt=debts.get(m, 0))) for m in members}


def entries(member_id: int, most: int, after: tuple[Any, int, int] | None = None) -> list[Any]:
    """Return a customer's statement, newest first; `after`: (at, place, n) of the last row shown."""
    at, place, n = after or _END
    values = {"member": member_id, "at": at, "place": place, "n": n, "most": most}
    return sql.rows(_ENTRIES, values)


# `latest`: the time of the clock that is furthest ahead; the indexes of what waits begin with the time.
_LATEST = text("SELECT greatest(max(clock_offset), interval '0') FROM tenant")
_LAPSING = text(
    """
    SELECT l.tenant_id, l.id, t.clock_offset FROM lot l JOIN tenant t ON t.id = l.tenant_id
    WHERE l.active AND l.remaining > l.held AND l.expires_at <= :now + t.clock_offset
      AND l.expires_at <= :latest
    ORDER BY l.expires_at LIMIT :most
    """
)
_WAITING = text(
    """
    SELECT l.tenant_id, l.id, t.clock_offset FROM lot l JOIN tenant t ON t.id = l.tenant_id
    WHERE NOT l.active AND l.activates_at <= :now + t.clock_offset AND l.activates_at <= :latest
    ORDER BY l.activates_at LIMIT :most
    """
)
_OVERDUE = text(
    """
    SELECT h.tenant_id, h.reference AS id, t.clock_offset FROM bonus_hold h
    JOIN tenant t ON t.id = h.tenant_id
    WHERE h.state = 'held' AND h.until <= :now + t.clock_offset AND h.until <= :latest
    ORDER BY h.until LIMIT :most
    """
)
_WITH_BONUSES = text(
    """
    SELECT t.id FROM tenant t
    WHERE EXISTS (SELECT FROM lot l WHERE l.tenant_id = t.id AND l.remaining > 0) ORDER BY t.id
    """
)
_CONVERTING = text(
    """
    SELECT DISTINCT tenant_id AS id FROM fact
    WHERE owner = :owner AND name = :name AND value ->> 'convert' = 'always' ORDER BY 1
    """
)
_DUE = {"lapse": _LAPSING, "activate": _WAITING, "end_holds": _OVERDUE}


def due(what: str, most: int) -> list[tuple[int, Any, timedelta]]:
    """Return (tenant, lot or hold, clock offset) of what is due by its tenant's clock, of all merchants.

    `what`: "lapse", "activate" or "end_holds", the verb of the service that then does it.
    """
    with role("partnerka_drain"):
        now = clock.now()
        values = {
            "now": now,
            "latest": now + db.session.execute(_LATEST).scalar_one(),
            "most": most,
        }
        rows = db.session.execute(_DUE[what], values).all()
    return [(row.tenant_id, row.id, row.clock_offset) for row in rows]


def merchants_with_bonuses() -> list[int]:
    """Return all merchants whose customers have bonuses; asked outside any scope."""
    with role("partnerka_drain"):
        return list(db.session.execute(_WITH_BONUSES).scalars())


def merchants_that_convert() -> list[int]:
    """Return all merchants whose program has ever turned partners' money by itself; outside any scope."""
    with role("partnerka_drain"):
        return list(db.session.execute(_CONVERTING, {"owner": OWNER, "name": NAME}).scalars())
