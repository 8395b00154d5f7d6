"""Who may join: by completed orders and by the shop's customer groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Entry:
    """What the merchant asks of whoever wants to join; groups are compared folded."""

    min_orders: int = 0
    allowed: frozenset[str] = frozenset()  # empty: every group, and none
    forbidden: frozenset[str] = frozenset()

    @property
    def asks(self) -> bool:
        """Whether anything is asked, so that an e-mail must be confirmed first."""
        return bool(self.min_orders or self.allowed or self.forbidden)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the shops know of somebody as a customer."""

    completed: int = 0
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody may not join: orders (has, of how many), not_allowed, forbidden (which group)."""

    code: str
    has: int = 0
    wanted: int = 0
    group: str = ""


def folded(names: Iterable[str | None]) -> frozenset[str]:
    """Return groups as they are compared: a shop's spelling is no reason to let somebody in."""
    return frozenset(" ".join(name.split()).casefold() for name in names if name and name.strip())


def refusals(entry: Entry, standing: Standing) -> list[Refusal]:
    """Return every reason why somebody may not join; none: he may.

    A forbidden group stands above an allowed one: of a customer's several accounts one is enough.
    """
    found = []
    forbidden = sorted(entry.forbidden & standing.groups)
    if forbidden:
        found.append(Refusal("forbidden", group=forbidden[0]))
    elif entry.allowed and not entry.allowed & standing.groups:
        found.append(Refusal("not_allowed"))
    if standing.completed < entry.min_orders:
        found.append(Refusal("orders", standing.completed, entry.min_orders))
    return found
