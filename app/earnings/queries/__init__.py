"""What was earned so far, what limits have given, and what is known of customers."""

from app.earnings.queries.booked import (
    Earned,
    applied,
    earned,
    earning,
    quiet_since,
    rules_of,
    shares_of,
    spent_on,
    taken,
    with_accounts,
)
from app.earnings.queries.goals import Goal, Goals, defined, goals
from app.earnings.queries.people import (
    born_today,
    bought,
    facts,
    friends_of,
    metrics_of,
    presented,
    referrer,
    referrers_of,
    said_by,
)
from app.earnings.queries.sold import Paid, Sales, Sold, held_by, holds_any, sales_of

__all__ = [
    "Earned",
    "Goal",
    "Goals",
    "Paid",
    "Sales",
    "Sold",
    "applied",
    "born_today",
    "bought",
    "defined",
    "earned",
    "earning",
    "facts",
    "friends_of",
    "goals",
    "held_by",
    "holds_any",
    "metrics_of",
    "presented",
    "quiet_since",
    "referrer",
    "referrers_of",
    "rules_of",
    "said_by",
    "sales_of",
    "shares_of",
    "spent_on",
    "taken",
    "with_accounts",
]
