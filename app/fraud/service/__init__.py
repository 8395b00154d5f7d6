"""Verbs of the desk: watch orders, keep their files, say what staff decided, set the policy."""

from app.fraud.service.files import keep, read, tell
from app.fraud.service.saying import (
    MOST,
    mark_details,
    of_batch,
    policy,
    say,
    say_policy,
    take_back,
)
from app.fraud.service.watching import Watched, watch

__all__ = [
    "MOST",
    "Watched",
    "keep",
    "mark_details",
    "of_batch",
    "policy",
    "read",
    "say",
    "say_policy",
    "take_back",
    "tell",
    "watch",
]
