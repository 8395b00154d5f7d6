"""What a customer's orders are due by the rules of their time."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from app.profiles import queries
from app.profiles.rules.due import due_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.orders.service import Standing
    from app.profiles.rules.due import Due, Earning, Taken
    from app.tenants.models import Tenant


def due_of_orders(
    merchant: Tenant,
    orders: Sequence[Standing],
    program: Earning,
    shares: Mapping[int, Mapping[str, int]] | None = None,
    taken: Taken | None = None,
) -> tuple[Due, ...]:
    """Return what a customer's orders (all of them, of one shop) are due, bonus minor units.

    By the rules as they were published when each order was made; conditions are asked of the order as it
    stands without its refunds; of what that gives, the part that came back is not kept. Cancelled orders
    are due nothing. `shares`: what bonuses paid of each line, by order, where that is known exactly;
    `taken`: what limits gave outside these orders. Reads only; the same orders give the same answer.
    """
    seen = queries.seen_of(merchant, orders, shares, ruled=True)
    return due_of(seen, program, ZoneInfo(merchant.timezone), taken)
