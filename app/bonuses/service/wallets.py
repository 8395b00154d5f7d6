"""Read customers' lots under lock, and write what was done to them, in few statements for many."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from app import clock, sql
from app.bonuses import queries
from app.bonuses.rules import BONUS, Lot, Wallet
from app.events import service as events
from app.ledger import service as ledger
from app.ledger.rules import bonus, bonus_debt, bonus_held
from app.ledger.service import Posting

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime
    from typing import Any

_LOTS = """
SELECT id, member_id, reference, amount, remaining, held, lapsed, lapses, clawed, active,
       activates_at, expires_at
FROM lot WHERE id IN (
    SELECT id FROM lot WHERE member_id = ANY(%(members)s) AND remaining > 0
    UNION ALL SELECT id FROM lot WHERE reference = ANY(%(references)s)
    UNION ALL SELECT unnest(%(ids)s::bigint[]))
"""
_CHANGE = """
UPDATE lot l SET remaining = u.remaining, held = u.held, lapsed = u.lapsed, lapses = u.lapses,
       clawed = u.clawed, active = u.active, expires_at = u.expires_at
FROM json_to_recordset(%(rows)s)
     AS u(id bigint, remaining bigint, held bigint, lapsed bigint, lapses bigint, clawed bigint,
          active boolean, expires_at timestamptz)
WHERE l.id = u.id
"""
_PARTS = """
INSERT INTO lot_part (reference, member_id, lot_id, kind, amount, of, order_id, reason, actor, at)
SELECT reference, member_id, lot_id, kind, amount, of, order_id, reason, %(actor)s, %(at)s
FROM json_to_recordset(%(rows)s)
     AS r(reference text, member_id bigint, lot_id bigint, kind text, amount bigint, of text,
          order_id bigint, reason text)
"""
_DONE = "SELECT DISTINCT reference FROM lot_part WHERE reference = ANY(%(references)s)"


@dataclass(frozen=True, slots=True)
class About:
    """What the statement shows beside an act: the order it belongs to, and why."""

    order_id: int | None = None
    reason: str | None = None


NOTHING = About()


def opened(
    member_ids: Iterable[int],
    references: Collection[str] = (),
    ids: Collection[int] = (),
    *,
    lots: bool = True,
    now: datetime | None = None,
) -> dict[int, Wallet]:
    """Lock the customers' accounts, in account order, and return their wallets, brought to the present.

    `references` and `ids` name lots that are read though nothing of them remains. `lots=False`: the
    act needs none of the lots there are.
    """
    members = sorted(set(member_ids))
    accounts = [name(m) for m in members for name in (bonus, bonus_held, bonus_debt)]
    standing = ledger.lock(accounts, BONUS) if accounts else {}
    instant, grace = now or clock.now(), timedelta(days=queries.program().grace_days)
    wallets = {m: Wallet(m, {}, standing[bonus_debt(m)], instant, grace) for m in members}
    if not lots:
        return wallets
    values = {"members": members, "references": list(references), "ids": list(ids)}
    for row in sql.rows(_LOTS, values):
        if row.member_id in wallets:
            wallets[row.member_id].lots[row.id] = _lot(row)
    for wallet in wallets.values():
        wallet.bring_up()
    return wallets


def _lot(row: Any) -> Lot:
    return Lot(
        id=row.id,
        reference=row.reference,
        amount=row.amount,
        remaining=row.remaining,
        activates_at=row.activates_at,
        expires_at=row.expires_at,
        active=row.active,
        held=row.held,
        lapsed=row.lapsed,
        lapses=row.lapses,
        clawed=row.clawed,
    )


def done(references: Iterable[str]) -> set[str]:
    """Return which of the acts were done already; call it under the customers' locks."""
    asked = {"references": list(references)}
    return {row.reference for row in sql.rows(_DONE, asked)}


def write(wallets: Iterable[Wallet], about: Mapping[str, About] | None = None) -> None:
    """Write what was done to the wallets: lots, parts, and the ledger's moves."""
    said = about or {}
    changed = list(wallets)
    postings = [Posting(e.reference, e.moves) for w in changed for e in w.entries]
    with sql.together():
        _write_lots(changed)
        _write_parts(changed, said)
        receipt = ledger.send_all(postings, BONUS)
    receipt.check()


def _write_lots(wallets: Iterable[Wallet]) -> None:
    rows = [_row(w.lots[number]) for w in wallets for number in sorted(w.touched)]
    if rows:
        sql.send(_CHANGE, {"rows": sql.recordset(rows)})


def _row(lot: Lot) -> dict[str, int | bool | datetime | None]:
    return {
        "id": lot.id,
        "remaining": lot.remaining,
        "held": lot.held,
        "lapsed": lot.lapsed,
        "lapses": lot.lapses,
        "clawed": lot.clawed,
        "active": lot.active,
        "expires_at": lot.expires_at,
    }


def _write_parts(wallets: Iterable[Wallet], about: Mapping[str, About]) -> None:
    rows = [
        {
            "reference": part.reference,
            "member_id": wallet.member_id,
            "lot_id": part.lot,
            "kind": part.kind,
            "amount": part.amount,
            "of": part.of,
            "order_id": about.get(part.reference, NOTHING).order_id,
            "reason": about.get(part.reference, NOTHING).reason,
        }
        for wallet in wallets
        for part in wallet.parts
    ]
    if rows:
        values = {"rows": sql.recordset(rows), "actor": events.actor(), "at": clock.now()}
        sql.send(_PARTS, values)
