"""Which partner a customer belongs to, and since when: evidence of its own kind, judged like any other."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from app import sql
from app.attribution.service import bring
from app.imports.rules import CHANGED, Flaw
from app.imports.service.customers import shop_of
from app.imports.service.lookups import customer_said, members_said, partners_said
from app.intake import service as intake
from app.members.service import lock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.imports.rules import Plan
    from app.imports.service.lookups import Work

_CODES = "SELECT id, refcode FROM partner WHERE id = ANY(%(ids)s)"
_BOUND = "SELECT member_id, partner_id FROM binding WHERE member_id = ANY(%(members)s)"


def plan(work: Work, plans: Sequence[Plan]) -> None:
    """Say whom each row binds to whom; a binding that stands here already is kept."""
    members = members_said(shop_of(work), [each.row for each in plans])
    said = {p for each in plans if (p := each.row.values.get("partner"))}
    partners = partners_said(work.file.source, said)
    bound = {
        row.member_id: row.partner_id
        for row in sql.rows(_BOUND, {"members": sorted({m for m in members if m is not None})})
    }
    for each, member in zip(plans, members, strict=True):
        row = each.row
        partner = partners.get(row.values.get("partner", ""))
        if row.bad:
            continue
        if member is None:
            row.flaws.append(Flaw("member", "no_member", customer_said(row)))
        elif partner is None:
            row.flaws.append(Flaw("partner", "no_partner", row.values["partner"]))
        elif each.before is None and bound.get(member, partner) != partner:
            row.flaws.append(Flaw("partner", "bound_here", row.values["partner"]))
        each.target, each.found["partner"] = member, partner


def carry(work: Work, plans: Sequence[Plan]) -> None:
    """Keep the evidence of each row in place of what a former file said, and settle the customers."""
    partners = {each.found["partner"] for each in plans}
    codes = {row.id: row.refcode for row in sql.rows(_CODES, {"ids": sorted(partners)})}
    members = [each.target or 0 for each in plans]
    intake.in_turn()
    lock(members)
    bring(
        [(each.target or 0, codes[each.found["partner"]], _since(work, each)) for each in plans],
        anew=[each.target or 0 for each in plans if each.verdict == CHANGED],
    )
    intake.reconcile([], members)


def _since(work: Work, each: Plan) -> datetime:
    said = each.row.values.get("since")
    return min(datetime.fromisoformat(said), work.now) if said else work.now
