"""What was earned so far, what limits have given, and what is known of customers."""

from app.earnings.queries.booked import (
    Earned,
    earned,
    earning,
    rules_of,
    shares_of,
    taken,
    with_accounts,
)
from app.earnings.queries.people import born_today, bought, brought_by, facts, said_by

__all__ = [
    "Earned",
    "born_today",
    "bought",
    "brought_by",
    "earned",
    "earning",
    "facts",
    "rules_of",
    "said_by",
    "shares_of",
    "taken",
    "with_accounts",
]
