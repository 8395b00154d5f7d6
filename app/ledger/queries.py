"""Read balances and statements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Text, bindparam, case, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from app.extensions import db
from app.ledger.models import Transfer
from app.ledger.rules import BUCKETS, available, debt, pending, reserved, sign
from app.money import BIGINT_MAX

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from typing import Any

    from sqlalchemy import Select


@dataclass(frozen=True)
class PartnerBalance:
    """What stands on a partner's four accounts, in minor units; debt is what is owed, zero or more."""

    pending: int = 0
    available: int = 0
    reserved: int = 0
    debt: int = 0


_GUARDED = text("SELECT account, balance FROM balance WHERE account = ANY(:accounts)").bindparams(
    bindparam("accounts", type_=ARRAY(Text))
)
# Snapshot plus tail: order intake meets no hot row, and a balance costs the rows since the snapshot.
_OPEN_ACCOUNTS = text(
    """
    SELECT a.account,
           coalesce(s.balance, 0)
           + coalesce((SELECT sum(t.amount) FROM transfer t
                       WHERE t.target = a.account AND t.xid >= coalesce(s.upto, 0)), 0)
           - coalesce((SELECT sum(t.amount) FROM transfer t
                       WHERE t.source = a.account AND t.xid >= coalesce(s.upto, 0)), 0) AS balance
    FROM unnest(:accounts) AS a(account)
    LEFT JOIN snapshot s ON s.account = a.account
    """
).bindparams(bindparam("accounts", type_=ARRAY(Text)))


def guarded_balances(accounts: Iterable[str]) -> dict[str, int]:
    """Return {account: balance} of guarded accounts; those never used are absent."""
    rows = db.session.execute(_GUARDED, {"accounts": list(accounts)})
    return {row.account: row.balance for row in rows}


def balances(accounts: Iterable[str]) -> dict[str, int]:
    """Return {account: balance} of unguarded accounts (sum in minus sum out)."""
    rows = db.session.execute(_OPEN_ACCOUNTS, {"accounts": list(accounts)})
    return {row.account: int(row.balance) for row in rows}


def partner_balances(partners: Iterable[int]) -> dict[int, PartnerBalance]:
    """Return the four balances of each partner, in two statements for any number of partners."""
    ids = list(partners)
    held = balances(pending(p) for p in ids)
    standing = guarded_balances(a(p) for p in ids for a in (available, reserved, debt))
    return {
        p: PartnerBalance(
            pending=held.get(pending(p), 0),
            available=standing.get(available(p), 0),
            reserved=standing.get(reserved(p), 0),
            debt=standing.get(debt(p), 0),
        )
        for p in ids
    }


@dataclass(frozen=True)
class Entry:
    """One line of a statement: `amount` is what the account gained, below zero what it gave."""

    id: int
    at: datetime
    kind: str
    amount: int
    currency: str
    balance: int  # after this entry, in the account's own sense
    order_id: int | None
    level: int | None
    reason: str | None
    reference: str
    place: int  # in the account's past, from 1


# The running balance is counted over the account's whole past; the page shows a window of it. What one
# transaction posted at one moment has ids in no order of its own, so gains are read before losses:
# a balance that never was below zero is never shown there.
_STATEMENT = text(
    """
    SELECT * FROM (
        SELECT id, at, kind, currency, order_id, level, reason, reference, amount,
               (sum(amount) OVER past)::bigint AS balance, row_number() OVER past AS place
        FROM (
            SELECT id, at, kind, currency, order_id, level, reason, reference,
                   CASE WHEN (target = :account) = :debt THEN -amount ELSE amount END AS amount,
                   min(id) OVER (PARTITION BY xid, at) AS first
            FROM transfer WHERE partner_id = :partner AND (source = :account OR target = :account)
        ) t
        WINDOW past AS (ORDER BY first, amount < 0, id ROWS UNBOUNDED PRECEDING)
    ) s WHERE place < :before ORDER BY place DESC LIMIT :size
    """
)


def statement(
    partner: int, bucket: str, *, before: int | None = None, size: int = 50
) -> list[Entry]:
    """Return what made the balance of one of a partner's accounts, newest first.

    `bucket`: pending, available, reserved or debt; `before`: the place of the last entry seen. For the
    debt an entry above zero is what came to be owed. Raises KeyError for another bucket.
    """
    account = BUCKETS[bucket](partner)
    rows = db.session.execute(
        _STATEMENT,
        {
            "account": account,
            "partner": partner,
            "debt": sign(account) < 0,
            "before": before or BIGINT_MAX,
            "size": size,
        },
    )
    return [Entry(**row._mapping) for row in rows]  # noqa: SLF001 - the documented way to a row's names


def order_transfers(order_id: int) -> Sequence[Transfer]:
    """Return every transfer about an order, oldest first."""
    return db.session.scalars(
        select(Transfer).where(Transfer.order_id == order_id).order_by(Transfer.id)
    ).all()


def entries(partner: int, bucket: str) -> Select[Any]:
    """Return the statement of all transfers of one of a partner's accounts: id, at, kind, amount, reason.

    `amount` is what the account gained (below zero: gave); they sum to the bucket's balance.
    """
    account = BUCKETS[bucket](partner)
    gained = case((Transfer.target == account, Transfer.amount), else_=-Transfer.amount)
    return select(
        Transfer.id,
        Transfer.at,
        Transfer.kind,
        Transfer.level,
        Transfer.reason,
        (gained * sign(account)).label("amount"),
    ).where(
        Transfer.partner_id == partner,
        or_(Transfer.source == account, Transfer.target == account),
    )
