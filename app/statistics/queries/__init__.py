"""Read roll-ups: numbers by day, by hour, by where visits came from; and whose roll-up is old."""

from __future__ import annotations

from app.statistics.queries.numbers import by_day, by_hour, by_key, ever, figures_of
from app.statistics.queries.report import PARTNER, Line, Report, lines, report
from app.statistics.queries.waiting import as_of, waiting

__all__ = [
    "PARTNER",
    "Line",
    "Report",
    "as_of",
    "by_day",
    "by_hour",
    "by_key",
    "ever",
    "figures_of",
    "lines",
    "report",
    "waiting",
]
