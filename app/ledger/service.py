"""The one place that writes money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.errors import UniqueViolation
from sqlalchemy import delete, func, select, text
from sqlalchemy.exc import IntegrityError

from app import clock, sql
from app.errors import Conflict
from app.extensions import db
from app.ledger.models import Snapshot
from app.ledger.rules import GUARDED, Move, available, debt, deltas
from app.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from psycopg import Cursor

TAIL = 200  # entries that are summed in no time; fewer deserve no snapshot


class AlreadyPosted(Conflict):
    """This business fact has been posted; it posts once."""

    def __init__(self, reference: str) -> None:
        super().__init__("already_posted", f"{reference} has been posted.")


# The first row of a fact decides: where it stands already nothing of the fact is written, so that who
# catches AlreadyPosted holds a transaction without half a posting in it.
_INSERT = """
WITH moves AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(rows)s)
        AS r(reference text, n bigint, source text, target text, amount bigint, kind text,
             event_id bigint, order_id bigint, line text, level bigint, partner bigint, reason text)
), first AS (
    INSERT INTO transfer (reference, n, source, target, amount, currency, kind, at,
                          event_id, order_id, line, level, partner_id, reason)
    SELECT reference, n, source, target, amount, %(currency)s, kind, %(at)s,
           event_id, order_id, line, level, partner, reason
    FROM moves WHERE n = 1
    ON CONFLICT (tenant_id, reference, n) DO NOTHING
    RETURNING reference
), rest AS (
    INSERT INTO transfer (reference, n, source, target, amount, currency, kind, at,
                          event_id, order_id, line, level, partner_id, reason)
    SELECT m.reference, n, source, target, amount, %(currency)s, kind, %(at)s,
           event_id, order_id, line, level, partner, reason
    FROM moves m JOIN first USING (reference) WHERE m.n > 1
    RETURNING 1
)
SELECT reference FROM moves WHERE n = 1 AND reference NOT IN (SELECT reference FROM first)
"""
_REPAYMENTS = """
SELECT count(*) AS number FROM transfer WHERE target = %(debt)s AND kind = 'repayment'
"""
# `{accounts}` is a query of ours that names accounts.
_OPEN = """
INSERT INTO balance (account, currency, balance)
SELECT account, %(currency)s, 0 FROM ({accounts}) u(account)
WHERE NOT EXISTS (SELECT 1 FROM balance b WHERE b.account = u.account AND b.currency = %(currency)s)
ORDER BY account ON CONFLICT DO NOTHING
"""
_LOCK = """
SELECT account, balance FROM balance WHERE account = ANY(%(accounts)s) AND currency = %(currency)s
ORDER BY account FOR UPDATE
"""
_LOCK_FROM = """
SELECT count(*) AS held FROM (
    SELECT 1 FROM balance b JOIN ({accounts}) u(account) ON b.account = u.account
    WHERE b.currency = %(currency)s ORDER BY b.account FOR UPDATE OF b) locked
"""
_CHANGE = """
UPDATE balance b SET balance = b.balance + u.change
FROM unnest(%(accounts)s::text[], %(changes)s::bigint[]) AS u(account, change)
WHERE b.account = u.account AND b.currency = %(currency)s
"""


# Balances are found one by one through their key: the planner takes ten rows of what it cannot count.
_POST_FROM = """
WITH moves AS MATERIALIZED ({moves}), written AS (
    INSERT INTO transfer (reference, n, source, target, amount, currency, kind, at, partner_id)
    SELECT reference, n, source, target, amount, %(currency)s, kind, %(now)s, partner FROM moves
), deltas AS (
    SELECT account, sum(CASE WHEN account LIKE '%%:debt' THEN -amount ELSE amount END)::bigint AS change
    FROM (SELECT target AS account, amount FROM moves
          UNION ALL SELECT source, -amount FROM moves) side
    WHERE account ~ %(guarded)s GROUP BY 1
)
UPDATE balance b SET balance = b.balance + d.change
FROM (SELECT unnest(array_agg(account)) AS account, unnest(array_agg(change)) AS change FROM deltas) d
WHERE b.account = d.account AND b.currency = %(currency)s AND d.change <> 0
"""
_FACT = "uq_transfer_tenant_id_reference_n"


@dataclass(frozen=True, slots=True)
class Posting:
    """The moves of one business fact; `reference` names it ("order:12:3") and posts once."""

    reference: str
    moves: Sequence[Move]
    order_id: int | None = None
    event_id: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to postings on their way; `check` it once the statements have been sent."""

    answer: Cursor[Any] | None

    def check(self) -> None:
        """Raise AlreadyPosted for the first of the facts that stood already."""
        row = self.answer.fetchone() if self.answer is not None else None
        if row is not None:
            raise AlreadyPosted(row.reference)


