"""Files of statistics, for both audiences."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from flask import g, request
from flask_babel import gettext as _

from app.lists.rules import FORMATS
from app.money import exponent
from app.statistics import queries
from app.statistics.forms import HEAD, called
from app.web.files import attachment

if TYPE_CHECKING:
    from flask import Response

    from app.statistics.forms import Asked
    from app.statistics.rules import Numbers
    from app.web.lists import Cell


def file(wishes: Asked, what: str, partner_id: int, shop_id: int = 0) -> tuple[Response, int]:
    """Answer with a report's lines as CSV or XLSX: by day ("days"), or by its dimension; and say how many there are."""
    if what == "days":
        found = queries.report(wishes.period, partner_id, shop_id)
        by_day = queries.by_day(wishes.period, partner_id, shop_id)
        rows: list[list[Cell]] = [
            [day, *_cells(by_day[day])] for day in found.period.days if day in by_day
        ]
        first = str(_("Day"))
    else:
        lines = queries.lines(wishes.by, wishes.period, partner_id, shop_id)
        rows = [[called(wishes.by, line), *_cells(line.numbers)] for line in lines]
        first = str(_("Line"))
    head = [first, *(str(word) for word in HEAD)]
    answer = attachment(
        f"statistics-{'days' if what == 'days' else wishes.by}", first, kind_of_file(), head, rows
    )
    return answer, len(rows)


def kind_of_file() -> str:
    """Return the kind of file that the address asks for."""
    wanted = request.args.get("format", "")
    return wanted if wanted in FORMATS else "csv"


def _cells(numbers: Numbers) -> list[Cell]:
    brought = numbers.brought
    return [
        numbers.people,
        numbers.repeats,
        numbers.bots,
        numbers.orders,
        numbers.conversion,
        *(_sum(v) for v in (numbers.turnover, numbers.commission, numbers.epc, numbers.average)),
        brought["first"],
        brought["only"],
        brought["late"],
    ]


def _sum(minor: int | None) -> Decimal | None:
    return None if minor is None else Decimal(minor).scaleb(-exponent(g.tenant.currency))
