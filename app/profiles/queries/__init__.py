"""Rules as they hold, as pages list them, and what is known of orders."""

from app.profiles.queries.kept import effects_json, trace_json
from app.profiles.queries.listed import (
    Past,
    all_rules,
    counts,
    evaluations,
    ever,
    first_of_each,
    listed,
    naming,
    of_profile,
    owners_paid,
    past_order,
    rule,
    rules,
    telling,
    version,
    versions,
)
from app.profiles.queries.many import Known, known_of
from app.profiles.queries.named import unknown
from app.profiles.queries.orders import (
    birthday_in,
    chain_of,
    counted,
    days_until,
    leap_of,
    rank_at,
    seen_of,
)
from app.profiles.queries.published import live, owner, published_at, versions_of

__all__ = [
    "Known",
    "Past",
    "all_rules",
    "birthday_in",
    "chain_of",
    "counted",
    "counts",
    "days_until",
    "effects_json",
    "evaluations",
    "ever",
    "first_of_each",
    "known_of",
    "leap_of",
    "listed",
    "live",
    "naming",
    "of_profile",
    "owner",
    "owners_paid",
    "past_order",
    "published_at",
    "rank_at",
    "rule",
    "rules",
    "seen_of",
    "telling",
    "trace_json",
    "unknown",
    "version",
    "versions",
    "versions_of",
]
