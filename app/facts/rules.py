"""A dated fact: what was true when."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Timeline(Generic[Value]):
    """Rows of one fact by the instant from which each holds; there is always a first one."""

    rows: tuple[tuple[datetime, Value], ...]

    @classmethod
    def of(cls, rows: Iterable[tuple[datetime, Value]]) -> Timeline[Value]:
        """Put the rows in order. Raises ValueError without any."""
        ordered = tuple(sorted(rows, key=lambda row: row[0]))
        if not ordered:
            raise ValueError("a fact has its first row from the moment its owner is made")
        return cls(ordered)

    def at(self, instant: datetime) -> Value:
        """Return the latest value by then; what is older than the owner reads the first row."""
        found = bisect_right(self.rows, instant, key=lambda row: row[0])
        return self.rows[max(found - 1, 0)][1]
