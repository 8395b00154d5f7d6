"""Bonuses with the day on which they lapse: each old lot becomes one here, and is corrected by the difference."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from app import sql
from app.bonuses.rules import Grant
from app.bonuses.service import TakeBack, bring_up, grant, take_back
from app.imports.rules import Flaw
from app.imports.service.customers import shop_of
from app.imports.service.lookups import customer_said, members_said, reference_of
from app.money import to_decimal_string

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.imports.rules import Plan
    from app.imports.service.lookups import Work

DATES = ("expires", "activates")
_LOTS = """
SELECT reference, amount - clawed AS standing, remaining - held AS free, u.old
FROM unnest(%(old)s::text[], %(times)s::bigint[]) u(old, times)
CROSS JOIN LATERAL generate_series(1, u.times) n
JOIN lot ON reference = %(mark)s || u.old || ':' || n
ORDER BY u.old, n DESC
"""


def plan(work: Work, plans: Sequence[Plan]) -> None:
    """Say whose bonuses each row is, and how many."""
    members = members_said(shop_of(work), [each.row for each in plans])
    for each, member in zip(plans, members, strict=True):
        row = each.row
        each.amount = row.values.get("amount")
        expires = row.values.get("expires")
        if row.bad:
            continue
        if each.amount is None or each.amount <= 0:
            row.flaws.append(Flaw("amount", "not_more", _written(work, each.amount)))
        elif member is None:
            row.flaws.append(Flaw("member", "no_member", customer_said(row)))
        elif expires and datetime.fromisoformat(expires) <= work.now and not each.before:
            row.flaws.append(Flaw("expires", "lapsed", expires[:10]))
        elif each.before is not None and each.before.target != member:
            row.flaws.append(Flaw("member", "other_member", customer_said(row)))
        else:
            each.target = member


def _written(work: Work, amount: int | None) -> str:
    return to_decimal_string(amount or 0, work.reading.currency)


def carry(work: Work, plans: Sequence[Plan]) -> None:
    """Credit new lots; of those that changed credit or take back the difference."""
    standing = _standing(work, [each for each in plans if each.before])
    back: list[TakeBack] = []
    gifts: list[Grant] = []
    for each in plans:
        reference = reference_of(work, each)
        taken, given = _difference(each, standing.get(each.row.old_id or "", []))
        back += [
            TakeBack(reference=f"{reference}:{n}", lot_reference=lot, amount=amount)
            for n, (lot, amount) in enumerate(taken)
        ]
        if given:
            gifts.append(_grant(each, given, reference))
    take_back(back, quiet=True)
    grant(gifts, quiet=True)


def _standing(work: Work, plans: Sequence[Plan]) -> dict[str, list[Any]]:
    """Return the lots of old ids, the newest first."""
    if not plans:
        return {}
    bring_up(each.before.target for each in plans if each.before)  # what is free stays free
    found: dict[str, list[Any]] = defaultdict(list)
    values = {
        "old": [each.row.old_id for each in plans],
        "times": [each.before.times if each.before else 0 for each in plans],
        "mark": f"import:{work.file.source}:lot:",
    }
    for row in sql.rows(_LOTS, values):
        found[row.old].append(row)
    return found


def _difference(each: Plan, lots: Sequence[Any]) -> tuple[list[tuple[str, int]], int]:
    """Return what is taken back of which lots, and what is credited anew.

    Other days hold for what is left of a lot: that is taken back and credited with them.
    """
    if each.before is None:
        return [], each.amount or 0
    change = (each.amount or 0) - (each.before.amount or 0)
    taken: dict[str, int] = {}
    if any(name in each.changes for name in DATES):
        taken = {row.reference: row.free for row in lots if row.free > 0}
        change += sum(taken.values())
    for row in lots:
        part = min(-change, row.standing - taken.get(row.reference, 0))
        if part > 0:
            taken[row.reference] = taken.get(row.reference, 0) + part
            change += part
    return list(taken.items()), max(change, 0)


def _grant(each: Plan, amount: int, reference: str) -> Grant:
    values = each.row.values
    expires, activates = (
        datetime.fromisoformat(values[name]) if values.get(name) else None for name in DATES
    )
    return Grant(
        member_id=each.target or 0,
        amount=amount,
        reference=reference,
        kind="import",
        activates_at=activates,
        expires_at=expires,
        reason=values.get("reason") or str(_("Brought along from the former system")),
    )
