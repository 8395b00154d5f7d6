"""What rules of paying with bonuses let be paid of a cart: who asks them is given by the caller.

Rules stand above this slice; a door, or the conductor, says how they are asked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flask_babel import gettext as _

from app import clock
from app.money import to_decimal_string
from app.orders.rules import Message, State, absorb
from app.orders.service import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from app.checkout.rules import Bound
    from app.orders.rules import Snapshot
    from app.orders.service import Incoming

    Narrow = Callable[[Standing], Sequence[Bound]]

NOWHERE = -1  # the id of an order that is not there


def unbound(_order: Standing) -> Sequence[Bound]:
    """Return what rules say where there are none."""
    return ()


def order_of_cart(shop_id: int, snapshot: Snapshot, member_id: int | None) -> Standing:
    """Return the order that a cart would be."""
    return Standing(
        id=NOWHERE,
        shop_id=shop_id,
        external_id="",
        member_id=member_id,
        guest_id=None,
        folded=absorb(None, Message(snapshot, clock.now(), State.REGISTERED)),
        booking=0,
        fresh=True,
    )


def order_after(incoming: Incoming, order: Standing | None, member_id: int) -> Standing:
    """Return the order that a message would make, or make of the one that is there."""
    if order is None:
        return order_of_cart(incoming.shop_id, incoming.snapshot, member_id)
    return replace(order, member_id=member_id, folded=absorb(order.folded, incoming.message))


def reasons(bounds: Sequence[Bound], currency: str) -> list[str]:
    """Say what rules let be paid, a sentence for each of their words."""
    return [said for bound in bounds for said in _said(bound, currency)]


def _said(bound: Bound, currency: str) -> Iterator[str]:
    if bound.percent is not None:
        yield _(
            "%(rule)s: at most %(percent)s%% of the goods that take part.",
            rule=bound.rule, percent=bound.percent,
        )  # fmt: skip
    for category, percent in sorted(bound.categories.items()):
        yield _(
            "%(rule)s: at most %(percent)s%% of goods of %(category)s.",
            rule=bound.rule, percent=percent, category=category,
        )  # fmt: skip
    if bound.step > 1:
        step = to_decimal_string(bound.step, currency)
        yield _("%(rule)s: in steps of %(amount)s.", rule=bound.rule, amount=step)
    if bound.minimum_cash:
        cash = to_decimal_string(bound.minimum_cash, currency)
        yield _("%(rule)s: at least %(amount)s in money.", rule=bound.rule, amount=cash)
