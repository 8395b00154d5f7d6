"""Paying with bonuses, to the last minor unit: how much, of which lines, and what a receipt says. Pure.

cart: the most that may be paid; units: shares that leave one price a unit; spread: bonuses over
the lines; rows: the receipt, of a sale and of a refund; quote: all of it for one cart; returns: what a
refund gives back.
"""

from app.receipts.rules.cart import Allowance, Goods, Limits, allowance, cap
from app.receipts.rules.quote import Quoted, laid, quoted
from app.receipts.rules.returns import given_back, paid_in_money
from app.receipts.rules.rows import Mode, Receipt, Row, part, receipt, rows
from app.receipts.rules.spread import Spread, settle, spread

__all__ = [
    "Allowance",
    "Goods",
    "Limits",
    "Mode",
    "Quoted",
    "Receipt",
    "Row",
    "Spread",
    "allowance",
    "cap",
    "given_back",
    "laid",
    "paid_in_money",
    "part",
    "quoted",
    "receipt",
    "rows",
    "settle",
    "spread",
]
