"""What an order ought to have spent of its customer's partner money, what it has, and the difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.checkout.rules import backs, due_money
from app.checkout.service import money

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.checkout.queries import Books
    from app.checkout.rules import Spent
    from app.orders.service import Standing

    Note = Callable[[str, int, str, int, Spent | None], None]  # act, amount, reference, partner, of


class Paying:
    """The partner money of one order, and its books as they become; `note` keeps an act and counts it."""

    def __init__(self, order: Standing, books: Books, note: Note) -> None:
        self.order = order
        self.books = books
        self.purse = books.money
        self.note = note
        self.about = order.folded.snapshot.number or order.external_id

    def adopt(self) -> None:
        """Count what the shop captured by its own calls among the order's spendings."""
        known = {one.reference for one in self.purse.spent}
        for one in self.purse.holds:
            if one.state == "captured" and one.reference not in known:
                self.note("spend", one.amount, one.reference, one.member_id, None)

    def settle(self, *, stands: bool, new: bool) -> None:
        """Spend or give back the difference; what is held is spent if it is just what lacks, else let go."""
        version = self.books.version
        target = due_money(version, self.order.folded) if version is not None else 0
        for one in self.purse.open:
            if target and one.amount == target - self.purse.net:
                money.capture(one.reference)
                self.note("spend", one.amount, one.reference, one.member_id, None)
            elif target or not stands:
                money.void(one.reference)
        lacks = target - self.purse.net
        if lacks > 0 and version is not None and version.partner_id is not None:
            reference = self._reference()
            money.spend(version.partner_id, lacks, reference, about=self.about, may_owe=not new)
            self.note("spend", lacks, reference, version.partner_id, None)
        elif lacks < 0:
            self.give_back(-lacks)

    def give_back(self, amount: int) -> None:
        """Give back so much of what was spent, the newest first, to whom it was spent from."""
        for spent, some in backs(self.purse.spent, amount):
            reference = self._reference()
            money.give_back(spent.owner, some, reference, about=self.about)
            self.note("back", some, reference, spent.owner, spent)

    def _reference(self) -> str:
        return f"shop:order:{self.order.id}:{self.books.acts + 1}"
