"""The batches of a pay run's long work: look, reserve, approve, pay, give back; each a few statements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from app import clock, sql
from app.errors import Retry
from app.events.service import actor
from app.payouts import queries as payout_queries
from app.payouts import service as payouts
from app.payouts.service import Wish
from app.payruns import queries
from app.payruns.rules import Open, Out, Pays, Standing, Verdict, chosen, judge
from app.runs.rules import Step

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from app.payruns.models import PayRun
    from app.runs.models import Run

_KEEP = """
INSERT INTO pay_line (run_id, partner_id, amount, reason, payout_id)
SELECT %(run)s, partner, amount, reason, payout
FROM json_to_recordset(%(rows)s) AS r(partner bigint, amount bigint, reason text, payout bigint)
ON CONFLICT (tenant_id, run_id, partner_id) DO NOTHING
"""
_KEEP_PLAIN = f"""
INSERT INTO pay_line (run_id, partner_id, amount)
SELECT %(run)s, q.partner_id, q.free FROM ({queries.PLAIN} ORDER BY p.id) q
ON CONFLICT (tenant_id, run_id, partner_id) DO NOTHING RETURNING partner_id
"""  # noqa: S608 - parts of our own
_DECIDED = """
UPDATE pay_line l SET amount = r.amount, reason = r.reason, payout_id = r.payout
FROM json_to_recordset(%(rows)s) AS r(partner bigint, amount bigint, reason text, payout bigint)
WHERE l.run_id = %(run)s AND l.partner_id = r.partner
"""
# A line is found through its partner, one by one: of a run that has just begun no statistics know.
_LINE = """
CROSS JOIN LATERAL (SELECT l.id, l.partner_id, l.amount, l.reason, l.payout_id FROM pay_line l
                    WHERE l.run_id = %(run)s AND l.partner_id = q.partner_id LIMIT 1) l
"""
_WISHES = f"""
SELECT q.partner_id, least(l.amount, q.free) AS amount, q.method_id FROM ({queries.PLAIN}) q {_LINE}
WHERE l.reason IS NULL AND l.payout_id IS NULL AND l.amount > 0
"""  # noqa: S608 - parts of our own
_MADE = f"""
UPDATE pay_line p SET amount = l.paid, payout_id = l.payout
FROM (SELECT l.id, q.amount AS paid, q.id AS payout
      FROM unnest((SELECT %(ids)s::bigint[])) AS u(id) JOIN payout q ON q.id = u.id {_LINE}) l
WHERE p.id = l.id
"""  # noqa: S608 - parts of our own
_LINES = f"""
SELECT l.partner_id, l.amount FROM unnest((SELECT %(ids)s::bigint[])) AS q(partner_id) {_LINE}
WHERE l.reason IS NULL
  AND (SELECT o.run_id FROM payout o WHERE o.id = l.payout_id) IS DISTINCT FROM %(run)s
"""  # noqa: S608 - parts of our own
_TAKE_LINES = """
SELECT partner_id FROM pay_line
WHERE run_id = %(run)s AND reason IS NULL AND partner_id > %(cursor)s
ORDER BY partner_id LIMIT %(most)s
"""
_TAKE_PAYOUTS = """
SELECT id FROM payout WHERE run_id = %(run)s AND state || '' = ANY(%(states)s) AND id > %(cursor)s
ORDER BY id LIMIT %(most)s
"""
_JOIN = """
UPDATE payout SET run_id = %(run)s
WHERE id = ANY(%(ids)s) AND state = 'requested' AND run_id IS NULL RETURNING id
"""
_LEAVE = "UPDATE payout SET run_id = NULL WHERE id = ANY(%(ids)s) AND requested_by <> %(by)s RETURNING id"
_OUT = """
UPDATE pay_line l SET reason = r.reason
FROM json_to_recordset(%(rows)s) AS r(payout bigint, reason text)
WHERE l.run_id = %(run)s AND l.payout_id = r.payout AND l.reason IS NULL
"""
STATES = {
    "approve": ["requested"],
    "pay": ["approved", "sending"],
    "cancel": ["requested", "approved"],
}


def pay_run(work: Run) -> PayRun:
    """Return the pay run that long work is about."""
    return queries.by_id(work.parameters["pay_run"])


def maker(run: PayRun) -> str:
    """Return by whom the payouts are asked for that a run makes."""
    return f"pay_run:{run.public_id}"


def count(work: Run) -> int:
    """Return how many partners a look has before it; how many lines a preparation."""
    run = pay_run(work)
    if work.phase == "preview":
        return queries.count(run.currency, asked=Pays(run.pays).asked)
    return queries.sums(run.id).chosen[0]


def take(work: Run, cursor: int, most: int) -> Sequence[int]:
    """Return the next partners."""
    run = pay_run(work)
    if work.phase == "preview":
        return queries.take(run.currency, cursor, most, asked=Pays(run.pays).asked)
    values = {"run": run.id, "cursor": cursor, "most": most}
    return [row.partner_id for row in sql.rows(_TAKE_LINES, values)]


def count_payouts(work: Run) -> int:
    """Return how many of the run's payouts the work is about."""
    return queries.count_payouts(pay_run(work).id, _states(work))


