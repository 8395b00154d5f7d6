"""Time passes: lots activate and lapse, holds end. Each batch is small, repeatable and resumable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import clock, sql
from app.bonuses.rules import BONUS
from app.bonuses.service.spending import void
from app.bonuses.service.wallets import opened, write
from app.events import service as events
from app.ledger import service as ledger
from app.ledger.rules import BONUSES, Move, bonus
from app.ledger.service import Posting

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MEMBERS = "SELECT DISTINCT member_id FROM lot WHERE id = ANY(%(ids)s)"
# Lots are looked at again under their customers' locks: what was spent meanwhile does not lapse.
_LAPSE = """
WITH due AS MATERIALIZED (
    SELECT id, member_id, remaining - held AS amount, lapses + 1 AS n FROM lot
    WHERE id = ANY(%(ids)s) AND active AND remaining > held AND expires_at <= %(now)s
), changed AS (
    UPDATE lot l SET remaining = l.held, lapsed = l.lapsed + d.amount, lapses = d.n
    FROM due d WHERE l.id = d.id RETURNING l.id
), told AS (
    INSERT INTO lot_part (reference, member_id, lot_id, kind, amount, actor, at)
    SELECT 'bonus:lapse:' || d.id || ':' || d.n, d.member_id, d.id, 'lapse', d.amount, %(actor)s, %(now)s
    FROM due d ORDER BY d.id
)
SELECT d.id, d.member_id, d.amount, d.n FROM due d JOIN changed USING (id) ORDER BY d.id
"""


def bring_up(member_ids: Iterable[int]) -> None:
    """Bring customers' lots to the present: activate what is due, pay debt with it, lapse what is over."""
    write(opened(member_ids).values())


def activate(lot_ids: Sequence[int]) -> None:
    """Activate lots whose day has come; said twice, it does nothing."""
    bring_up(row.member_id for row in sql.rows(_MEMBERS, {"ids": list(lot_ids)}))


def lapse(lot_ids: Sequence[int]) -> int:
    """Let lapse what remains of lots whose day is over, in one set; return how many lapsed.

    Said twice, it does nothing: what lapsed has nothing left, and each lapse has a number.
    """
    ids = list(lot_ids)
    members = [row.member_id for row in sql.rows(_MEMBERS, {"ids": ids})]
    ledger.lock((bonus(m) for m in members), BONUS)
    values = {"ids": ids, "now": clock.now(), "actor": events.actor()}
    gone = sql.rows(_LAPSE, values)
    postings = [
        Posting(
            f"bonus:lapse:{row.id}:{row.n}",
            [Move(bonus(row.member_id), BONUSES, row.amount, "bonus.lapse")],
        )
        for row in gone
    ]
    ledger.send_all(postings, BONUS).check()
    return len(gone)


def end_holds(references: Iterable[str]) -> None:
    """Let go what was held for too long."""
    for reference in references:
        void(reference, "timed_out")
