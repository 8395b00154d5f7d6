"""Partners of the old system: those who are new here in set statements, those who changed one by one."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app import sql
from app.catalog.rules import search_text
from app.errors import DomainError
from app.events.service import actor, record
from app.extensions import db
from app.facts import service as facts
from app.imports.rules import Flaw, is_code
from app.partners.models import Partner
from app.partners.queries import partner_of_code
from app.partners.rules import Status, code_from_name, fold_code
from app.partners.service import set_sponsor
from app.tenancy import CROCKFORD, public_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.imports.rules import Plan
    from app.imports.service.lookups import Work

PLAIN = ("name", "email", "phone", "site", "comment")
MOVABLE = {Status.ACTIVE.value, Status.BLOCKED.value}
_PARTNERS = """
INSERT INTO partner (public_id, refcode, name, email, phone, site, comment, search, status, terms_id,
                     group_id, sponsor_id, locale, created_at)
SELECT public_id, refcode, name, email, phone, site, comment, search, status, terms, "group",
       sponsor, %(locale)s, created_at
FROM json_to_recordset(%(rows)s)
     AS r(public_id text, refcode text, name text, email text, phone text, site text, comment text,
          search text, status text, terms bigint, "group" bigint, sponsor bigint, created_at timestamptz)
RETURNING id, public_id
"""
_CODES = """
INSERT INTO code (key, display, kind, partner_id, created_at, retired_at)
SELECT key, display, 'refcode', partner, %(now)s, CASE WHEN shown THEN NULL ELSE %(now)s END
FROM json_to_recordset(%(rows)s) AS r(key text, display text, partner bigint, shown boolean)
ON CONFLICT (tenant_id, key) DO NOTHING
"""
_FACTS = """
INSERT INTO fact (owner, name, value, valid_from, actor)
SELECT 'partner:' || r.partner, f.name, f.value, %(now)s, %(actor)s
FROM json_to_recordset(%(rows)s)
     AS r(partner bigint, status jsonb, terms jsonb, "group" jsonb, levels jsonb)
CROSS JOIN LATERAL (VALUES ('status', r.status), ('terms', coalesce(r.terms, 'null')),
    ('group', coalesce(r."group", 'null')), ('levels', r.levels)) AS f(name, value)