def post(
    reference: str,
    moves: Sequence[Move],
    currency: str,
    *,
    at: datetime | None = None,
    order_id: int | None = None,
    event_id: int | None = None,
) -> None:
    """Post the moves of one business fact, in minor units of `currency`, at the scope's time.

    AlreadyPosted when `reference` stands. Guarded balances change in the same transaction, locked in
    account order; the database refuses one below zero (CheckViolation), so callers lock and look
    first with `lock`.
    """
    posting = Posting(reference, moves, order_id, event_id)
    send_all([posting], currency, at=at, change=False).check()
    changes = deltas(moves)
    if changes:
        lock(changes, currency)
        _change(changes, currency)


def send_all(
    postings: Sequence[Posting],
    currency: str,
    *,
    at: datetime | None = None,
    change: bool = True,
) -> Receipt:
    """Send the postings of many facts in one statement, and another for the guarded balances.

    The caller has locked every guarded account they touch with `lock`, and checks the receipt; when
    that raises, the transaction must not go on. `change=False` leaves the balances to the caller.
    """
    rows = [
        {
            "reference": posting.reference,
            "n": n,
            "source": move.source,
            "target": move.target,
            "amount": move.amount,
            "kind": move.kind,
            "event_id": posting.event_id,
            "order_id": posting.order_id,
            "line": move.line,
            "level": move.level,
            "partner": move.partner,
            "reason": move.reason,
        }
        for posting in postings
        for n, move in enumerate(posting.moves, start=1)
    ]
    if not rows:
        return Receipt(None)
    values = {"rows": sql.recordset(rows), "currency": currency, "at": at or clock.now()}
    receipt = Receipt(sql.send(_INSERT, values))
    changes = deltas(move for posting in postings for move in posting.moves) if change else {}
    if changes:
        _change(changes, currency)
    return receipt


def post_from(
    moves: str, values: Mapping[str, Any], currency: str, *, at: datetime | None = None
) -> None:
    """Post the moves that a query of ours returns, in one statement: facts by the thousand.

    Its columns: reference, n (from 1 without gaps in each reference), source, target, amount, kind,
    partner. What `send_all` asks of its caller holds here, and the accounts were locked with
    `lock_from`; AlreadyPosted when a reference stands, and then the transaction is at its end.
    """
    own = {"currency": currency, "now": at or clock.now(), "guarded": f"^({GUARDED})$"}
    try:
        sql.send(_POST_FROM.format(moves=moves), {**values, **own})
    except IntegrityError as error:
        if not isinstance(error.orig, UniqueViolation) or error.orig.diag.constraint_name != _FACT:
            raise
        raise AlreadyPosted("One of these facts") from error  # which, the policies hide


def _change(changes: dict[str, int], currency: str) -> None:
    values = {"accounts": list(changes), "changes": list(changes.values()), "currency": currency}
    sql.send(_CHANGE, values)


