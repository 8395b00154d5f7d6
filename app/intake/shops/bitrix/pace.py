"""How fast a portal is asked: a leaky bucket of calls a portal, and each method's own budget of time.

Clouds count calls by portal and caller, so every merchant's portal has one bucket here. A site on its own
server has whatever limits its server has: there only its own refusals count. Other processes of ours have
buckets of their own; what they use up together, the portal's refusal tells.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any

from app import clock

if TYPE_CHECKING:
    from collections.abc import Callable

BURST = 40  # of the portal's 50, for others call from here, too
LEAK = 2.0  # calls a second
BUDGET = 300  # seconds of a method's time in ten minutes; portals stop at 420 or 480
WINDOW = timedelta(minutes=10)
MOST = 1000  # portals that are remembered
_CLOUD = re.compile(r"(^|\.)bitrix24\.[a-z.]{2,10}$")


@dataclass
class Bucket:
    """Calls that have not leaked out yet."""

    level: float = 0.0
    at: float = 0.0

    def put(self, now: float) -> float:
        """Count a call; return for how long it has to wait."""
        self.level = max(self.level - (now - self.at) * LEAK, 0.0) + 1
        self.at = now
        return max(self.level - BURST, 0.0) / LEAK


@dataclass
class Pace:
    """What is remembered of portals between calls."""

    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic
    buckets: dict[str, Bucket] = field(default_factory=dict)
    spent: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def before(self, host: str, hook: str, method: str) -> timedelta | None:
        """Wait for the bucket; return a pause where the method's time is nearly used up."""
        if _CLOUD.search(host):
            with self.lock:
                _forget_old(self.buckets)
                pause = self.buckets.setdefault(host, Bucket(at=self.now())).put(self.now())
            if pause > 0:
                self.sleep(pause)
        used, until = self.spent.get((hook, method), (0.0, 0.0))
        left = until - clock.wall().timestamp()
        return timedelta(seconds=left) if used >= BUDGET and left > 0 else None

    def after(self, hook: str, method: str, said: Any) -> None:
        """Note what an answer says of the method's time."""
        if not isinstance(said, dict):
            return
        used, until = _number(said.get("operating")), _number(said.get("operating_reset_at"))
        if until:
            with self.lock:
                _forget_old(self.spent)
                self.spent[(hook, method)] = (used, until)

    def pause(self, hook: str, method: str) -> timedelta:
        """Return for how long to leave a method alone that the portal has stopped."""
        _used, until = self.spent.get((hook, method), (0.0, 0.0))
        left = until - clock.wall().timestamp()
        return min(max(timedelta(seconds=left), timedelta(minutes=1)), WINDOW)


def _forget_old(known: dict[Any, Any]) -> None:
    if len(known) >= MOST:
        known.clear()


def _number(said: Any) -> float:
    try:
        return float(said or 0)
    except (TypeError, ValueError):
        return 0.0


PACE = Pace()