ON CONFLICT (tenant_id, owner, name, valid_from) DO NOTHING
"""
_EDGES = """
INSERT INTO sponsor_edge (partner_id, sponsor_id, valid_from, actor)
SELECT partner, sponsor, %(now)s, %(actor)s
FROM json_to_recordset(%(rows)s) AS r(partner bigint, sponsor bigint)
"""
_PARENTS = """
UPDATE partner p SET sponsor_id = r.sponsor
FROM json_to_recordset(%(rows)s) AS r(partner bigint, sponsor bigint)
WHERE p.id = r.partner
"""


def found(work: Work, plans: Sequence[Plan], keys_of: Callable[[Work, Plan], list[str]]) -> None:
    """Make partners of rows, with all that belongs to one: codes, first facts, first edge. No letter, no cabinet."""
    codes = _refcodes(plans)
    rows = [_row(work, each, code) for each, code in zip(plans, codes, strict=True)]
    values = {"rows": sql.recordset(rows), "locale": work.tenant.locale}
    made = {row.public_id: row.id for row in sql.rows(_PARTNERS, values)}
    for each, row in zip(plans, rows, strict=True):
        each.target = made[str(row["public_id"])]
    by_old = {each.row.old_id: each.target for each in plans}
    said = {"now": work.now, "actor": actor()}
    shown = []
    edges = []
    first = []
    for each, code in zip(plans, codes, strict=True):
        key = fold_code(code)
        shown.append({"key": key, "display": code, "partner": each.target, "shown": True})
        shown += [
            {"key": other, "display": other, "partner": each.target, "shown": False}
            for other in keys_of(work, each)
            if other != key
        ]
        sponsor = each.found.get("sponsor") or by_old.get(each.found.get("parent"))
        edges.append({"partner": each.target, "sponsor": sponsor})
        first.append(
            {
                "partner": each.target,
                "status": each.row.values.get("status", Status.ACTIVE.value),
                "terms": each.found.get("terms"),
                "group": each.found.get("group"),
                "levels": _levels(each.row.values),
            }
        )
    sql.send(_CODES, {**said, "rows": sql.recordset(shown)})
    sql.send(_FACTS, {**said, "rows": sql.recordset(first)})
    sql.send(_EDGES, {**said, "rows": sql.recordset(edges)})
    together = [
        edge
        for edge, each in zip(edges, plans, strict=True)
        if edge["sponsor"] is not None and "sponsor" not in each.found
    ]  # whose sponsor was made by the same statement
    if together:
        sql.send(_PARENTS, {"rows": sql.recordset(together)})


def _levels(values: dict[str, Any]) -> list[str]:
    return [values["rate"]] if "rate" in values else []


def _row(work: Work, each: Plan, code: str) -> dict[str, Any]:
    values = each.row.values
    name = values.get("name") or values.get("email") or code
    joined = values.get("joined")
    made = min(datetime.fromisoformat(joined), work.now) if joined else work.now
    refcode = fold_code(code)
    return {
        "public_id": public_id("pt"),
        "refcode": refcode,
        "name": name,
        "email": values.get("email"),
        "phone": values.get("phone"),
        "site": values.get("site"),
        "comment": values.get("comment", ""),
        "search": search_text(name, values.get("email"), refcode, values.get("phone")),
        "status": values.get("status", Status.ACTIVE.value),
        "terms": each.found.get("terms"),
        "group": each.found.get("group"),
        "sponsor": each.found.get("sponsor"),
        "created_at": made,
    }


def _refcodes(plans: Sequence[Plan]) -> list[str]:
    """Return a refcode for each: the old code where it may be one, else one made of the name."""
    wished = [_wish(each) for each in plans]
    bases = {base for base, own in wished if not own}
    taken = set(partner_of_code(bases)) | {fold_code(base) for base, own in wished if own}
    found_ = []
    for base, own in wished:
        code = base
        while not own and fold_code(code) in taken:
            code = f"{base}-" + "".join(secrets.choice(CROCKFORD) for _n in range(6)).lower()
        taken.add(fold_code(code))
        found_.append(code)
    return found_


def _wish(each: Plan) -> tuple[str, bool]:
    said = each.row.values.get("code")
    if said is not None and is_code(said):
        return said, True
    return code_from_name(each.row.values.get("name", "")), False


def change(work: Work, each: Plan, keys: Sequence[str]) -> None:
    """Change what a corrected file says otherwise than before; of one who was here before only what he lacks."""
    partner = db.session.get_one(Partner, (work.tenant.id, each.target))
    if each.before is None:
        if partner.sponsor_id is None and each.found.get("sponsor"):
            _move(partner, each)
    else:
        _change_card(partner, each)
        _change_facts(partner, each)
        if "sponsor" in each.changes:
            _move(partner, each)
    new = [{"key": k, "display": k, "partner": partner.id, "shown": False} for k in keys]
    sql.send(_CODES, {"now": work.now, "rows": sql.recordset(new)})
    db.session.flush()


def _change_card(partner: Partner, each: Plan) -> None:
    changes: dict[str, Any] = {}
    for name in PLAIN:
        said = each.changes.get(name)
        if said is not None and getattr(partner, name) != said:
            changes[name] = [getattr(partner, name), said]
            setattr(partner, name, said)
    if not changes:
        return
    partner.search = search_text(partner.name, partner.email, partner.refcode, partner.phone)
    record(
        "partner.changed",
        f"partner:{partner.id}",
        partner_id=partner.id,
        name=partner.name,
        changes=changes,
    )


def _change_facts(partner: Partner, each: Plan) -> None:
    owner = f"partner:{partner.id}"
    for name, column in (("group", "group_id"), ("terms", "terms_id")):
        if name in each.changes:
            setattr(partner, column, each.found.get(name))
            facts.put(owner, name, each.found.get(name), actor=actor())
    if "rate" in each.changes:
        facts.put(owner, "levels", _levels(each.row.values), actor=actor())
    if partner.status == Status.REMOVED and each.before is not None and not each.before.given:
        # What was taken back comes in again as the same partner.
        partner.status = each.row.values.get("status", Status.ACTIVE.value)
        facts.put(owner, "status", partner.status, actor=actor())
    status = each.changes.get("status")
    if status in MOVABLE and partner.status in MOVABLE and status != partner.status:
        partner.status = status
        facts.put(owner, "status", status, actor=actor())


def _move(partner: Partner, each: Plan) -> None:
    """Give a partner another sponsor from now on; a circle that others closed meanwhile is a remark."""
    try:
        set_sponsor(partner, each.found.get("sponsor"))
    except DomainError:
        said = each.row.values.pop("sponsor", "")
        each.given.pop("sponsor", None)
        each.row.flaws.append(Flaw("sponsor", "no_sponsor", said, soft=True))
