"""A file as long work: looked at in parts, then carried out in parts; each part is one transaction."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from app import sql
from app.errors import Conflict, NotFound
from app.extensions import db
from app.imports import queries
from app.imports.queries import IMPORT
from app.imports.rules import CHANGED, KINDS, NEW
from app.imports.service import (
    accruals,
    arranging,
    balances,
    bindings,
    cards,
    codes,
    customers,
    details,
    lots,
    partners,
    plainly,
)
from app.imports.service.lookups import (
    PLANS,
    WRITES,
    keep_origins,
    keep_verdicts,
    key_of,
    plans_of,
    work_on,
)
from app.partners.models import TreeVersion
from app.runs import service as runs
from app.runs.rules import Step
from app.runs.service import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.imports.models import ImportFile
    from app.imports.rules import Plan
    from app.imports.service.lookups import Work
    from app.runs.models import Run

LANE = "import"
TOGETHER = 5_000  # rows of a part
# Only what is not so already is written: rows are named as they are stored, by the guess.
_NAMES = """
UPDATE import_row SET old_id = left({key}, 300), parent = NULL, circle = NULL, verdict = NULL,
       flaws = '[]', amount = NULL
WHERE file_id = %(file)s AND (old_id IS DISTINCT FROM left({key}, 300) OR parent IS NOT NULL
    OR circle IS NOT NULL OR verdict IS NOT NULL OR flaws <> '[]' OR amount IS NOT NULL)
"""
_LAST = "SELECT count(*) AS number, coalesce(max(place), 0) AS last FROM import_row WHERE file_id = %(file)s"
_PLACES = """
UPDATE import_row SET place = n.place
FROM (SELECT id, row_number() OVER (ORDER BY number) AS place FROM import_row WHERE file_id = %(file)s) n
WHERE import_row.id = n.id AND file_id = %(file)s
"""

_NAME = """
UPDATE import_row r SET old_id = left(v.old, 300) FROM json_to_recordset(%(rows)s) AS v(n bigint, old text)
WHERE r.id = v.n
"""


def _nothing(_work: Work) -> None:
    """Most kinds need no look at the whole file."""


@dataclass(frozen=True)
class Way:
    """How a kind of file is looked at and carried out. `plan` only reads; `whole` looks at the whole file first.

    `plainly` does a part's rows with which nothing is special, and gives the others; none: each row is looked at.
    """

    plan: Callable[[Work, Sequence[Plan]], None]
    carry: Callable[[Work, Sequence[Plan]], None]
    whole: Callable[[Work], None] = _nothing
    plainly: Callable[..., tuple[int, list[Plan]]] | None = None


WAYS: dict[str, Way] = {
    "partner": Way(partners.plan, partners.carry, arranging.arrange, plainly.plainly),
    "member": Way(customers.plan, customers.carry),
    "binding": Way(bindings.plan, bindings.carry),
    "accrual": Way(accruals.plan, accruals.carry),
    "card": Way(cards.plan, cards.carry),
    "code": Way(codes.plan, codes.carry),
    "balance": Way(balances.plan, balances.carry),
    "details": Way(details.plan, details.carry),
    "lot": Way(lots.plan, lots.carry),
}


def look(file: ImportFile) -> Run:
    """Begin to look at what a file would do.

    Raises Conflict while another is under way, and for a file that is not read to its end.
    """
    if queries.unread(file) is not None:
        raise Conflict("unread", _("The file is not read to its end yet."))
    return runs.start(IMPORT, {"file": file.public_id, "source": file.source}, "preview", LANE)


def apply(run: Run) -> Run:
    """Do what was looked at, in the background. Raises Conflict where it is not time."""
    return runs.act(run, "apply")


def _file(run: Run) -> ImportFile:
    file = queries.find(run.parameters["file"])
    if file is None:
        raise NotFound
    return file


def _count(run: Run) -> int:
    """Name the rows by their old ids and give each its turn, before the first part.

    What was looked at keeps its names and turns where neither the choice nor the tree has changed since.
    """
    file = _file(run)
    chosen = _chosen(file)
    if run.phase == "apply" and run.parameters.get("chosen") == chosen:
        return file.total
    run.parameters = {**run.parameters, "chosen": chosen}
    sql.send(PLANS, {})
    key = key_of(KINDS[file.kind], file.mapping)
    sql.send(_NAMES.format(key=key), {"file": file.id})
    stored = sql.one(_LAST, {"file": file.id})
    if stored.number != stored.last:
        sql.send(arranging.WHOLE.format("off"), {})
        sql.send(_PLACES, {"file": file.id})
        sql.send(arranging.WHOLE.format("on"), {})
    if KINDS[file.kind].sealed:
        _name_sealed(file)
    WAYS[file.kind].whole(work_on(file))
    return file.total


def _chosen(file: ImportFile) -> dict[str, Any]:
    """Return what names and turns of rows depend on."""
    tree = db.session.scalar(select(func.max(TreeVersion.version)))
    return {"mapping": file.mapping, "options": file.options, "tree": tree}


def _name_sealed(file: ImportFile) -> None:
    """Name rows whose cells only we can read."""
    place, last = file.mapping[KINDS[file.kind].key[0]], 0
    while part := queries.rows_after(file, last, TOGETHER):
        named = [
            {"n": row.id, "old": queries.open_cells(file, row.cells)[place].strip() or None}
            for row in part
        ]
        sql.send(_NAME, {"rows": sql.recordset(named)})
        last = part[-1].number


def _take(run: Run, cursor: int, most: int) -> Sequence[int]:
    return range(cursor + 1, min(cursor + most, run.total or 0) + 1)


def _preview(run: Run, places: Sequence[int]) -> Step:
    _work, number, plans = _planned(run, places)
    keep_verdicts(plans)
    return _told(places, number, plans)


def _apply(run: Run, places: Sequence[int]) -> Step:
    work, number, plans = _planned(run, places)
    due = [plan for plan in plans if plan.verdict in {NEW, CHANGED}]
    sql.send(WRITES, {})
    if due:
        WAYS[work.file.kind].carry(work, due)
    keep_verdicts(plans)
    keep_origins(work, [plan for plan in due if plan.target is not None and not plan.row.bad])
    return _told(places, number, plans)


def _planned(run: Run, places: Sequence[int]) -> tuple[Work, int, list[Plan]]:
    """Do what is plain of a part; return how many rows that was, and what is to become of the others."""
    sql.send(PLANS, {})
    work = work_on(_file(run))
    brings, way = run.phase == "apply", WAYS[work.file.kind]
    if brings and work.file.kind in {"partner", "code"}:
        partners.alone()
    if way.plainly is None:
        number, plans = 0, plans_of(work, places)
    else:
        number, plans = way.plainly(work, places, brings=brings)
    sql.send(PLANS, {})
    if plans:
        way.plan(work, plans)
    for plan in plans:
        plan.given = dict(plan.row.values)
    return work, number, plans


def _told(places: Sequence[int], number: int, plans: Sequence[Plan]) -> Step:
    counted = Counter({NEW: number} if number else {})
    counted.update(plan.verdict for plan in plans)
    noted = sum(1 for plan in plans if plan.row.flaws and not plan.row.bad)
    return Step(places[-1], len(places), {"rows": dict(counted), "noted": noted})


def _may(run: Run, action: str) -> None:
    if action == "resume" and queries.find(run.parameters["file"]) is None:
        raise Conflict("gone", "")


KINDS_OF_RUNS: dict[str, Kind] = {
    IMPORT: Kind(_count, _take, _preview, _apply, may=_may, together=TOGETHER),
}
