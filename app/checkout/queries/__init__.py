"""What orders pay in bonuses and partner money, as it is stored; what is reserved; what a cart is made of."""

from app.checkout.queries.books import (
    Books,
    Held,
    Paid,
    Purse,
    as_paid,
    books,
    paid,
    shares,
    touched,
)
from app.checkout.queries.carts import cart_of
from app.checkout.queries.holds import (
    currency,
    hold,
    hold_of,
    money_hold_of,
    money_of,
    open_holds,
    overdue,
    payer,
)

__all__ = [
    "Books",
    "Held",
    "Paid",
    "Purse",
    "as_paid",
    "books",
    "cart_of",
    "currency",
    "hold",
    "hold_of",
    "money_hold_of",
    "money_of",
    "open_holds",
    "overdue",
    "paid",
    "payer",
    "shares",
    "touched",
]
