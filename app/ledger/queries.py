"""Read balances and statements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from app.extensions import db
from app.ledger.rules import available, debt, pending, reserved

if TYPE_CHECKING:
    from collections.abc import Iterable


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
                       WHERE t.target = a.account AND t.id > coalesce(s.upto, 0)), 0)
           - coalesce((SELECT sum(t.amount) FROM transfer t
                       WHERE t.source = a.account AND t.id > coalesce(s.upto, 0)), 0) AS balance
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
