"""Rules as they hold, as pages list them, and what is known of orders."""

from app.profiles.queries.kept import effects_json, trace_json
from app.profiles.queries.listed import (
    Past,
    all_naming,
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
from app.profiles.queries.many import Known, known_of, seen_of, seen_of_all
from app.profiles.queries.named import unknown
from app.profiles.queries.orders import chain_of
from app.profiles.queries.people import (
    Asked,
    asked_by,
    birthday_in,
    days_until,
    event_facts,
    leap_of,
    people,
)
from app.profiles.queries.published import live, owner, published_at, versions_of

__all__ = [
    "Asked",
    "Known",
    "Past",
    "all_naming",
    "all_rules",
    "asked_by",
    "birthday_in",
    "chain_of",
    "counts",
    "days_until",
    "effects_json",
    "evaluations",
    "event_facts",
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
    "people",
    "published_at",
    "rule",
    "rules",
    "seen_of",
    "seen_of_all",
    "telling",
    "trace_json",
    "unknown",
    "version",
    "versions",
    "versions_of",
]
