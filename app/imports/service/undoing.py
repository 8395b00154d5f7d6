"""Take back what a file gave, by counter entries, where nothing came after it; of the rest it is said why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from app import sql
from app.attribution.service import bring
from app.bonuses.service import TakeBack, bring_up, take_back
from app.errors import Conflict, NotFound
from app.events.service import actor
from app.imports import queries
from app.imports.queries import UNDO
from app.imports.rules import balance_moves
from app.imports.service.lookups import PLANS, work_on
from app.intake import service as intake
from app.ledger import service as ledger
from app.ledger.rules import available, debt
from app.ledger.service import Posting
from app.members.service import lock
from app.partners.service import lock_partners, touch_tree
from app.runs import service as runs
from app.runs.rules import OPEN, Line, Step
from app.runs.service import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.imports.models import ImportFile
    from app.imports.service.lookups import Work
    from app.runs.models import Run

LANE = "import"
TOGETHER = 500
UNDONE = ("partner", "balance", "lot", "binding", "code")  # customers stay: they harm nobody
_ORIGINS = """
SELECT id, old_id, target_id, given, amount, times, prior, made FROM import_origin
WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE
"""
_RESTORE = """
UPDATE import_origin SET given = coalesce(prior -> 'given', '{}'), amount = (prior ->> 'amount')::bigint,
       file_id = (prior ->> 'file')::bigint, prior = NULL, times = times + 1
WHERE id = ANY(%(ids)s)
"""
_BUSY_PARTNERS = """
SELECT p.id, CASE
    WHEN p.person_id IS NOT NULL THEN 'account'
    WHEN EXISTS (SELECT FROM transfer t WHERE t.partner_id = p.id) THEN 'money'
    WHEN EXISTS (SELECT FROM claim c WHERE c.partner_id = p.id)
      OR EXISTS (SELECT FROM enrolment e WHERE e.partner_id = p.id)
      OR EXISTS (SELECT FROM click k WHERE k.partner_id = p.id) THEN 'customers'
    WHEN EXISTS (SELECT FROM partner c WHERE c.sponsor_id = p.id AND c.status <> 'removed'
                 AND NOT EXISTS (SELECT FROM import_origin o WHERE o.kind = 'partner'
                                 AND o.target_id = c.id AND o.file_id = %(file)s)) THEN 'children'
    END AS why
