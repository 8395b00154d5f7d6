"""Remind those whose payment details are missing: one notice each a run, and one a day over all runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import clock, sql
from app.events import service as events
from app.events.service import Happened
from app.extensions import db
from app.payruns.queries import UNREMINDED, unreminded

if TYPE_CHECKING:
    from app.payruns.models import PayRun

AT_ONCE = 5_000
# Parts of our own, and no value among them.
_MARK = f"""
UPDATE pay_line SET reminded_at = %(now)s
WHERE id IN (SELECT l.id FROM pay_line l WHERE {UNREMINDED} ORDER BY l.id LIMIT %(most)s FOR UPDATE)
RETURNING partner_id, amount
"""  # noqa: S608


def remind(run: PayRun) -> int:
    """Ask those who were left out for want of details to fill them in; return how many were asked.

    Nothing else of theirs is touched: they are looked at again in the next run.
    """
    values = {"now": clock.now(), "most": AT_ONCE, **unreminded(run)}
    told = 0
    while rows := sql.rows(_MARK, values):
        events.record_all(
            [
                Happened(
                    "pay_run.details_missing",
                    f"partner:{row.partner_id}",
                    {
                        "partner_id": row.partner_id,
                        "pay_run": run.public_id,
                        "amount": row.amount,
                        "currency": run.currency,
                    },
                )
                for row in rows
            ]
        )
        told += len(rows)
    if told:
        run.reminded_at = clock.now()
        db.session.flush()
    return told
