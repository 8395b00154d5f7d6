"""Deduct from many customers, and give back to many, in few statements for all of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask_babel import gettext as _

from app import sql
from app.bonuses.rules import Grant, Part
from app.bonuses.service.granting import TakeBack, grant, take_back
from app.bonuses.service.spending import give_back
from app.bonuses.service.wallets import About, done, opened, write
from app.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# What spendings took and have not got back, in the order taken.
_LEFT = """
SELECT p.member_id, p.reference, p.lot_id, p.amount - coalesce(r.amount, 0) AS amount
FROM lot_part p
LEFT JOIN (SELECT of, lot_id, sum(amount)::bigint AS amount FROM lot_part
           WHERE of = ANY(%(references)s) AND kind = 'return' GROUP BY 1, 2) r
     ON r.of = p.reference AND r.lot_id IS NOT DISTINCT FROM p.lot_id
WHERE p.reference = ANY(%(references)s) AND p.kind = 'spend' ORDER BY p.id
"""
_ITS_LOT = """
SELECT amount - clawed AS amount FROM lot WHERE reference = %(reference)s AND member_id = %(member)s
"""
_ITS_SPENDING = """
SELECT 1 FROM lot_part WHERE reference = %(reference)s AND member_id = %(member)s AND kind = 'spend' LIMIT 1
"""
_WHOSE = "SELECT DISTINCT member_id FROM lot_part WHERE reference = ANY(%(references)s)"


@dataclass(frozen=True, slots=True)
class Deduction:
    """Take `amount` (bonus minor units, above zero) of a customer, once by `reference`."""

    member_id: int
    amount: int
    reference: str
    reason: str | None = None


def deduct(items: Sequence[Deduction], *, partly: bool = False) -> dict[str, int]:
    """Take from each what is asked, or nothing of who has less; `partly`: then all there is.

    An item whose reference stands is passed over. No event for each. Returns {reference: taken}.
    """
    wallets = opened(item.member_id for item in items)
    stands = done(item.reference for item in items)
    taken: dict[str, int] = {}
    for item in items:
        wallet = wallets[item.member_id]
        amount = min(item.amount, wallet.available)
        if item.reference in stands or not amount or (amount < item.amount and not partly):
            continue
        wallet.spend(amount, item.reference)
        taken[item.reference] = amount
        stands.add(item.reference)
    write(wallets.values(), {item.reference: About(reason=item.reason) for item in items})
    return taken


def give_back_all(references: Iterable[str], reason: str | None = None) -> dict[str, int]:
    """Give back all that is left of some spendings, each by a counter entry "<reference>:undo".

    What was given back so already is passed over. No event for each. Returns {reference: given back}.
    """
    asked = {"references": list(references)}
    members = [row.member_id for row in sql.rows(_WHOSE, asked)]
    opened(members, lots=False)  # the locks, so that the parts are read as they stand
    parts: dict[str, list[Part]] = defaultdict(list)
    whose: dict[str, int] = {}
    for row in sql.rows(_LEFT, asked):
        whose[row.reference] = row.member_id
        if row.amount:
            parts[row.reference].append(Part(row.reference, row.lot_id, "spend", row.amount))
    stands = done(f"{reference}:undo" for reference in parts)
    ids = {part.lot for some in parts.values() for part in some if part.lot is not None}
    wallets = opened(members, ids=ids)
    returned, debts = {}, []
    for reference, some in parts.items():
        undo, amount = f"{reference}:undo", sum(part.amount for part in some)
        if undo in stands:
            continue
        member = whose[reference]
        paid = wallets[member].give_back(some, amount, undo)
        returned[reference] = amount
        if paid:
            debts.append(
                Grant(
                    member_id=member,
                    amount=paid,
                    reference=f"{undo}:paid",
                    kind="return",
                    reason=reason,
                )
            )
    write(wallets.values(), {f"{reference}:undo": About(reason=reason) for reference in returned})
    grant(debts, quiet=True)
    return returned


def undo_by_hand(member_id: int, reference: str) -> bool:
    """Take back an entry by hand by a counter entry; False: that was done before. Raises NotFound."""
    whose, undo, reason = (
        {"reference": reference, "member": member_id},
        f"{reference}:undo",
        _("Taken back"),
    )
    opened([member_id], lots=False)  # the lock: two who press the button at once take back once
    lot = sql.one(_ITS_LOT, whose)
    if lot is None and sql.one(_ITS_SPENDING, whose) is None:
        raise NotFound
    if done([undo]):
        return False
    if lot is None:
        left = sum(row.amount for row in sql.rows(_LEFT, {"references": [reference]}))
        if left:
            give_back(reference, left, undo, reason=str(reason))
        return bool(left)
    if lot.amount:
        take_back(
            [
                TakeBack(
                    reference=undo, lot_reference=reference, amount=lot.amount, reason=str(reason)
                )
            ]
        )
    return bool(lot.amount)
