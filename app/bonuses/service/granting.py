"""Credit bonuses as lots, and take back what a lot brought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app import clock, sql
from app.bonuses import queries
from app.bonuses.rules import Grant, Lot
from app.bonuses.service.wallets import About, done, opened, write
from app.events import service as events
from app.events.service import Happened

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_INSERT = """
INSERT INTO lot (member_id, reference, kind, amount, remaining, active, activates_at, expires_at,
                 order_id, reason, actor, made_at)
SELECT member_id, reference, kind, amount, amount, false, activates_at, expires_at,
       order_id, reason, %(actor)s, %(now)s
FROM json_to_recordset(%(rows)s)
     AS r(member_id bigint, reference text, kind text, amount bigint, activates_at timestamptz,
          expires_at timestamptz, order_id bigint, reason text)
ON CONFLICT (tenant_id, reference) DO NOTHING
RETURNING id, reference
"""
_OWNERS = "SELECT id, member_id, reference FROM lot WHERE reference = ANY(%(references)s)"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBack:
    """Take `amount` (bonus minor units) back of what the lot `lot_reference` brought, once by `reference`."""

    reference: str
    lot_reference: str
    amount: int
    order_id: int | None = None
    reason: str | None = None


def grant(grants: Sequence[Grant], *, quiet: bool = False) -> dict[str, int]:
    """Credit bonuses: each grant makes one lot, which pays debt first once it is active.

    A grant whose reference stands is passed over. `quiet`: no event for each (work over many).
    Returns {reference: lot id} of those that were made now.
    """
    if not grants:
        return {}
    now = clock.now()
    wallets = opened({g.member_id for g in grants}, lots=False, now=now)
    rows = [_row(g) | {"activates_at": g.activates_at or now} for g in grants]
    values = {"rows": sql.recordset(rows), "actor": events.actor(), "now": now}
    made = {row.reference: row.id for row in sql.rows(_INSERT, values)}
    fresh = [g for g in grants if g.reference in made]
    for g in fresh:
        lot = Lot(
            made[g.reference],
            g.reference,
            g.amount,
            g.amount,
            g.activates_at or now,
            g.expires_at,
        )
        wallets[g.member_id].granted(lot)
    write(wallets.values(), {g.reference: About(g.order_id, g.reason) for g in fresh})
    if not quiet:
        events.record_all([_granted(g) for g in fresh])
    return made


def _row(g: Grant) -> dict[str, object]:
    return {
        "member_id": g.member_id,
        "reference": g.reference,
        "kind": g.kind,
        "amount": g.amount,
        "expires_at": g.expires_at,
        "order_id": g.order_id,
        "reason": g.reason,
    }


def _granted(g: Grant) -> Happened:
    return Happened(
        "bonus.granted",
        f"member:{g.member_id}",
        {
            "member_id": g.member_id,
            "amount": g.amount,
            "kind": g.kind,
            "reference": g.reference,
            "order_id": g.order_id,
            "reason": g.reason,
            "activates_at": g.activates_at.isoformat() if g.activates_at else None,
            "expires_at": g.expires_at.isoformat() if g.expires_at else None,
        },
    )


def take_back(items: Iterable[TakeBack], *, quiet: bool = False) -> None:
    """Take back what lots brought: from the lot, then from others, the rest is debt (or the merchant's).

    An item whose reference stands is passed over. `quiet`: no event for each (work over many).
    Raises LookupError for a lot that is not there, ValueError above what the lot brought less what
    was taken back before.
    """
    asked = list(items)
    if not asked:
        return
    owners = {
        row.reference: (row.member_id, row.id)
        for row in sql.rows(_OWNERS, {"references": [i.lot_reference for i in asked]})
    }
    if missing := {i.lot_reference for i in asked} - set(owners):
        raise LookupError(min(missing))
    wallets = opened({member for member, _lot in owners.values()}, references=list(owners))
    stands, clamp = done(i.reference for i in asked), queries.program().debt == "clamp"
    taken = []
    for item in asked:
        if item.reference in stands:
            continue
        stands.add(item.reference)
        member, number = owners[item.lot_reference]
        wallet = wallets[member]
        wallet.take_back(wallet.lots[number], item.amount, item.reference, clamp=clamp)
        facts = {"member_id": member, "amount": item.amount, "order_id": item.order_id}
        facts |= {"reason": item.reason, "reference": item.reference}
        taken.append(Happened("bonus.taken_back", f"member:{member}", facts))
    write(wallets.values(), {i.reference: About(i.order_id, i.reason) for i in asked})
    if not quiet:
        events.record_all(taken)