def take_payouts(work: Run, cursor: int, most: int) -> Sequence[int]:
    """Return the next of them."""
    values = {"run": pay_run(work).id, "states": _states(work), "cursor": cursor, "most": most}
    return [row.id for row in sql.rows(_TAKE_PAYOUTS, values)]


def _states(work: Run) -> list[str]:
    return STATES[work.kind.rpartition(".")[2]]


def look(work: Run, ids: Sequence[int]) -> Step:
    """Decide on each partner of a batch, and write the lines; no money moves."""
    run = pay_run(work)
    done = {row.partner_id for row in sql.rows(_KEEP_PLAIN, plainly(run, ids))}
    rest = [number for number in ids if number not in done]
    decided = verdicts(run, rest) if rest else {}
    rows = [_row(partner, verdict) for partner, verdict in decided.items() if verdict]
    if rows:
        sql.send(_KEEP, {"run": run.id, "rows": sql.recordset(rows)})
    return Step(max(ids), len(ids), {"lines": len(done) + len(rows)})


def reserve(work: Run, ids: Sequence[int]) -> Step:
    """Reserve the money of a batch, judged anew under the lock: never more than was shown.

    Requests that wait become part of the run.
    """
    run = pay_run(work)
    payouts.hold(ids, run.currency)
    made = payouts.reserve_from(_WISHES, plainly(run, ids), run.currency, maker(run), run.id)
    sql.send(_MADE, {"run": run.id, "ids": sql.array(made)})
    joined = 0
    if len(made) < len(ids):
        more, joined = _reserve_rest(run, ids)
        made += more
    return Step(max(ids), len(ids), {"reserved": len(made), "joined": joined})


def _reserve_rest(run: PayRun, ids: Sequence[int]) -> tuple[list[int], int]:
    """Reserve for those of the batch who were not plainly in: each judged by himself."""
    asked_for = {"run": run.id, "ids": sql.array(ids)}
    lines = {row.partner_id: row.amount for row in sql.rows(_LINES, asked_for)}
    around = _around(run, list(lines))
    decided: dict[int, Verdict] = {}
    wishes: list[Wish] = []
    for row in _rows(run, list(lines)):
        verdict = _judge(run, row, around) or Verdict(lines[row.id], Out.CHANGED)
        if verdict.reason is None and verdict.payout_id is None:
            amount = min(lines[row.id], verdict.amount)
            code = chosen(_known(row, around), around.codes)
            wishes.append(Wish(row.id, amount, around.codes[code]))
            verdict = Verdict(amount, None)
        decided[row.id] = verdict
    numbers = payouts.reserve_all(wishes, run.currency, maker(run), run.id)
    made = payouts.partners_of(numbers)
    asked = [v.payout_id for v in decided.values() if v.payout_id and v.reason is None]
    joined = {row.id for row in sql.rows(_JOIN, {"run": run.id, "ids": asked})} if asked else set()
    rows = [_kept(p, v, made, joined) for p, v in decided.items()]
    if rows:
        sql.send(_DECIDED, {"run": run.id, "rows": sql.recordset(rows)})
    return numbers, len(joined)


def _kept(
    partner: int, verdict: Verdict, made: Mapping[int, int], joined: set[int]
) -> dict[str, Any]:
    """What becomes of a line: who got no payout in the end stays out."""
    number = made.get(partner) if verdict.payout_id is None else verdict.payout_id
    if verdict.reason is None and (number is None or (verdict.payout_id and number not in joined)):
        return _row(partner, Verdict(verdict.amount, Out.CHANGED))
    return _row(partner, Verdict(verdict.amount, verdict.reason, number))


def _row(partner: int, verdict: Verdict) -> dict[str, Any]:
    return {
        "partner": partner,
        "amount": verdict.amount,
        "reason": verdict.reason,
        "payout": verdict.payout_id if verdict.reason is None else None,
    }


def agree(work: Run, ids: Sequence[int]) -> Step:
    """Approve a batch; who cannot be paid now leaves the run, with the reason."""
    run = pay_run(work)
    doubt = bool(payouts.refusals(ids, run.currency, actor()))
    refused = payouts.approve_all(ids, run.currency, actor(), wholly=doubt)
    _see_that(ready=not refused or doubt)
    _let_go(run, {number: Out(why.value) for number, why in refused.items()})
    return Step(max(ids), len(ids), {"approved": len(ids) - len(refused)})


