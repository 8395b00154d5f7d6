"""A referral network: partners with their old codes, groups, terms and sponsors; sponsors come first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app import sql
from app.imports.rules import Flaw, arranged, is_code, told
from app.imports.service.lookups import partners_said
from app.imports.service.newcomers import change, found
from app.partners.queries import partner_of_code
from app.partners.rules import Status, fold_code
from app.partners.service import lock_partners, touch_tree
from app.programs import queries as programs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.imports.rules import Plan
    from app.imports.service.lookups import Work

TOGETHER = 5_000
_NETWORK = """
SELECT id, number, old_id, cells[%(sponsor)s] AS sponsor, cells[%(code)s] AS code
FROM import_row WHERE file_id = %(file)s AND old_id IS NOT NULL ORDER BY number
"""
_ARRANGE = """
UPDATE import_row r SET place = v.place, parent = v.parent, circle = v.circle
FROM json_to_recordset(%(rows)s) AS v(id bigint, place bigint, parent text, circle text)
WHERE r.id = v.id
"""
_NAMELESS = "SELECT id FROM import_row WHERE file_id = %(file)s AND old_id IS NULL ORDER BY number"
_ORIGINS = """
SELECT old_id, target_id FROM import_origin WHERE source = %(source)s AND kind = 'partner'
"""
_EDGES = """
SELECT partner_id, sponsor_id FROM sponsor_edge
WHERE sponsor_id IS NOT NULL AND (valid_to IS NULL OR valid_to > %(now)s)
"""
_REFUSED = """
SELECT old_id, verdict = 'refused' AS refused FROM import_row
WHERE file_id = %(file)s AND old_id = ANY(%(ids)s)
"""
_EMAILS = "SELECT email, id FROM partner WHERE email = ANY(%(emails)s) AND status <> 'removed'"
_SPONSORS = "SELECT id, status FROM partner WHERE id = ANY(%(ids)s)"


def alone() -> None:
    """Let nobody else change codes or the tree until the part is done."""
    lock_partners()


# The whole file: whose sponsor is whose, and in which order they can be brought in.


def arrange(work: Work) -> None:
    """Give each row its turn, so that sponsors come before those whom they brought; name the circles."""
    mapping = work.file.mapping
    if "sponsor" not in mapping:
        return
    values = {
        "file": work.file.id,
        "sponsor": mapping["sponsor"] + 1,
        "code": mapping.get("code", -1) + 1,
    }
    rows = sql.rows(_NETWORK, values)
    lines: dict[str, int] = {}
    for row in rows:
        lines.setdefault(row.old_id, row.id)
    parents = _in_file(rows, lines)
    above = _with_those_here(work, rows, lines, parents)
    order, circles = arranged(list(lines), above)
    named = {node: told(circle, node) for circle in circles for node in circle if node in lines}
    turns = [lines[node] for node in order if node in lines]
    first = set(lines.values())
    turns += [row.id for row in rows if row.id not in first]
    turns += [row.id for row in sql.rows(_NAMELESS, values)]
    names = {row_id: node for node, row_id in lines.items()}
    changed = [
        {
            "id": row_id,
            "place": place,
            "parent": parents.get(names.get(row_id, "")),
            "circle": named.get(names.get(row_id, "")),
        }
        for place, row_id in enumerate(turns, start=1)
    ]
    for start in range(0, len(changed), TOGETHER):
        part = changed[start : start + TOGETHER]
        sql.send(_ARRANGE, {"rows": sql.recordset(part)})


def _in_file(rows: Sequence[Any], lines: dict[str, int]) -> dict[str, str]:
    """Return whose sponsor stands in the same file: {old id: the sponsor's old id}."""
    by_code: dict[str, str] = {}
    for row in rows:
        if row.code:
            by_code.setdefault(fold_code(row.code), row.old_id)
    found_: dict[str, str] = {}
    for row in rows:
        said = (row.sponsor or "").strip()
        above = said if said in lines else by_code.get(fold_code(said)) if said else None
        if above is not None and row.id == lines[row.old_id]:
            found_[row.old_id] = above
    return found_


def _with_those_here(
    work: Work, rows: Sequence[Any], lines: dict[str, int], parents: dict[str, str]
) -> dict[str, list[str]]:
    """Add to the file's edges those of partners who are here already: a circle may go through both."""
    above = {node: [parent] for node, parent in parents.items()}
    outside = {
        s for row in rows if (s := (row.sponsor or "").strip()) and row.old_id not in parents
    }
    known: dict[str, int] = {}
    wanted = sorted(outside)
    for start in range(0, len(wanted), TOGETHER):
        known |= partners_said(work.file.source, wanted[start : start + TOGETHER])
    origins = {
        r.target_id: r.old_id
        for r in sql.rows(_ORIGINS, {"source": work.file.source})
        if r.old_id in lines
    }
    if not known and not origins:
        return above

    def node(partner: int) -> str:
        return origins.get(partner) or f"#{partner}"

    for row in rows:
        said = (row.sponsor or "").strip()
        if row.old_id not in above and said in known:
            above[row.old_id] = [node(known[said])]
    for edge in sql.rows(_EDGES, {"now": work.now}):
        if edge.partner_id not in origins:  # theirs is what the file says
            above.setdefault(node(edge.partner_id), []).append(node(edge.sponsor_id))
    # Those who stand outside of the file are nodes too, so that circles through them are seen.
    lines |= dict.fromkeys({*above, *(p for each in above.values() for p in each)} - set(lines), -1)
    return above


# A part of the file.


@dataclass
class _Here:
    """What rows name, read once for all of them."""

    codes: dict[str, int] = field(default_factory=dict)
    emails: dict[str, int] = field(default_factory=dict)
    sponsors: dict[str, int] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    terms: dict[str, int] = field(default_factory=dict)
    refused: dict[str, bool] = field(default_factory=dict)
    earning: dict[int, str] = field(default_factory=dict)


def plan(work: Work, plans: Sequence[Plan]) -> None:
    """Look at rows: who is known, whose codes are free, whose sponsor is there."""
    here = _read(work, plans)
    given: dict[str, str] = {}  # e-mails and codes of this part
    for each in plans:
        row = each.row
        if "surname" in row.values:
            row.values["name"] = (
                f"{row.values.get('name', '')} {row.values.pop('surname')}".strip()[:200]
            )
        if each.before is None and not row.bad:
            _recognise(each, here)
        _check_codes(work, each, here, given)
        _check_words(each, here)
        _find_sponsor(each, here)
        here.refused[row.old_id or ""] = row.bad


def _keys(work: Work, plan_: Plan) -> list[str]:
    """Return the keys of all codes that lead to a partner of the old system."""
    values = plan_.row.values
    said = [*values.get("aliases", ()), *([values["code"]] if "code" in values else ())]
    if work.option.get("ids_in_links") and plan_.row.old_id:
        said.append(plan_.row.old_id)
    return sorted({fold_code(each) for each in said})


def _read(work: Work, plans: Sequence[Plan]) -> _Here:
    keys = {key for each in plans for key in _keys(work, each)}
    emails = {e for each in plans if (e := each.row.values.get("email"))}
    sponsors = {s for each in plans if (s := each.row.values.get("sponsor"))}
    known = partners_said(work.file.source, sponsors)
    parents = sorted({p for each in plans if (p := each.row.parent)})
    rows = sql.rows(_REFUSED, {"file": work.file.id, "ids": parents}) if parents else ()
    ids = sorted(set(known.values()))
    same = sql.rows(_EMAILS, {"emails": sorted(emails)}) if emails else ()
    return _Here(
        codes=partner_of_code(keys),
        emails={row.email: row.id for row in same},
        sponsors=known,
        groups={group.name.casefold(): group.id for group in programs.all_groups()},
        terms={terms.name.casefold(): terms.id for terms in programs.all_terms()},
        refused={row.old_id: bool(row.refused) for row in rows},
        earning={row.id: row.status for row in sql.rows(_SPONSORS, {"ids": ids})} if ids else {},
    )


def _recognise(each: Plan, here: _Here) -> None:
    """A partner with the same e-mail is the same: he is kept, and gets his codes and his place."""
    same = here.emails.get(each.row.values.get("email", ""))
    if same is not None:
        each.target, each.found["made"] = same, False
        each.row.flaws.append(Flaw("email", "is_here", each.row.values["email"], soft=True))


def _check_codes(work: Work, each: Plan, here: _Here, given: dict[str, str]) -> None:
    row = each.row
    for key in _keys(work, each):
        owner = here.codes.get(key)
        other = given.get(f"code:{key}")
        if (owner is not None and owner != each.target) or other not in {None, row.old_id}:
            row.flaws.append(Flaw("code", "code_taken", key))
        elif not row.bad:
            given[f"code:{key}"] = row.old_id or ""
    email = row.values.get("email")
    if email is None:
        return
    owner, other = here.emails.get(email), given.get(f"email:{email}")
    if (owner is not None and owner != each.target) or other not in {None, row.old_id}:
        row.flaws.append(Flaw("email", "email_taken", email))
    elif not row.bad:
        given[f"email:{email}"] = row.old_id or ""
    if "code" in row.values and not is_code(row.values["code"]) and not row.bad:
        row.flaws.append(Flaw("code", "only_old", row.values["code"], soft=True))


def _check_words(each: Plan, here: _Here) -> None:
    row = each.row
    for name, known in (("group", here.groups), ("terms", here.terms)):
        if name in row.values:
            found_id = known.get(row.values[name].casefold())
            if found_id is None:
                row.flaws.append(Flaw(name, f"no_{name}", row.values[name][:60]))
            each.found[name] = found_id


def _find_sponsor(each: Plan, here: _Here) -> None:
    """A sponsor of the same file comes before; one who is nowhere leaves the partner at the top, with a remark."""
    row = each.row
    said = row.values.get("sponsor")
    if said is None:
        return
    if said == row.old_id:
        row.flaws.append(Flaw("sponsor", "own_sponsor", said))
        return
    found_id = here.sponsors.get(row.parent or said)
    if row.parent is not None and found_id is None:
        if here.refused.get(row.parent):
            row.flaws.append(Flaw("sponsor", "sponsor_refused", said, soft=True))
            del row.values["sponsor"]
        else:
            each.found["parent"] = row.parent
        return
    if found_id is None or here.earning.get(found_id) not in {Status.ACTIVE, Status.BLOCKED}:
        row.flaws.append(Flaw("sponsor", "no_sponsor", said, soft=True))
        del row.values["sponsor"]
    elif found_id == each.target:
        row.flaws.append(Flaw("sponsor", "own_sponsor", said))
    else:
        each.found["sponsor"] = found_id


def carry(work: Work, plans: Sequence[Plan]) -> None:
    """Bring new partners in, in set statements; change those who are here one by one."""
    fresh = [each for each in plans if each.target is None]
    here = [each for each in plans if each.target is not None]
    if fresh:
        found(work, fresh, _keys)
    by_old = {each.row.old_id: each.target for each in plans}
    for each in here:
        parent = each.found.get("parent")
        if parent is not None and "sponsor" not in each.found:
            each.found["sponsor"] = by_old.get(parent)
        change(work, each, _keys(work, each))
    touch_tree()
