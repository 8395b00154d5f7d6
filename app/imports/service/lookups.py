"""What all kinds look up and write: rows of a file, what imports gave before, whom a cell means, verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app import clock, sql
from app.errors import NotFound
from app.imports.queries import open_cells
from app.imports.rules import KINDS, Before, Flaw, Plan, Reading, Row, read_cells
from app.members.rules import region_of
from app.partners.rules import fold_code
from app.tenancy import current_tenant
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from app.imports.models import ImportFile
    from app.imports.rules import FileKind
    from app.tenants.models import Tenant

REASON = "import"
_ROWS = """
SELECT id, place, number, cells, old_id, parent, circle FROM import_row
WHERE file_id = %(file)s AND place BETWEEN %(first)s AND %(last)s {some} ORDER BY place
"""
_TWICE = """
SELECT old_id, min(number) AS first FROM import_row
WHERE file_id = %(file)s AND old_id = ANY(%(ids)s) GROUP BY 1 HAVING count(*) > 1
"""
_BEFORE = """
SELECT old_id, target_id, given, amount, times FROM import_origin
WHERE source = %(source)s AND kind = %(kind)s AND old_id = ANY(%(ids)s)
"""
_PARTNERS = """
SELECT DISTINCT ON (said) said, id FROM (
    SELECT u.said, o.target_id AS id, 1 AS rank FROM unnest(%(said)s::text[]) u(said)
    JOIN import_origin o ON o.source = %(source)s AND o.kind = 'partner' AND o.old_id = u.said
    UNION ALL
    SELECT u.said, c.partner_id, 2 FROM unnest(%(said)s::text[], %(keys)s::text[]) u(said, key)
    JOIN code c ON c.key = u.key
    UNION ALL
    SELECT u.said, p.id, 3 FROM unnest(%(said)s::text[]) u(said)
    JOIN partner p ON p.email = lower(u.said) AND p.status <> 'removed'
) x ORDER BY said, rank
"""
_MEMBERS = """
SELECT key AS said, id FROM member WHERE shop_id = %(shop)s AND key = ANY(%(keys)s)
UNION ALL
SELECT 'email:' || email, min(id) FROM member
WHERE shop_id = %(shop)s AND email = ANY(%(emails)s) GROUP BY 1
"""
_VERDICTS = """
UPDATE import_row r SET verdict = v.verdict, flaws = v.flaws, amount = v.amount
FROM json_to_recordset(%(rows)s) AS v(id bigint, verdict text, flaws jsonb, amount bigint)
WHERE r.id = v.id AND (r.verdict IS DISTINCT FROM v.verdict OR r.flaws <> v.flaws
    OR r.amount IS DISTINCT FROM v.amount)
"""
_KEEP = """
INSERT INTO import_origin AS o (source, kind, old_id, target_id, given, amount, file_id, made, at)
SELECT %(source)s, %(kind)s, old_id, target, given, amount, %(file)s, made, %(now)s
FROM json_to_recordset(%(rows)s)
     AS r(old_id text, target bigint, given jsonb, amount bigint, made boolean)
ON CONFLICT (tenant_id, source, kind, old_id) DO UPDATE SET
    target_id = excluded.target_id, given = excluded.given, amount = excluded.amount,
    times = o.times + 1, at = excluded.at, file_id = excluded.file_id,
    prior = CASE WHEN o.file_id = excluded.file_id THEN o.prior
                 ELSE jsonb_build_object('given', o.given, 'amount', o.amount, 'file', o.file_id) END
