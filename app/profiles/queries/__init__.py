"""Rules as they hold, as pages list them, and what is known of orders."""

from app.profiles.queries.kept import effects_json, trace_json
from app.profiles.queries.listed import (
    Past,
    all_rules,
    evaluations,
    ever,
    naming,
    of_profile,
    past_order,
    rule,
    rules,
    version,
    versions,
)
from app.profiles.queries.orders import days_until, seen_of
from app.profiles.queries.published import live, owner, published_at

__all__ = [
    "Past",
    "all_rules",
    "days_until",
    "effects_json",
    "evaluations",
    "ever",
    "live",
    "naming",
    "of_profile",
    "owner",
    "past_order",
    "published_at",
    "rule",
    "rules",
    "seen_of",
    "trace_json",
    "version",
    "versions",
]
