"""How many calls a second an API key may make."""

from __future__ import annotations

import time
from collections import Counter

from redis.exceptions import RedisError

from app.extensions import queue

CALLS = 150  # a second and key; the promise is 100, the rest is for clocks that disagree
PAUSE = 5.0  # seconds for which a Redis that did not answer is not asked again


class Calls:
    """Counts calls by second: in Redis for all processes together, else in this one alone (open, not closed)."""

    def __init__(self) -> None:
        self._quiet_until = 0.0
        self._here: Counter[str] = Counter()
        self._second = 0

    def left(self, key_id: int | str, limit: int = CALLS) -> int:
        """Count one call of a key (or of an address); return how many more this second has, below 0: too many."""
        second = int(time.time())
        return limit - self._count(f"calls:{key_id}:{second}", second)

    def too_many(self, key_id: int | str, limit: int = CALLS) -> bool:
        """Count one call of a key (or of an address) and tell whether it is one too many in this second."""
        return self.left(key_id, limit) < 0

    def _count(self, name: str, second: int) -> int:
        if queue.redis is not None and time.monotonic() >= self._quiet_until:
            try:
                with queue.redis.pipeline(transaction=False) as pipe:
                    pipe.incr(name)
                    pipe.expire(name, 3)
                    return int(pipe.execute()[0])
            except RedisError:
                self._quiet_until = time.monotonic() + PAUSE
        if second != self._second:
            self._here.clear()
            self._second = second
        self._here[name] += 1
        return self._here[name]


calls = Calls()
