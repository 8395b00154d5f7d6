"""Lists that can be kept as views and exported: which there are, and what a row says outside of a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask_babel import gettext

from app.money import Money, exponent
from app.web.filters import pen
from app.web.states import state_label

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Select

    from app.web.tables import Asked, Column, Table

Cell = str | int | Decimal | date | datetime | None


def _same(rows: list[Any]) -> list[Any]:
    return rows


@dataclass(frozen=True)
class Listing:
    """A list of the back office: its page, its table and statement, and what is read along with a page's rows."""

    name: str
    endpoint: str
    table: Callable[[], Table]
    statement: Callable[[], Select[Any]]
    rows: Callable[[list[Any]], list[Any]] = _same
    needs: str = "read"  # the permission without which nobody takes it out or keeps views of it

    def narrowed(self, asked: Asked) -> Select[Any]:
        """Return the statement of exactly what the filter shows."""
        return self.table().narrow(self.statement(), asked)


LISTINGS: dict[str, Listing] = {}


def register(listing: Listing) -> Listing:
    """Let a list be kept as views, and exported."""
    LISTINGS[listing.name] = listing
    return listing


def columns_of(table: Table, asked: Asked) -> list[Column]:
    """Return the columns that an export has: those shown, without ticks and buttons."""
    shown = asked.columns or table.usual
    return [c for c in table.columns if not c.tool and (c.main or c.key in shown)]


def cells(columns: Sequence[Column], row: Any) -> list[Cell]:
    """Return what a row says, as programs read it: numbers as numbers, times in the merchant's zone."""
    return [_cell(column.render, column.of(row)) for column in columns]


def _cell(render: str, value: Any) -> Cell:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return str(gettext("Yes") if value else gettext("No"))
    if isinstance(value, datetime):
        local = pen().local(value).replace(tzinfo=None, microsecond=0)
        return local.date() if render == "date" else local
    if render in {"money", "signed"}:
        return _sum(value)
    if render in {"badge", "status"}:
        return str(state_label(str(value)))
    return value if isinstance(value, int | Decimal | date) else str(value)


def _sum(value: Any) -> Decimal:
    if isinstance(value, Money):
        return Decimal(value.minor).scaleb(-exponent(value.currency))
    return Decimal(int(value)).scaleb(-exponent(pen().currency))
