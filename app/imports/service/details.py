"""Payment details, checked as by hand and sealed; they wait a day like any change, and nobody is written to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app.crypto import signature
from app.extensions import db
from app.imports.rules import Flaw
from app.imports.service.lookups import partners_said
from app.installation import settings
from app.partners.models import Partner
from app.payouts.queries import methods
from app.payouts.service import details as payout_details
from app.requisites.rules import WAYS, Details, Kind, Payee

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.imports.rules import Plan
    from app.imports.service.lookups import Work
    from app.payouts.models import PayoutMethod

PAYEE = ("status", "inn", "kpp", "ogrn", "address", "country")


def method_of(work: Work) -> PayoutMethod | None:
    """Return the payout method whose details a file holds: the one that was chosen, else the first."""
    known = methods()
    chosen = [each for each in known if each.code == work.option.get("method")]
    return next(iter([*chosen, *known]), None)


def plan(work: Work, plans: Sequence[Plan]) -> None:
    """Check what each row says; numbers never leave the sealed cells, only a mark of them is remembered."""
    said = {p for each in plans if (p := each.row.values.get("partner"))}
    known = partners_said(work.file.source, said)
    method = method_of(work)
    for each in plans:
        row = each.row
        values = {name: str(value) for name, value in row.values.items()}
        row.flaws = [Flaw(flaw.field, flaw.code, soft=flaw.soft) for flaw in row.flaws]
        if method is None:
            row.flaws.append(Flaw("partner", "no_method"))
        if row.bad or method is None:
            continue
        given = _details(values, Kind(method.kind))
        for name, problem in given.problems().items():
            field = {"name": "holder"}.get(name, name)
            row.flaws.append(Flaw(field, f"details_{problem.code}", json.dumps(problem.facts)))
        each.target = known.get(values["partner"])
        if each.target is None:
            row.flaws.append(Flaw("partner", "no_partner", values["partner"]))
        each.found["given"] = given
        row.values = {"mark": _mark(values)}


def _mark(values: dict[str, str]) -> str:
    written = json.dumps(values, sort_keys=True, ensure_ascii=False)
    return signature(settings().secret_key, f"import:{written}".encode())


def _details(values: dict[str, str], kind: Kind) -> Details:
    payee = {name: values.get(name) for name in PAYEE}
    return Details(Payee.make({**payee, "name": values.get("holder")}), WAYS[kind].make(values))


def carry(work: Work, plans: Sequence[Plan]) -> None:
    """Keep the details of partners who have none for the method."""
    method = method_of(work)
    ids = [each.target for each in plans]
    found: dict[int, Any] = {
        p.id: p for p in db.session.scalars(select(Partner).where(Partner.id.in_(ids)))
    }
    for each in plans:
        partner = found[each.target or 0]
        if method is None or not payout_details.bring(partner, method.code, each.found["given"]):
            each.row.flaws.append(Flaw("partner", "has_details"))
