"""Promo codes of partners, as customers know them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import sql
from app.imports.rules import Flaw, is_code
from app.imports.service.lookups import partners_said
from app.partners.queries import partner_of_code
from app.partners.rules import fold_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.imports.rules import Plan
    from app.imports.service.lookups import Work

_MAKE = """
INSERT INTO code (key, display, kind, partner_id, created_at, gives)
SELECT key, display, 'promo', partner, %(now)s, gives
FROM json_to_recordset(%(rows)s) AS r(key text, display text, partner bigint, gives text)
ON CONFLICT (tenant_id, key) DO UPDATE SET gives = coalesce(excluded.gives, code.gives), retired_at = NULL
RETURNING id, key
"""


def plan(work: Work, plans: Sequence[Plan]) -> None:
    """Say whose each code is; one that another partner has is refused."""
    said = {p for each in plans if (p := each.row.values.get("partner"))}
    partners = partners_said(work.file.source, said)
    owners = partner_of_code({c for each in plans if (c := each.row.values.get("code"))})
    first: dict[str, str] = {}
    for each in plans:
        row = each.row
        if row.bad:
            continue
        code, partner = row.values["code"], partners.get(row.values["partner"])
        key = fold_code(code)
        if not is_code(code):
            row.flaws.append(Flaw("code", "no_code", code))
        elif partner is None:
            row.flaws.append(Flaw("partner", "no_partner", row.values["partner"]))
        elif owners.get(key, partner) != partner or first.setdefault(key, code) != code:
            row.flaws.append(Flaw("code", "code_taken", code))
        each.found["partner"] = partner


def carry(work: Work, plans: Sequence[Plan]) -> None:
    """Give the codes to their partners."""
    rows = [
        {
            "key": fold_code(each.row.values["code"]),
            "display": each.row.values["code"],
            "partner": each.found["partner"],
            "gives": each.row.values.get("gives"),
        }
        for each in plans
    ]
    made = sql.rows(_MAKE, {"now": work.now, "rows": sql.recordset(rows)})
    ids = {row.key: row.id for row in made}
    for each, row in zip(plans, rows, strict=True):
        each.target = ids[str(row["key"])]
