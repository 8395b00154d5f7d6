"""How a dated fact is read."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class Dated:
    """The rows of one fact, oldest first: `starts[i]` is when `values[i]` began to hold."""

    starts: tuple[datetime, ...]
    values: tuple[Any, ...]

    def at(self, instant: datetime) -> Any:
        """Return the value that held at the instant; before the first row, that first row."""
        return self.values[max(bisect_right(self.starts, instant) - 1, 0)]

    def last(self) -> Any:
        """Return the value of the newest row, which may lie in the future."""
        return self.values[-1]
