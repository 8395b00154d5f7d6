"""Signs of fraud, and what follows from them: pure."""

from __future__ import annotations

from app.fraud.rules.reading import (
    host_of,
    last_digits,
    paid_mark,
    query_of,
    read_site,
    same_mailbox,
)
from app.fraud.rules.shapes import (
    NO_CASE,
    NOTHING,
    OFF,
    UNSEEN,
    Bought,
    Case,
    Decision,
    Flood,
    Found,
    Kept,
    Policy,
    Scene,
    Seen,
    Sign,
    Standing,
    Trace,
    Visit,
    Word,
)
from app.fraud.rules.signs import look, signs
from app.fraud.rules.stored import (
    merge,
    policy_from_json,
    policy_to_json,
    trace_from_json,
    trace_to_json,
)

__all__ = [
    "NOTHING",
    "NO_CASE",
    "OFF",
    "UNSEEN",
    "Bought",
    "Case",
    "Decision",
    "Flood",
    "Found",
    "Kept",
    "Policy",
    "Scene",
    "Seen",
    "Sign",
    "Standing",
    "Trace",
    "Visit",
    "Word",
    "host_of",
    "last_digits",
    "look",
    "merge",
    "paid_mark",
    "policy_from_json",
    "policy_to_json",
    "query_of",
    "read_site",
    "same_mailbox",
    "signs",
    "trace_from_json",
    "trace_to_json",
]
