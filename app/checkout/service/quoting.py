"""What a cart would cost with bonuses; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask_babel import gettext as _

from app.bonuses import queries as bonuses
from app.checkout import queries
from app.checkout.queries import books, cart_of
from app.checkout.rules import SPENDING, due, due_money, lay, version
from app.checkout.service.bounding import order_of_cart, unbound
from app.errors import DomainError
from app.members import queries as members
from app.members.rules import key_of
from app.orders.rules import State
from app.receipts.rules import quoted
from app.tenants.queries import in_shadow, setting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.checkout.rules import Bound, Cart, Laid, Version
    from app.checkout.service.bounding import Narrow
    from app.members.models import Member
    from app.orders.rules import Snapshot
    from app.orders.service import Standing
    from app.receipts.rules import Quoted

    Earn = Callable[[Snapshot, int | None, Cart, Quoted], int]


@dataclass(frozen=True)
class Quote:
    """What a customer may pay of a cart in bonuses, what he does pay, and would earn. Minor units.

    `bounds`: what rules let be paid, beside the program. `money`: likewise of partner money; `laid`: both.
    """

    balance: int
    cart: Cart
    quoted: Quoted
    earn: int
    bounds: Sequence[Bound]
    money_balance: int
    money_most: int
    money: int
    laid: Laid

    @property
    def payable(self) -> int:
        """What is to be paid in money."""
        return self.cart.total - self.quoted.spend - self.money


def nothing(_snapshot: Snapshot, _member: int | None, _cart: Cart, _quoted: Quoted) -> int:
    """Return what an order earns where nobody says so."""
    return 0


def quote(
    shop_id: int, snapshot: Snapshot, earn: Earn = nothing, narrow: Narrow = unbound
) -> Quote:
    """Say what the customer of a cart may pay in bonuses, and how his wish lies on its lines.

    `snapshot`: the cart as an order, its `bonus_spend` the wish. A customer never seen has nothing.
    `earn` and `narrow`: how rules are asked. Raises DomainError while loyalty is off.
    """
    if not setting("loyalty"):
        raise DomainError("no_loyalty", _("Bonuses are not switched on."))
    member = account_of(shop_id, snapshot)
    balance = bonuses.balance(member.id).available if member and not in_shadow() else 0
    program = bonuses.program(snapshot.created_at)
    member_id = member.id if member else None
    bounds = narrow(order_of_cart(shop_id, snapshot, member_id))
    cart = cart_of(shop_id, snapshot, program, None, bounds)
    wish = snapshot.bonus_spend
    found = quoted(cart.goods, cart.limits, balance, wish, cart.mode, other=cart.other)
    spends = program.partner_mode in SPENDING and not in_shadow()
    has = queries.money_of(queries.payer(member_id)) if spends else 0
    most = min(has, cart.most_money(found.spend))
    money = min(snapshot.partner_spend, most)
    return Quote(
        balance=balance,
        cart=cart,
        quoted=found,
        earn=earn(snapshot, member_id, cart, found),
        bounds=bounds,
        money_balance=has,
        money_most=most,
        money=money,
        laid=lay(cart, found.spend, money),
    )


@dataclass(frozen=True)
class Outlook:
    """What an order would pay in bonuses as it is said, and could at most. Minor units.

    `spent` and `held`: less what refunds gave back; nothing where the order is cancelled. `money`: of
    what the customer earned as a partner.
    """

    balance: int
    most: int
    spent: int
    held: int
    money: int
    version: Version
    bounds: Sequence[Bound]


def look(order: Standing, narrow: Narrow = unbound) -> Outlook:
    """Say what an order that need not be there would pay in bonuses; nothing is written.

    What it has spent so far counts as its customer's.
    """
    said = order.folded.snapshot
    mine = order.member_id if order.member_id and has_account(said) else None
    book = books([order.id])[order.id]
    balance = bonuses.balance(mine).available if mine else 0
    own = book.net + sum(one.amount for one in book.open) if mine else 0
    bounds, program = narrow(order), bonuses.program(said.created_at)
    cart = cart_of(order.shop_id, said, program, order.folded, bounds)
    most = cart.most(balance + own)
    wish = said.bonus_spend or book.captured
    amount = min(wish, most)
    has = book.money.net + sum(one.amount for one in book.money.open)
    if mine and program.partner_mode in SPENDING:
        has += queries.money_of(queries.payer(mine))
    money = min(said.partner_spend or book.money.captured, has, cart.most_money(amount))
    made = version(1, mine or 0, "", cart, amount, money if mine else 0, 0)
    left = due(made, order.folded)
    waits = order.folded.state is State.REGISTERED and program.spend_when == "on_payment"
    paid = due_money(made, order.folded)
    return Outlook(balance, most, 0 if waits else left, left if waits else 0, paid, made, bounds)


def account_of(shop_id: int, snapshot: Snapshot) -> Member | None:
    """Return the customer whose bonuses an order may spend: known by the shop's id, never a guest."""
    if not has_account(snapshot):
        return None
    return members.by_external(shop_id, snapshot.customer.id or "")


def has_account(snapshot: Snapshot) -> bool:
    """Tell whether the order names a customer by the shop's id."""
    customer_id = snapshot.customer.id
    return customer_id is not None and key_of(customer_id, None, None) is not None