FROM partner p WHERE p.id = ANY(%(ids)s)
"""
_REMOVE = "UPDATE partner SET status = 'removed' WHERE id = ANY(%(ids)s)"
_REMOVED = """
INSERT INTO fact (owner, name, value, valid_from, actor)
SELECT 'partner:' || id, 'status', '"removed"', %(now)s, %(actor)s FROM unnest(%(ids)s::bigint[]) u(id)
ON CONFLICT (tenant_id, owner, name, valid_from) DO UPDATE SET value = excluded.value
"""
_LOTS = """
SELECT u.old, l.reference, l.amount - l.clawed AS standing, l.remaining - l.held AS free
FROM unnest(%(old)s::text[], %(times)s::bigint[]) u(old, times)
JOIN lot l ON l.reference = %(mark)s || u.old || ':' || u.times
"""
_ORDERED = "SELECT DISTINCT member_id AS id FROM orders WHERE member_id = ANY(%(ids)s)"
_USED = """
SELECT c.id FROM code c WHERE c.id = ANY(%(ids)s)
AND EXISTS (SELECT FROM claim k WHERE k.partner_id = c.partner_id AND lower(k.evidence) = c.key)
"""
_RETIRE = "UPDATE code SET retired_at = %(now)s WHERE id = ANY(%(ids)s) AND retired_at IS NULL"


def undo(file: ImportFile) -> Run:
    """Begin to take back what a file gave. Raises Conflict for customers, who stay, and while it is worked on."""
    if file.kind not in UNDONE:
        raise Conflict("stay", _("Customers stay: they harm nobody."))
    run = queries.run_of(file)
    if run is None or run.phase != "apply" or run.standing in OPEN:
        raise Conflict("not_now", _("This is not possible any more. Look at it again."))
    return runs.start(UNDO, {"file": file.public_id}, "apply", LANE)


def _file(run: Run) -> ImportFile:
    file = queries.find(run.parameters["file"])
    if file is None:
        raise NotFound
    return file


def _count(run: Run) -> int:
    return queries.given_by(_file(run).id).count


def _take(run: Run, cursor: int, most: int) -> Sequence[int]:
    return queries.given_by(_file(run).id, cursor, most).ids


def _apply(run: Run, ids: Sequence[int]) -> Step:
    sql.send(PLANS, {})
    work = work_on(_file(run))
    if work.file.kind == "partner":
        lock_partners()
    if work.file.kind == "binding":
        intake.in_turn()
    rows = sql.rows(_ORIGINS, {"ids": list(ids)})
    kept = WAYS[work.file.kind](work, rows)
    back = [row.id for row in rows if row.id not in kept]
    sql.send(_RESTORE, {"ids": back})
    lines = [
        Line("kept", row.id, 0, 0, {"old_id": row.old_id, "why": kept[row.id]})
        for row in rows
        if row.id in kept
    ]
    return Step(ids[-1], len(ids), {"back": len(back), "kept": len(kept)}, lines)


def _before(row: Any) -> int:
    return int((row.prior or {}).get("amount") or 0)


def _balances(work: Work, rows: Sequence[Any]) -> dict[int, str]:
    """Post what stands too much back; money that has gone on its way stays."""
    currency = work.tenant.currency
    names = [name(row.target_id) for row in rows for name in (available, debt)]
    standing = ledger.lock(names, currency)
    kept: dict[int, str] = {}
    postings = []
    reason = str(_("Taken back"))
    for row in rows:
        who, change = row.target_id, _before(row) - (row.amount or 0)
        if change < 0 and standing[available(who)] < -change:
            kept[row.id] = "money"
            continue
        if change > 0 and standing[debt(who)] < change and (row.amount or 0) < 0:
            kept[row.id] = "money"
            continue
        moves = balance_moves(who, change, standing[available(who)], standing[debt(who)], reason)
        standing[available(who)] += sum(m.amount for m in moves if m.target == available(who))
        standing[available(who)] -= sum(m.amount for m in moves if m.source == available(who))
        standing[debt(who)] -= sum(m.amount for m in moves if m.target == debt(who))
        if moves:
            reference = f"import:{work.file.source}:balance:{row.old_id}:{row.times + 1}"
            postings.append(Posting(reference, moves))
    ledger.send_all(postings, currency, at=work.now).check()
    return kept


def _lots(work: Work, rows: Sequence[Any]) -> dict[int, str]:
    """Take lots back of which nothing was spent; lots that a file corrected stay as they are."""
    bring_up(row.target_id for row in rows)  # nobody spends of them from here on
    mark = f"import:{work.file.source}:lot:"
    values = {"old": [r.old_id for r in rows], "times": [r.times for r in rows], "mark": mark}
    lots = {row.old: row for row in sql.rows(_LOTS, values)}
    kept: dict[int, str] = {}
    back = []
    for row in rows:
        lot = lots.get(row.old_id)
        if row.prior is not None or lot is None:
            kept[row.id] = "corrected"
        elif lot.free < lot.standing:
            kept[row.id] = "spent"
        elif lot.standing:
            undo_ = f"{mark}{row.old_id}:{row.times + 1}"
            back.append(TakeBack(reference=undo_, lot_reference=lot.reference, amount=lot.standing))
    take_back(back, quiet=True)
    return kept


def _partners(work: Work, rows: Sequence[Any]) -> dict[int, str]:
    """Remove partners with whom nothing has happened yet; those who were here before stay."""
    ids = [row.target_id for row in rows]
    found = sql.rows(_BUSY_PARTNERS, {"ids": ids, "file": work.file.id})
    busy = {row.id: row.why for row in found if row.why}
    kept = {row.id: busy[row.target_id] for row in rows if row.target_id in busy}
    kept |= {row.id: "corrected" for row in rows if row.prior is not None or not row.made}
    gone = [row.target_id for row in rows if row.id not in kept]
    sql.send(_REMOVE, {"ids": gone})
    sql.send(_REMOVED, {"ids": gone, "now": work.now, "actor": actor()})
    touch_tree()
    return kept


def _bindings(_work: Work, rows: Sequence[Any]) -> dict[int, str]:
    """Let customers who have not ordered belong to nobody again."""
    ids = [row.target_id for row in rows]
    lock(ids)
    ordered = {row.id for row in sql.rows(_ORDERED, {"ids": ids})}
    kept = {row.id: "ordered" for row in rows if row.target_id in ordered}
    kept |= {row.id: "corrected" for row in rows if row.prior is not None}
    free = [row.target_id for row in rows if row.id not in kept]
    bring([], anew=free)
    intake.reconcile([], free)
    return kept


def _codes(work: Work, rows: Sequence[Any]) -> dict[int, str]:
    """No longer show codes that nobody has used."""
    ids = [row.target_id for row in rows]
    used = {row.id for row in sql.rows(_USED, {"ids": ids})}
    kept = {row.id: "customers" for row in rows if row.target_id in used}
    free = [row.target_id for row in rows if row.id not in kept]
    sql.send(_RETIRE, {"ids": free, "now": work.now})
    return kept


WAYS: dict[str, Callable[[Work, Sequence[Any]], dict[int, str]]] = {
    "partner": _partners,
    "balance": _balances,
    "lot": _lots,
    "binding": _bindings,
    "code": _codes,
}
KINDS: dict[str, Kind] = {UNDO: Kind(_count, _take, apply=_apply, together=TOGETHER)}
