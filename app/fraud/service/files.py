"""The files of orders: read with what staff said, written where they changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app import clock, sql
from app.events.service import Happened
from app.fraud.rules import (
    NO_CASE,
    Case,
    Decision,
    Kept,
    Sign,
    Standing,
    Trace,
    Word,
    merge,
    trace_from_json,
    trace_to_json,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from app.fraud.rules import Seen

_READ = """
SELECT i.order_id, f.trace, f.partner_id, f.signs, f.standing, f.opened_at, d.word, d.said
FROM unnest(%(orders)s::bigint[]) AS i(order_id)
LEFT JOIN fraud_file f ON f.order_id = i.order_id
LEFT JOIN LATERAL (
    SELECT word, said FROM fraud_decision WHERE order_id = i.order_id ORDER BY id DESC LIMIT 1
) d ON true
WHERE f.order_id IS NOT NULL OR d.word IS NOT NULL
"""
_KEEP = """
INSERT INTO fraud_file (order_id, trace, partner_id, signs, kinds, standing, opened_at)
SELECT order_id, trace, partner_id, signs, kinds, standing, opened_at
FROM json_to_recordset(%(rows)s)
     AS r(order_id bigint, trace jsonb, partner_id bigint, signs jsonb, kinds text, standing text,
          opened_at timestamptz)
ON CONFLICT (tenant_id, order_id) DO UPDATE SET
    trace = excluded.trace, partner_id = excluded.partner_id, signs = excluded.signs,
    kinds = excluded.kinds, standing = excluded.standing, opened_at = excluded.opened_at
"""
_DEVICES = """
INSERT INTO fraud_device (device, order_id)
SELECT device, order_id FROM json_to_recordset(%(rows)s) AS r(device text, order_id bigint)
ON CONFLICT DO NOTHING
"""
_TELL = """
INSERT INTO fraud_file (order_id, trace, signs, kinds, standing)
SELECT order_id, trace, '[]', '', 'clear'
FROM json_to_recordset(%(rows)s) AS r(order_id bigint, trace jsonb)
ON CONFLICT (tenant_id, order_id) DO UPDATE SET trace = excluded.trace
"""


def read(order_ids: Collection[int]) -> dict[int, Case]:
    """Return what is known of orders beside themselves; those of which nothing is are absent."""
    if not order_ids:
        return {}
    found = sql.rows(_READ, {"orders": sorted(order_ids)})
    return {row.order_id: _case(row) for row in found}


def _case(row: Any) -> Case:
    trace = trace_from_json(row.trace)
    return Case(
        trace=trace,
        decision=None if row.word is None else Decision(Word(row.word), row.said),
        kept=None
        if row.standing is None
        else Kept(trace, row.partner_id, row.signs, row.standing, row.opened_at),
    )


def keep(
    found: Iterable[tuple[int, int | None, Case, Seen]], closed: Collection[int]
) -> list[Happened]:
    """Write files where they changed: order, partner, what is known, what the desk makes of it.

    `closed`: orders that pay nothing anyway. Returns the events of deals that are held from now on.
    """
    rows, devices, happened = [], [], []
    for order_id, partner_id, case, seen in found:
        written = _row(order_id, partner_id, case, seen)
        if written is None:
            continue
        rows.append(written)
        devices += [
            {"device": device, "order_id": order_id}
            for device in sorted({v.device for v in case.trace.visits.values() if v.device})
        ]
        if _is_new(case, seen) and order_id not in closed:
            facts = {
                "order_id": order_id,
                "partner_id": partner_id,
                "signs": [sign.value for sign, _facts in seen.signs],
            }
            happened.append(Happened("deal.held", f"order:{order_id}", facts))
    if rows:
        sql.send(_KEEP, {"rows": sql.recordset(rows)})
    if devices:
        sql.send(_DEVICES, {"rows": sql.recordset(devices)})
    return happened


def _is_new(case: Case, seen: Seen) -> bool:
    before = case.kept.standing if case.kept else Standing.CLEAR
    by_staff = seen.decision is not None and seen.decision.word is Word.HOLD
    fresh = before == Standing.CLEAR or (by_staff and before != Standing.HELD)
    return seen.standing is Standing.HELD and fresh


def _row(order_id: int, partner_id: int | None, case: Case, seen: Seen) -> dict[str, Any] | None:
    """Return the file as it is to be kept; None where it already is, or nothing is to be kept."""
    signs = [[sign.value, dict(facts)] for sign, facts in seen.signs]
    kept = case.kept
    opened_at = kept.opened_at if kept else None
    if opened_at is None and seen.standing is not Standing.CLEAR:
        opened_at = clock.now()
    now = Kept(case.trace, partner_id, signs, seen.standing.value, opened_at)
    nothing = case.trace == NO_CASE.trace and not signs and seen.standing is Standing.CLEAR
    if now == kept or (kept is None and nothing):
        return None
    return {
        "order_id": order_id,
        "trace": trace_to_json(case.trace),
        "partner_id": partner_id,
        "signs": signs,
        "kinds": f" {' '.join(found.sign.value for found in seen.signs)} ",
        "standing": seen.standing.value,
        "opened_at": opened_at,
    }


def tell(sign: Sign, facts: Mapping[int, Mapping[str, Any]]) -> None:
    """Let another part of the product tell of a sign that it saw, and what, by order; the caller reconciles.

    It holds the deals where the merchant has that sign switched on. Facts with a time `at` that came
    when the money was free already hold nothing. Twice-safe.
    """
    known = read(facts)
    rows = []
    for order_id, said in sorted(facts.items()):
        trace = merge(known.get(order_id, NO_CASE).trace, Trace(told={sign: dict(said)}))
        rows.append({"order_id": order_id, "trace": trace_to_json(trace)})
    if rows:
        sql.send(_TELL, {"rows": sql.recordset(rows)})
