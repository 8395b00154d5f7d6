"""Re-runs: look at what a change would do to older orders, then apply it; replay; publish drafts."""

from app.reruns.service.drafts import (
    backtest_of,
    bring_up,
    moved,
    publish,
    start_backtest,
    withdraw,
)
from app.reruns.service.kinds import ANNOUNCE, BACKTEST, KINDS, TERMS, WORDS, is_stale
from app.reruns.service.verbs import Replayed, apply, look_at_terms, look_at_words, replay, undo

__all__ = [
    "ANNOUNCE",
    "BACKTEST",
    "KINDS",
    "TERMS",
    "WORDS",
    "Replayed",
    "apply",
    "backtest_of",
    "bring_up",
    "is_stale",
    "look_at_terms",
    "look_at_words",
    "moved",
    "publish",
    "replay",
    "start_backtest",
    "undo",
    "withdraw",
]
