"""A referral network: partners with their old codes, groups, terms and sponsors; sponsors come first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app import sql
from app.imports.rules import Flaw, is_code
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

_REFUSED = """
SELECT DISTINCT ON (old_id) old_id, verdict = 'refused' AND place < %(first)s AS refused FROM import_row
WHERE file_id = %(file)s AND old_id = ANY(%(ids)s) ORDER BY old_id, number
"""
_EMAILS = "SELECT email, id FROM partner WHERE email = ANY(%(emails)s) AND status <> 'removed'"
_SPONSORS = "SELECT id, status FROM partner WHERE id = ANY(%(ids)s)"


def alone() -> None:
    """Let nobody else change codes or the tree until the part is done."""
    lock_partners()


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


def keys_of(work: Work, plan_: Plan) -> list[str]:
    """Return the keys of all codes that lead to a partner of the old system."""
    known: list[str] | None = plan_.found.get("keys")
    if known is not None:
        return known
    values = plan_.row.values
    said = [*values.get("aliases", ()), *([values["code"]] if "code" in values else ())]
    if work.option.get("ids_in_links") and plan_.row.old_id:
        said.append(plan_.row.old_id)
    keys = sorted({fold_code(each) for each in said})
    plan_.found["keys"] = keys
    return keys


def _read(work: Work, plans: Sequence[Plan]) -> _Here:
    keys = {key for each in plans for key in keys_of(work, each)}
    emails = {e for each in plans if (e := each.row.values.get("email"))}
    sponsors = {
        s
        for each in plans
        if (said := each.row.values.get("sponsor"))
        for s in {said, each.row.parent or said}
    }
    known = partners_said(work.file.source, sponsors)
    refused = _in_file(work, plans)
    ids = sorted(set(known.values()))
    same = sql.rows(_EMAILS, {"emails": sorted(emails)}) if emails else ()
    return _Here(
        codes=partner_of_code(keys),
        emails={row.email: row.id for row in same},
        sponsors=known,
        groups={group.name.casefold(): group.id for group in programs.all_groups()},
        terms={terms.name.casefold(): terms.id for terms in programs.all_terms()},
        refused=refused,
        earning={row.id: row.status for row in sql.rows(_SPONSORS, {"ids": ids})} if ids else {},
    )


def _in_file(work: Work, plans: Sequence[Plan]) -> dict[str, bool]:
    """Note whose sponsor stands in the same file; return whether each sponsor's row is refused."""
    said = {s for each in plans if (s := each.row.parent or each.row.values.get("sponsor"))}
    first = min(each.row.place for each in plans) if plans else 0  # those before were judged
    values = {"file": work.file.id, "ids": sorted(said), "first": first}
    rows = sql.rows(_REFUSED, values) if said else ()
    refused = {row.old_id: bool(row.refused) for row in rows}
    for each in plans:
        sponsor = each.row.values.get("sponsor")
        if each.row.parent is None and sponsor in refused:
            each.row.parent = sponsor
    return refused


def _recognise(each: Plan, here: _Here) -> None:
    """A partner with the same e-mail is the same: he is kept, and gets his codes and his place."""
    same = here.emails.get(each.row.values.get("email", ""))
    if same is not None:
        each.target, each.found["made"] = same, False
        each.row.flaws.append(Flaw("email", "is_here", each.row.values["email"], soft=True))


def _check_codes(work: Work, each: Plan, here: _Here, given: dict[str, str]) -> None:
    row = each.row
    for key in keys_of(work, each):
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
        found(work, fresh, keys_of)
    by_old = {each.row.old_id: each.target for each in plans}
    for each in here:
        parent = each.found.get("parent")
        if parent is not None and "sponsor" not in each.found:
            each.found["sponsor"] = by_old.get(parent)
        change(work, each, keys_of(work, each))
    touch_tree()