def pay(work: Run, ids: Sequence[int]) -> Step:
    """Mark a batch as paid; what may not leave any more drops out of the run, with the reason."""
    run = pay_run(work)
    doubt = bool(payouts.stopped(ids))
    paid = payouts.pay_all(ids, run.currency, actor(), wholly=doubt)
    stopped = payouts.stopped(ids)
    _see_that(ready=not stopped or doubt)
    _let_go(run, {number: Out(why.value) for number, why in stopped.items()})
    return Step(max(ids), len(ids), {"paid": len(paid)})


def give_back(work: Run, ids: Sequence[int]) -> Step:
    """Give the money of a batch back; requests that partners made stay as they are, outside of the run."""
    run = pay_run(work)
    return Step(max(ids), len(ids), {"returned": _withdraw(run, ids)})


def _see_that(*, ready: bool) -> None:
    """Begin anew where somebody was stopped after the look: giving back locks more, and in another order."""
    if not ready:
        raise Retry("somebody was stopped meanwhile")


def _let_go(run: PayRun, reasons: Mapping[int, Out]) -> None:
    if reasons:
        rows = [{"payout": number, "reason": why} for number, why in reasons.items()]
        sql.send(_OUT, {"run": run.id, "rows": sql.recordset(rows)})
        _withdraw(run, list(reasons))


def _withdraw(run: PayRun, ids: Sequence[int]) -> int:
    left = {row.id for row in sql.rows(_LEAVE, {"ids": list(ids), "by": maker(run)})}
    own = {number: None for number in ids if number not in left}
    return len(payouts.return_all(own, "withdraw", run.currency, actor()))


def cutoff(run: PayRun) -> datetime:
    """Return the end of the run's day in the merchant's zone."""
    zone = ZoneInfo(queries.tenant().timezone)
    return datetime.combine(run.on_day + timedelta(days=1), time(), tzinfo=zone)


def plainly(run: PayRun, ids: Sequence[int]) -> dict[str, Any]:
    """Return the values of statements about those who are plainly in."""
    codes, now, until = _codes(run), clock.now(), cutoff(run)
    return {
        "run": run.id,
        "ids": sql.array(ids),
        "currency": run.currency,
        "minimum": run.minimum,
        "unasked": Pays(run.pays).unasked,
        "now": now,
        "cutoff": until,
        "looks_back": until <= now,  # nothing is dated later than now
        "codes": list(codes),
        "methods": list(codes.values()),
        "own": sql.array(payouts.own_of(actor())),
        "lacking": sql.array(payouts.lacking(ids)),
    }


def _codes(run: PayRun) -> dict[str, int]:
    """The methods that may be used, {code: id}, in the merchant's order."""
    methods = payout_queries.methods()
    return {m.code: m.id for m in methods if run.method_id in {None, m.id}}


def _rows(run: PayRun, ids: Sequence[int]) -> list[Any]:
    return queries.standings(ids, run.currency, cutoff(run))


def verdicts(run: PayRun, ids: Sequence[int]) -> dict[int, Verdict | None]:
    """Judge each partner by himself."""
    around = _around(run, ids)
    return {row.id: _judge(run, row, around) for row in _rows(run, ids)}


@dataclass(frozen=True, slots=True)
class _Around:
    """What a batch is judged by beside each partner's own row."""

    now: datetime
    codes: Mapping[str, int]  # of the methods that may be used
    own: Collection[int]  # the partners who are whoever acts
    lacks: Collection[int]  # who lacks a paper without which nothing is paid
    former: Mapping[
        int, frozenset[str]
    ]  # whose change of details waits: what is in force until then


def _around(run: PayRun, ids: Sequence[int]) -> _Around:
    return _Around(
        clock.now(),
        _codes(run),
        payouts.own_of(actor()),
        payouts.lacking(ids),
        payouts.codes_in_force(ids),
    )


def _known(row: Any, around: _Around) -> Collection[str]:
    """By which methods the partner can be paid: while a change waits, by those of before."""
    return around.former.get(row.id) or row.details_for or ()


def _judge(run: PayRun, row: Any, around: _Around) -> Verdict | None:
    usable = any(code in around.codes for code in around.former.get(row.id, ()))
    opened = row.payout_id and Open(
        row.payout_id, row.payout_state, row.payout_amount, row.payout_run, row.payout_details
    )
    standing = Standing(
        status=row.status,
        pays_blocked=row.pays_blocked,
        own=row.id in around.own,
        available=row.available,
        later=row.later,
        debt=row.debt,
        open=opened or None,
        has_details=usable or any(code in around.codes for code in row.details_for or ()),
        usable_from=None if usable else row.details_usable_at,
        frozen=row.details_frozen_at is not None,
        lacks_documents=row.id in around.lacks,
    )
    return judge(standing, Pays(run.pays), run.minimum, around.now, run.id)
