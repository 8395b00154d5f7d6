"""Time passes: lots activate and lapse, holds end. Each batch is small, repeatable and resumable."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app import clock, sql
from app.bonuses import queries
from app.bonuses.rules import BONUS
from app.bonuses.service.spending import void
from app.bonuses.service.wallets import opened, write
from app.events import service as events
from app.events.service import Happened
from app.ledger import service as ledger
from app.ledger.rules import bonus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_MEMBERS = "SELECT DISTINCT member_id FROM lot WHERE id = ANY(%(ids)s)"
# Each lot is found through its key: the planner takes ten rows of an array that it cannot see, and
# `remaining - held > 0` keeps it from the index of lapsing lots, which begins with the day. What one
# statement finds the next are given as it came, as arrays in words: no row passes through Python.
_THESE = "unnest((SELECT %(ids)s::bigint[])) AS u(id) JOIN lot l ON l.id = u.id"
_WHOSE = f"""
SELECT array_agg(account)::text AS names
FROM (SELECT DISTINCT 'member:' || l.member_id || ':bonus' AS account FROM {_THESE}) a
"""  # noqa: S608 - parts of our own
# Lots are looked at again under their customers' locks: what was spent meanwhile does not lapse.
_DUE = f"""
SELECT count(*) AS number, array_agg(id)::text AS ids, array_agg(member_id)::text AS members,
       array_agg(amount)::text AS amounts, array_agg(n)::text AS ns
FROM (SELECT l.id, l.member_id, l.remaining - l.held AS amount, l.lapses + 1 AS n FROM {_THESE}
      WHERE l.active AND l.remaining - l.held > 0 AND l.expires_at <= %(now)s ORDER BY l.id) due
"""  # noqa: S608 - parts of our own
_FOUND = """
unnest((SELECT %(ids)s::bigint[]), (SELECT %(members)s::bigint[]), (SELECT %(amounts)s::bigint[]),
       (SELECT %(ns)s::bigint[])) AS d(id, member_id, amount, n)
"""
_MOVES = f"""
SELECT 'bonus:lapse:' || d.id || ':' || d.n AS reference, 1 AS n,
       'member:' || d.member_id || ':bonus' AS source, 'merchant:bonuses' AS target,
       d.amount, 'bonus.lapse' AS kind, NULL::bigint AS partner FROM {_FOUND}
"""  # noqa: S608 - parts of our own
_LAPSE = f"""
WITH told AS (
    INSERT INTO lot_part (reference, member_id, lot_id, kind, amount, actor, at)
    SELECT 'bonus:lapse:' || d.id || ':' || d.n, d.member_id, d.id, 'lapse', d.amount, %(actor)s, %(now)s
    FROM {_FOUND}
)
UPDATE lot l SET remaining = l.held, lapsed = l.lapsed + d.amount, lapses = d.n
FROM {_FOUND} WHERE l.id = d.id
"""  # noqa: S608 - parts of our own
_NAMES = "SELECT unnest((SELECT %(names)s::text[]))"


def bring_up(member_ids: Iterable[int]) -> None:
    """Bring customers' lots to the present: activate what is due, pay debt with it, lapse what is over."""
    write(opened(member_ids).values())


# What lapses soon and was not told of; what is spent meanwhile is nothing to be told of.
_SOON = """
SELECT DISTINCT member_id FROM lot
WHERE active AND remaining > held AND expires_at > %(now)s AND expires_at <= %(until)s
  AND warned_at IS NULL
ORDER BY member_id LIMIT %(most)s
"""
_WARN = """
WITH told AS (
    UPDATE lot SET warned_at = %(now)s
    WHERE member_id = ANY(%(members)s) AND active AND remaining > held AND expires_at > %(now)s
      AND expires_at <= %(until)s AND warned_at IS NULL
    RETURNING id, member_id, expires_at, remaining - held AS amount
)
SELECT member_id, min(expires_at) AS at, sum(amount)::bigint AS amount, min(id) AS lot_id
FROM told GROUP BY 1 ORDER BY 1
"""
WARNED = 1_000  # customers of one transaction


def activate(lot_ids: Sequence[int]) -> None:
    """Activate lots whose day has come; said twice, it does nothing."""
    bring_up(row.member_id for row in sql.rows(_MEMBERS, {"ids": list(lot_ids)}))


def lapse(lot_ids: Sequence[int]) -> int:
    """Let lapse what remains of lots whose day is over, in one set; return how many lapsed.

    Said twice, it does nothing: what lapsed has nothing left, and each lapse has a number.
    """
    values = {"ids": sql.array(lot_ids), "now": clock.now(), "actor": events.actor()}
    ledger.lock_from(_NAMES, sql.one(_WHOSE, values)._asdict(), BONUS)
    due = sql.one(_DUE, values)
    if due.number:
        values |= due._asdict()
        ledger.post_from(_MOVES, values, BONUS)
        sql.send(_LAPSE, values)
    return int(due.number)


def warn(most: int = WARNED, follow: Callable[[Sequence[Any]], None] = lambda _told: None) -> int:
    """Tell customers, once of each lot, what lapses within the days of the program.

    At most `most` customers; returns how many were told. `follow` is called with them: each with the
    first of the lots, how much lapses, and when.
    """
    days, now = queries.program().warn_days, clock.now()
    if not days:
        return 0
    values = {"now": now, "until": now + timedelta(days=days), "most": most}
    members = [row.member_id for row in sql.rows(_SOON, values)]
    ledger.lock((bonus(m) for m in members), BONUS)
    told = sql.rows(_WARN, values | {"members": members})
    events.record_all([_expiring(row) for row in told])
    follow(told)
    return len(members)


def _expiring(row: Any) -> Happened:
    facts = {"member_id": row.member_id, "amount": row.amount, "at": row.at.isoformat()}
    return Happened("bonus.expiring", f"member:{row.member_id}", facts)


def end_holds(references: Iterable[str]) -> None:
    """Let go what was held for too long."""
    for reference in references:
        void(reference, "timed_out")
