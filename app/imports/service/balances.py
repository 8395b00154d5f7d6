"""Opening balances and debts: the ledger gets the difference to what imports gave before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _

from app.imports.rules import Flaw, balance_moves, owed
from app.imports.service.lookups import partners_said, reference_of
from app.ledger import service as ledger
from app.ledger.rules import available, debt
from app.ledger.service import Posting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.imports.rules import Plan
    from app.imports.service.lookups import Work


def plan(work: Work, plans: Sequence[Plan]) -> None:
    """Say whose balance each row is, and how much it is to be."""
    said = {p.row.values["partner"] for p in plans if "partner" in p.row.values}
    known = partners_said(work.file.source, said)
    for each in plans:
        values = each.row.values
        each.amount = owed(values.get("amount", 0), values.get("debt", 0))
        if not {"amount", "debt"} & set(values) and not each.row.bad:
            each.row.flaws.append(Flaw("amount", "missing"))
        if each.row.bad:
            continue
        partner = known.get(values["partner"])
        if partner is None:
            each.row.flaws.append(Flaw("partner", "no_partner", values["partner"]))
        elif each.before is not None and each.before.target != partner:
            each.row.flaws.append(Flaw("partner", "other_partner", values["partner"]))
        else:
            each.target = partner


def carry(work: Work, plans: Sequence[Plan]) -> None:
    """Post what differs from what was given before, each row once by its reference."""
    currency = work.tenant.currency
    partners = {p.target for p in plans if p.target is not None}
    names = [name(each) for each in partners for name in (available, debt)]
    standing = ledger.lock(names, currency) if names else {}
    reason = str(_("Brought along from the former system"))
    postings = []
    for each in plans:
        who, before = each.target or 0, (each.before.amount or 0) if each.before else 0
        moves = balance_moves(
            who, (each.amount or 0) - before, standing[available(who)], standing[debt(who)], reason
        )
        for move in moves:
            for account, sign in ((move.source, -1), (move.target, 1)):
                if account in standing:
                    standing[account] += sign * move.amount * (-1 if account == debt(who) else 1)
        if moves:
            postings.append(Posting(reference_of(work, each), moves))
    repaid = ledger.repayments(partners, standing)
    ledger.send_all([*postings, *repaid], currency, at=work.now).check()
