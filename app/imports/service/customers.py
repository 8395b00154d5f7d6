"""Customers of the shop: contact, group, birthday; who was known as a guest becomes whom the old system says."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from app import sql
from app.imports.rules import Flaw
from app.intake import service as intake
from app.members.service import Contact, fill
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.imports.rules import Plan
    from app.imports.service.lookups import Work

_KNOWN = "SELECT key, id FROM member WHERE shop_id = %(shop)s AND key = ANY(%(keys)s)"


def shop_of(work: Work) -> int:
    """Return the shop whose customers a file is about: the one that was chosen, else the first."""
    chosen = tenants.shop(str(work.option.get("shop", "")))
    return (chosen or tenants.shops()[0]).id


def plan(work: Work, plans: Sequence[Plan]) -> None:
    """Say who each row is; whoever the shop knows already gets only what is not known of him."""
    shop = shop_of(work)
    keys = [f"id:{each.row.old_id}" for each in plans if each.row.old_id]
    known = {row.key: row.id for row in sql.rows(_KNOWN, {"shop": shop, "keys": keys})}
    for each in plans:
        row = each.row
        if "surname" in row.values:
            name = f"{row.values.get('name', '')} {row.values.pop('surname')}".strip()
            row.values["name"] = name[:200]
        here = known.get(f"id:{row.old_id}")
        if each.before is None and here is not None and not row.bad:
            each.target, each.found["made"] = here, False
            row.flaws.append(Flaw("id", "customer_here", row.old_id or "", soft=True))


def carry(work: Work, plans: Sequence[Plan]) -> None:
    """Take customers in, in set statements; orders of guests go to whose they turn out to be."""
    shop = shop_of(work)
    ids = intake.introduce_all([_contact(work, shop, each) for each in plans])
    for each, member in zip(plans, ids, strict=True):
        each.target = member
    rows = [_card(each) for each in plans]
    fill([row for row, each in zip(rows, plans, strict=True) if each.before is None])
    fill([row for row, each in zip(rows, plans, strict=True) if each.before], over=True)


def _contact(work: Work, shop: int, each: Plan) -> Contact:
    values = each.row.values
    return Contact(
        shop_id=shop,
        customer_id=each.row.old_id,
        email=values.get("email"),
        phone=values.get("phone"),
        name=values.get("name"),
        group=values.get("group"),
        seen_at=_at(values.get("registered")) or work.now,
    )


def _card(each: Plan) -> dict[str, Any]:
    values = each.row.values
    birthday = values.get("birthday")
    return {
        "id": each.target,
        "name": values.get("name"),
        "email": values.get("email"),
        "phone": values.get("phone"),
        "group": values.get("group"),
        "birthday": date.fromisoformat(birthday).isoformat() if birthday else None,
        "registered_at": values.get("registered"),
    }


def _at(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
