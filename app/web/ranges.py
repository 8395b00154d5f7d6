"""From and to of a figure or a day, as filters of a table: kept in the address as they were typed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from app.money import MoneyError, parse_typed, plain_number
from app.web.filters import locale_name
from app.web.locale import zone
from app.web.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask_babel import LazyString
    from sqlalchemy import Select, SQLColumnExpression
    from werkzeug.datastructures import MultiDict

LONGEST = 30  # characters of what is typed
MOST = 2**53
FIRST, LAST = 1900, 9998  # years of a day, as DayField takes them: a day more is a day still


@dataclass(frozen=True, slots=True)
class Range:
    """A from and a to. `kind`: number, money (minor units), percent (hundredths of one), date (moments)."""

    key: str
    label: str | LazyString
    by: SQLColumnExpression[Any]
    kind: str = "number"

    @property
    def names(self) -> tuple[str, str]:
        """The two names in the address."""
        return f"{self.key}_from", f"{self.key}_to"

    def asked(self, args: MultiDict[str, str]) -> Iterator[tuple[str, str]]:
        """Give what of the address can be read; anything else is as if it were not there."""
        for name in self.names:
            typed = args.get(name, "").strip()[:LONGEST]
            if typed and self.read(typed) is not None:
                yield name, typed

    def narrow(self, statement: Select[Any], chosen: dict[str, str]) -> Select[Any]:
        """Leave the rows that lie within what was chosen, both ends included."""
        low, high = (self.read(chosen[n]) if n in chosen else None for n in self.names)
        if low is not None:
            statement = statement.where(self.by >= low)
        if high is None:
            return statement
        if isinstance(high, datetime):
            return statement.where(self.by < high + timedelta(days=1))
        return statement.where(self.by <= high)

    def read(self, typed: str) -> Any:
        """Return the value that was typed in the reader's ways; None for what is no such value."""
        try:
            if self.kind == "date":
                day = date.fromisoformat(typed)
                known = FIRST <= day.year <= LAST
                return datetime.combine(day, time(), zone()) if known else None
            if self.kind == "money":
                return parse_typed(typed, locale_name(), surroundings().currency)
            number = Decimal(plain_number(typed, locale_name()))
        except (ValueError, MoneyError, InvalidOperation):
            return None
        value = int(number * 100) if self.kind == "percent" else int(number)
        return value if 0 <= value < MOST else None
