"""What the former service accrued for orders: kept to be compared, and booked nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import sql
from app.imports.rules import Flaw
from app.imports.service.lookups import partners_said

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from app.imports.rules import Plan
    from app.imports.service.lookups import Work

NOWHERE = 0  # the target of what belongs to no order here
_ORDERS = """
SELECT number AS said, min(id) AS id FROM orders WHERE number = ANY(%(said)s) GROUP BY 1
UNION ALL
SELECT external_id, min(id) FROM orders WHERE external_id = ANY(%(said)s) GROUP BY 1
"""


def orders_said(said: Collection[str]) -> dict[str, int]:
    """Return the orders that cells mean: by the number, else by the shop's id."""
    found: dict[str, int] = {}
    for row in sql.rows(_ORDERS, {"said": sorted(said)}) if said else ():
        found.setdefault(row.said, row.id)
    return found


def plan(work: Work, plans: Sequence[Plan]) -> None:
    """Say which order and partner each row means; neither need be here."""
    orders = orders_said({o for each in plans if (o := each.row.values.get("order"))})
    said = {p for each in plans if (p := each.row.values.get("partner"))}
    partners = partners_said(work.file.source, said)
    for each in plans:
        values = each.row.values
        each.amount = values.get("amount")
        if each.row.bad:
            continue
        each.target = orders.get(values["order"], NOWHERE)
        if each.target == NOWHERE:
            each.row.flaws.append(Flaw("order", "no_order", values["order"], soft=True))
        if values["partner"] not in partners:
            flaw = Flaw("partner", "unknown_partner", values["partner"], soft=True)
            each.row.flaws.append(flaw)


def carry(_work: Work, _plans: Sequence[Plan]) -> None:
    """Book nothing: what is remembered of the rows is all that is wanted of them."""
