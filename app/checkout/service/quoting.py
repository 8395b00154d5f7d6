"""What a cart would cost with bonuses; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask_babel import gettext as _

from app.bonuses import queries as bonuses
from app.checkout.queries import cart_of
from app.errors import DomainError
from app.members import queries as members
from app.members.rules import key_of
from app.receipts.rules import quoted
from app.tenants.queries import setting

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.checkout.rules import Cart
    from app.members.models import Member
    from app.orders.rules import Snapshot
    from app.receipts.rules import Quoted

    Earn = Callable[[Snapshot, int | None, Cart, Quoted], int]


@dataclass(frozen=True)
class Quote:
    """What a customer may pay of a cart in bonuses, what he does pay, and would earn. Minor units."""

    balance: int
    cart: Cart
    quoted: Quoted
    earn: int

    @property
    def payable(self) -> int:
        """What is to be paid in money."""
        return self.cart.total - self.quoted.spend


def nothing(_snapshot: Snapshot, _member: int | None, _cart: Cart, _quoted: Quoted) -> int:
    """Return what an order earns where nobody says so."""
    return 0


def quote(shop_id: int, snapshot: Snapshot, earn: Earn = nothing) -> Quote:
    """Say what the customer of a cart may pay in bonuses, and how his wish lies on its lines.

    `snapshot`: the cart as an order, its `bonus_spend` the wish. A customer never seen has nothing.
    Raises DomainError while loyalty is off.
    """
    if not setting("loyalty"):
        raise DomainError("no_loyalty", _("Bonuses are not switched on."))
    member = account_of(shop_id, snapshot)
    balance = bonuses.balance(member.id).available if member else 0
    program = bonuses.program(snapshot.created_at)
    cart = cart_of(shop_id, snapshot, program)
    wish = snapshot.bonus_spend
    found = quoted(cart.goods, cart.limits, balance, wish, cart.mode, other=cart.other)
    return Quote(balance, cart, found, earn(snapshot, member.id if member else None, cart, found))


def account_of(shop_id: int, snapshot: Snapshot) -> Member | None:
    """Return the customer whose bonuses an order may spend: known by the shop's id, never a guest."""
    if not has_account(snapshot):
        return None
    return members.by_external(shop_id, snapshot.customer.id or "")


def has_account(snapshot: Snapshot) -> bool:
    """Tell whether the order names a customer by the shop's id."""
    customer_id = snapshot.customer.id
    return customer_id is not None and key_of(customer_id, None, None) is not None
