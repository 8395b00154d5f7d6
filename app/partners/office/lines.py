"""Lines of the lists of partners: what stands around each is read for a whole page, and only where it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from app.ledger.queries import balances, guarded_balances
from app.ledger.rules import available, debt, pending
from app.partners import queries
from app.programs import queries as programs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.partners.models import Partner
    from app.partners.queries import Card
    from app.statistics.models import PartnerFigures


class Around:
    """What other tables say of a page's partners: each a statement or two, when the first line asks."""

    def __init__(self, ids: list[int]) -> None:
        self.ids = ids

    @cached_property
    def sponsors(self) -> dict[int, Card]:
        """The parents as they are now, by partner."""
        found = queries.sponsors_at(self.ids)
        known = queries.cards(found.values())
        return {partner: known[sponsor] for partner, sponsor in found.items() if sponsor in known}

    @cached_property
    def recruits(self) -> dict[int, int]:
        """How many each one brought."""
        return queries.recruit_counts(self.ids)

    @cached_property
    def groups(self) -> dict[int, str]:
        """The groups' names."""
        return {group.id: group.name for group in programs.all_groups()}

    @cached_property
    def standing(self) -> dict[str, int]:
        """What is available and owed, by account, minor units."""
        return guarded_balances(a(p) for p in self.ids for a in (available, debt))

    @cached_property
    def held(self) -> dict[str, int]:
        """What is on hold, by account, minor units."""
        return balances(pending(p) for p in self.ids)


@dataclass(frozen=True)
class Line:
    """A partner in a list, with his figures where the list has them."""

    partner: Partner
    around: Around
    figures: PartnerFigures | None = None

    @property
    def sponsor(self) -> str | None:
        """The parent's name."""
        found = self.around.sponsors.get(self.partner.id)
        return found.name if found else None

    @property
    def group(self) -> str | None:
        """The group's name."""
        return self.around.groups.get(self.partner.group_id or 0)

    @property
    def recruits(self) -> int:
        """How many he brought."""
        return self.around.recruits[self.partner.id]

    @property
    def available(self) -> int:
        """What he may ask for, minor units."""
        return self.around.standing.get(available(self.partner.id), 0)

    @property
    def debt(self) -> int:
        """What he owes, minor units."""
        return self.around.standing.get(debt(self.partner.id), 0)

    @property
    def pending(self) -> int:
        """What is on hold, minor units."""
        return self.around.held.get(pending(self.partner.id), 0)


def lines(rows: Iterable[Any]) -> list[Line]:
    """Return a page's rows as its lines; a row is a partner, or one with his figures."""
    found = [row if isinstance(row, tuple) else (row, None) for row in map(_parts, rows)]
    around = Around([partner.id for partner, _figures in found])
    return [Line(partner, around, figures) for partner, figures in found]


def _parts(row: Any) -> Any:
    return (row[0], row[1]) if hasattr(row, "_fields") else row
