"""Names of accounts, and what a transfer does to the guarded ones."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

COMMISSIONS = "merchant:commissions"
MERCHANT_BALANCE = "merchant:balance"
FEES = "platform:fees"
WITHHELD = "merchant:withheld"  # tax kept back of payouts, owed to the state
TARIFFS = "platform:tariffs"  # what merchants' invoices come to
DUES = "merchant:dues"  # what invoices ask for and the prepaid balance has not paid yet, below zero
OUTSIDE = "outside"
BONUSES = "merchant:bonuses"  # where bonuses come from, and where they go when spent or lapsed

GUARDED = r"partner:\d+:(available|reserved|debt)|member:\d+:(bonus|held|debt)|merchant:balance"
_GUARDED = re.compile(GUARDED)


def pending(partner: int) -> str:
    """Return the account of commission that is on hold."""
    return f"partner:{partner}:pending"


def available(partner: int) -> str:
    """Return the account of money the partner can ask for."""
    return f"partner:{partner}:available"


def reserved(partner: int) -> str:
    """Return the account of money in an open payout."""
    return f"partner:{partner}:reserved"


def debt(partner: int) -> str:
    """Return the account of what the partner owes back."""
    return f"partner:{partner}:debt"


def bonus(member: int) -> str:
    """Return the account of bonuses the customer can spend."""
    return f"member:{member}:bonus"


def bonus_pending(member: int) -> str:
    """Return the account of bonuses that are not active yet."""
    return f"member:{member}:pending"


def bonus_held(member: int) -> str:
    """Return the account of bonuses reserved for an order."""
    return f"member:{member}:held"


def bonus_debt(member: int) -> str:
    """Return the account of bonuses the customer owes back."""
    return f"member:{member}:debt"


BUCKETS = {"pending": pending, "available": available, "reserved": reserved, "debt": debt}


def payout(number: int) -> str:
    """Return the account through which one payout's money leaves."""
    return f"payout:{number}"


def funding(number: int) -> str:
    """Return the account of prepaid money that waits for one payout to be made."""
    return f"funding:{number}"


def guarded(account: str) -> bool:
    """Return True for accounts whose running balance the database keeps at zero or above."""
    return _GUARDED.fullmatch(account) is not None


def sign(account: str) -> int:
    """Return -1 for debts, whose balance says what is owed, else 1."""
    return -1 if account.endswith(":debt") else 1


@dataclass(frozen=True)
class Move:
    """`amount` (minor units, above zero) from `source` to `target`, and what it is about."""

    source: str
    target: str
    amount: int
    kind: str
    line: str | None = None
    level: int | None = None
    partner: int | None = None
    reason: str | None = None


def deltas(moves: Iterable[Move]) -> dict[str, int]:
    """Return the change of each guarded account's balance, in the account's own sense."""
    result: dict[str, int] = defaultdict(int)
    for move in moves:
        for account, amount in ((move.source, -move.amount), (move.target, move.amount)):
            if guarded(account):
                result[account] += sign(account) * amount
    return {account: change for account, change in sorted(result.items()) if change}
