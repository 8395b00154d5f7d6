"""Turn what messages carry into claims, and keep what became of them."""

from app.attribution.service.keeping import (
    bring,
    enrol,
    keep_bindings,
    keep_enrolments,
    keep_verdicts,
    members_of_guests,
    take_over,
)
from app.attribution.service.reading import UNANSWERED, Customer, Journal, read_journals

__all__ = [
    "UNANSWERED",
    "Customer",
    "Journal",
    "bring",
    "enrol",
    "keep_bindings",
    "keep_enrolments",
    "keep_verdicts",
    "members_of_guests",
    "read_journals",
    "take_over",
]
