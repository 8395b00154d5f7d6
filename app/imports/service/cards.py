"""Card numbers of customers, so that the cards they carry go on being read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.cards import service as cards
from app.cards.queries import owners_of
from app.cards.rules import normalise_number
from app.imports.rules import Flaw
from app.imports.service.customers import shop_of
from app.imports.service.lookups import customer_said, members_said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.imports.rules import Plan
    from app.imports.service.lookups import Work


def plan(work: Work, plans: Sequence[Plan]) -> None:
    """Say whose each card is; one that another customer has is refused, and a card given here stays."""
    shop = shop_of(work)
    members = members_said(shop, [each.row for each in plans])
    numbers = [normalise_number(each.row.values.get("number", "")) for each in plans]
    owners = owners_of(shop, [n for n in numbers if n], [m for m in members if m is not None])
    mine = {member: number for number, member in owners.items()}
    first: dict[str, int | None] = {}
    for each, member, number in zip(plans, members, numbers, strict=True):
        row = each.row
        if row.bad:
            continue
        if number is None:
            row.flaws.append(Flaw("number", "no_card", row.values["number"]))
        elif member is None:
            row.flaws.append(Flaw("member", "no_member", customer_said(row)))
        elif owners.get(number, member) != member or first.setdefault(number, member) != member:
            row.flaws.append(Flaw("number", "card_taken", number))
        elif each.before is None and mine.get(member, number) != number:
            row.flaws.append(Flaw("number", "has_card", mine[member]))
        else:
            row.values["number"] = number
        each.target = member


def carry(work: Work, plans: Sequence[Plan]) -> None:
    """Give customers their cards; what a corrected file says takes the place of what a former one said."""
    pairs = [(each.target or 0, each.row.values["number"]) for each in plans]
    cards.bind_all(shop_of(work), pairs)