def lock(accounts: Iterable[str], currency: str) -> dict[str, int]:
    """Open and lock guarded accounts in account order; return their balances in minor units."""
    names = sorted(set(accounts))
    values = {"accounts": names, "currency": currency}
    with sql.together():
        sql.send(_OPEN_THESE, values)
        held = sql.send(_LOCK, values)
    return {row.account: row.balance for row in held.fetchall()}


_OPEN_THESE = _OPEN.format(accounts="SELECT unnest(%(accounts)s::text[])")


def lock_from(accounts: str, values: Mapping[str, Any], currency: str) -> None:
    """Open and lock, in account order as `lock` does, the guarded accounts that a query of ours names.

    It names each once, and returns the same rows when it is asked twice.
    """
    asked = {**values, "currency": currency}
    with sql.together():
        sql.send(_OPEN.format(accounts=accounts), asked)
        sql.send(_LOCK_FROM.format(accounts=accounts), asked)


def repay(partners: Iterable[int], currency: str, *, at: datetime | None = None) -> None:
    """Let available money repay debt, for each partner who has both, as a transfer of its own.

    Called after every posting that may raise `available`, so that debt and available money never
    stand side by side, whatever the order of events.
    """
    ids = sorted(set(partners))
    names = [account(p) for p in ids for account in (available, debt)]
    standing = lock(names, currency) if names else {}
    for posting in repayments(ids, standing):
        post(posting.reference, posting.moves, currency, at=at)


def repayments(partners: Iterable[int], standing: Mapping[str, int]) -> list[Posting]:
    """Return what repays the debts of partners who have available money, by locked balances."""
    found = []
    for partner in sorted(set(partners)):
        amount = min(standing[available(partner)], standing[debt(partner)])
        if amount > 0:
            move = Move(available(partner), debt(partner), amount, "repayment", partner=partner)
            found.append(Posting(f"repay:{partner}:{next_number(partner)}", [move]))
    return found


# Transactions below the oldest running one have all ended, so their rows are all seen, and only theirs
# are covered; in one statement, so that the rows and that oldest one are of one moment.
_SNAPSHOTS = text(
    """
    WITH bound AS MATERIALIZED (
        SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) AS xid
    ), moved AS (
        SELECT side.account, side.currency, CAST(sum(side.amount) AS bigint) AS amount
        FROM (SELECT target AS account, currency, xid, amount FROM transfer
              UNION ALL SELECT source, currency, xid, -amount FROM transfer) side
        CROSS JOIN bound
        LEFT JOIN snapshot s ON s.account = side.account AND s.currency = side.currency
        WHERE side.xid >= coalesce(s.upto, 0) AND side.xid < bound.xid
          AND side.account !~ :guarded
        GROUP BY 1, 2 HAVING count(*) >= :tail
    )
    INSERT INTO snapshot (account, currency, upto, balance)
    SELECT account, currency, bound.xid, amount FROM moved CROSS JOIN bound
    ON CONFLICT (tenant_id, account, currency)
    DO UPDATE SET upto = excluded.upto, balance = snapshot.balance + excluded.balance
    """
)


def take_snapshots(tail: int = TAIL) -> int:
    """Cover the tails that have `tail` entries or more; return how many accounts were covered.

    Waits for no posting and holds none up. Two at once would count twice, so they take turns.
    """
    db.session.execute(
        select(func.pg_advisory_xact_lock(func.hashtext("snapshots"), current_tenant()))
    )
    done = db.session.execute(_SNAPSHOTS, {"tail": tail, "guarded": f"^({GUARDED})$"})
    return int(done.rowcount)  # type: ignore[attr-defined]


def forget_snapshots() -> None:
    """Delete all snapshots of the tenant in scope: after a restore their bounds mean nothing."""
    db.session.execute(delete(Snapshot))


def next_number(partner: int) -> int:
    """Return the number of the partner's next repayment; call it with the partner's accounts locked."""
    row = sql.one(_REPAYMENTS, {"debt": debt(partner)})
    return int(row.number) + 1