"""
# Plans made once for any parameters forget how long arrays are, and read whole tables for each element.
# To compile a statement takes longer than to run it on a part.
PLANS = """
SELECT set_config('plan_cache_mode', 'force_custom_plan', true) AS plans, set_config('jit', 'off', true) AS jit
"""
# What is written is checked row by row against other tables: those checks are planned once.
WRITES = "SET LOCAL plan_cache_mode = auto"


@dataclass(frozen=True)
class Work:
    """A file that is worked on, and the merchant whose it is."""

    file: ImportFile
    tenant: Tenant
    reading: Reading
    now: datetime

    @property
    def option(self) -> dict[str, Any]:
        """What was chosen beside the columns."""
        return self.file.options


def work_on(file: ImportFile) -> Work:
    """Return the work on a file, for now."""
    tenant = tenants.tenant(current_tenant())
    if tenant is None:
        raise NotFound
    reading = Reading(
        tenant.currency,
        tenant.timezone,
        region_of(tenant.currency),
        file.options.get("decimal", "."),
        file.options.get("days", "dmy"),
    )
    return Work(file, tenant, reading, clock.now())


def plans_of(work: Work, places: Sequence[int]) -> list[Plan]:
    """Read rows, with what they say, what is wrong with that, and what imports gave for them before."""
    file = work.file
    values: dict[str, Any] = {"file": file.id, "first": places[0], "last": places[-1]}
    some = ""
    if len(places) <= places[-1] - places[0]:  # not all between
        some, values["places"] = "AND place = ANY(%(places)s)", list(places)
    plans = []
    for each in sql.rows(_ROWS.format(some=some), values):
        cells = open_cells(file, each.cells)
        said, flaws = read_cells(file.kind, cells, file.mapping, work.reading)
        row = Row(each.id, each.number, each.old_id, said, flaws, each.parent, each.place)
        if each.old_id is None and not row.bad:
            row.flaws.append(Flaw(KINDS[file.kind].key[0], "missing"))
        if each.circle is not None:
            row.flaws.append(Flaw("sponsor", "circle", each.circle))
        plans.append(Plan(row))
    _note_twice(file, plans)
    _note_before(file, plans)
    return plans


def key_of(kind: FileKind, mapping: Mapping[str, int], cells: str = "cells") -> str:
    """Return the expression of a row's old id; columns are numbers of ours, so nothing foreign stands in it."""
    if kind.sealed:
        return "NULL"
    said = {n: f"nullif(btrim({cells}[{int(place) + 1}]), '')" for n, place in mapping.items()}
    parts = [said[name] for name in kind.key if name in said]
    if joined := ", ".join(said[name] for name in kind.joined if name in said):
        parts.append(f"nullif(concat_ws('|', {joined}), '')")
    return f"coalesce({', '.join(parts)})" if parts else "NULL"


def _ids(plans: Iterable[Plan]) -> list[str]:
    return sorted({p.row.old_id for p in plans if p.row.old_id is not None})


def _note_twice(file: ImportFile, plans: Sequence[Plan]) -> None:
    values = {"file": file.id, "ids": _ids(plans)}
    first = {row.old_id: row.first for row in sql.rows(_TWICE, values)}
    for plan in plans:
        line = first.get(plan.row.old_id, plan.row.number)
        if line != plan.row.number:
            plan.row.flaws.append(Flaw(KINDS[file.kind].key[0], "twice", str(line)))


def _note_before(file: ImportFile, plans: Sequence[Plan]) -> None:
    values = {"source": file.source, "kind": file.kind, "ids": _ids(plans)}
    known = {
        row.old_id: Before(row.target_id, row.given, row.amount, row.times)
        for row in sql.rows(_BEFORE, values)
    }
    for plan in plans:
        plan.before = known.get(plan.row.old_id)
        plan.target = plan.before.target if plan.before else None


def partners_said(source: str, said: Collection[str]) -> dict[str, int]:
    """Return the partners that cells mean: by the old id, by a code, by the e-mail."""
    wanted = sorted(said)
    if not wanted:
        return {}
    values = {"source": source, "said": wanted, "keys": [fold_code(each) for each in wanted]}
    return {row.said: row.id for row in sql.rows(_PARTNERS, values)}


def members_said(shop_id: int, rows: Sequence[Row]) -> list[int | None]:
    """Return the customers that rows mean, by the shop's id, else by the e-mail."""
    keys = sorted({f"id:{said}" for row in rows if (said := row.values.get("member"))})
    emails = sorted({said for row in rows if (said := row.values.get("member_email"))})
    values = {"shop": shop_id, "keys": keys, "emails": emails}
    known = {row.said: row.id for row in sql.rows(_MEMBERS, values)}
    return [
        known.get(f"id:{row.values.get('member')}")
        or known.get(f"email:{row.values.get('member_email')}")
        for row in rows
    ]


def customer_said(row: Row) -> str:
    """Return how a row names its customer, to be read."""
    return str(row.values.get("member") or row.values.get("member_email") or "—")


def keep_verdicts(plans: Sequence[Plan]) -> None:
    """Write what becomes of rows, and why."""
    rows = [
        {
            "id": plan.row.id,
            "verdict": plan.verdict,
            "flaws": [flaw.written() for flaw in plan.row.flaws],
            "amount": plan.amount,
        }
        for plan in plans
    ]
    sql.send(_VERDICTS, {"rows": sql.recordset(rows)})


def keep_origins(work: Work, plans: Sequence[Plan]) -> None:
    """Remember what was given for the old ids."""
    rows = [
        {
            "old_id": plan.row.old_id,
            "target": plan.target,
            "given": plan.given,
            "amount": plan.amount,
            "made": plan.found.get("made", True),
        }
        for plan in plans
    ]
    if rows:
        file = work.file
        values = {"source": file.source, "kind": file.kind, "file": file.id, "now": work.now}
        sql.send(_KEEP, {**values, "rows": sql.recordset(rows)})


def reference_of(work: Work, plan: Plan) -> str:
    """Return the business fact of what a row gives now: once by file system, kind, old id and turn."""
    times = plan.before.times if plan.before else 0
    return f"import:{work.file.source}:{work.file.kind}:{plan.row.old_id}:{times + 1}"
