"""What an order ought to have spent in bonuses as it now stands, what it has, and the difference."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app import clock
from app.bonuses import queries as bonuses
from app.bonuses import service
from app.checkout import queries
from app.checkout.models import OrderBonus, OrderSpending
from app.checkout.queries import Books, cart_of
from app.checkout.rules import (
    SPENDS_NOTHING,
    Spent,
    backs,
    due,
    rows_to_json,
    signature,
    version,
)
from app.checkout.service.bounding import unbound
from app.checkout.service.quoting import has_account
from app.extensions import db
from app.orders.rules import State
from app.tenants.queries import setting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.checkout.queries import Held
    from app.checkout.rules import Version
    from app.checkout.service.bounding import Narrow
    from app.orders.service import Standing


def reconcile(orders: Sequence[Standing], narrow: Narrow = unbound) -> None:
    """Bring what the orders spent in bonuses to what is due; a replay posts nothing.

    The caller holds the customers' and the orders' locks and gives every order that may have changed,
    as it now stands; accounts are locked here. Due is the message's `bonus.spend` (else what the shop
    captured for the order by its own calls) less what refunds give back, and nothing while the order
    is cancelled, refunded or deleted. A first spending is at most what the customer has and the
    program lets; one that was given back and is due again may become debt. Where the program says so
    bonuses are held until the order is paid. `narrow`: how rules are asked what of an order may be
    paid so. Any order of messages ends the same.
    """
    touched = queries.touched([order.id for order in orders])
    asked = [o for o in orders if o.id in touched or o.folded.snapshot.bonus_spend]
    if not asked:
        return
    on = bool(setting("loyalty"))
    concerned = [order for order in asked if on or order.id in touched]
    found = queries.books([order.id for order in concerned])
    whose = {order.member_id for order in concerned}
    whose |= {book.version.member_id for book in found.values() if book.version is not None}
    whose |= {one.member_id for book in found.values() for one in book.holds}
    service.bring_up(sorted(m for m in whose if m is not None))
    for order in concerned:
        _Order(order, found[order.id], narrow, on=on).settle()
    db.session.flush()


class _Order:
    """One order, and its books as they become."""

    def __init__(self, order: Standing, books: Books, narrow: Narrow, *, on: bool) -> None:
        self.order = order
        self.books = books
        self.narrow = narrow
        self.on = on
        self.new = False

    def settle(self) -> None:
        """Make a new version where one is due, then hold, spend or give back the difference."""
        self._adopt()
        stands = self.order.folded.state not in SPENDS_NOTHING
        if stands:
            self._renew()
        version = self.books.version
        if version is None and stands:
            return  # a shop's hold that waits for its own calls
        target = due(version, self.order.folded) if version is not None else 0
        waits = stands and not self.books.net and self._waits()
        held = self._close_holds(target, waits=waits, stands=stands)
        if waits:
            if target and not held:
                self._hold(target)
        elif target > self.books.net:
            self._spend(target - self.books.net)
        else:
            self._give_back(self.books.net - target)

    def _adopt(self) -> None:
        """Count what the shop captured by its own calls among the order's spendings."""
        known = {one.reference for one in self.books.spent}
        for one in self.books.holds:
            if one.shops and one.spending is not None and one.spending not in known:
                self._note("spend", one.amount, one.spending, one.member_id)

    def _renew(self) -> None:
        """Void the version and lay the bonuses anew where lines, wish or customer are others."""
        said, old, member_id = self.order.folded.snapshot, self.books.version, self.order.member_id
        wish = (said.bonus_spend or self.books.captured) if has_account(said) else 0
        mark = signature(said, wish)
        same = old is not None and old.member_id == member_id
        if member_id is None or (old is None and not (wish and self.on)):
            return
        if same and old is not None and old.signature == mark:
            return
        if old is not None and not same:
            self._give_back(self.books.net)
        program, bounds = bonuses.program(said.created_at), self.narrow(self.order)
        cart = cart_of(self.order.shop_id, said, program, self.order.folded, bounds)
        available = self.books.net
        if self.on:
            available += bonuses.balance(member_id).available
            available += sum(one.amount for one in self.books.open if one.member_id == member_id)
        number = old.number + 1 if old is not None else 1
        amount = min(wish, cart.most(available))
        self._keep(version(number, member_id, mark, cart, amount))

    def _keep(self, made: Version) -> None:
        self.new = True
        self.books.version = made
        db.session.add(
            OrderBonus(
                order_id=self.order.id,
                version=made.number,
                member_id=made.member_id,
                amount=made.amount,
                signature=made.signature,
                shares=[[one.line, one.value, one.share] for one in made.shares],
                rows=rows_to_json(made.rows),
                consideration=made.consideration,
                made_at=clock.now(),
            )
        )

    def _waits(self) -> bool:
        """Tell whether bonuses are only held as yet: the order is not paid, and payment spends them."""
        said = self.order.folded
        if said.state is not State.REGISTERED:
            return False
        return bonuses.program(said.snapshot.created_at).spend_when == "on_payment"

    def _close_holds(self, target: int, *, waits: bool, stands: bool) -> bool:
        """Spend what is held if it is just what lacks, else let it go; tell whether some is kept."""
        kept = False
        for one in self.books.open:
            if waits and not kept and one.amount == target:
                kept = True
            elif not waits and target and one.amount == target - self.books.net:
                self._capture(one)
            elif target or not one.shops or not stands:
                service.void(one.reference)
        return kept

    def _capture(self, held: Held) -> None:
        reference = self._reference()
        service.capture(held.reference, reference, self.order.id)
        self._note("spend", held.amount, reference, held.member_id)

    def _hold(self, amount: int) -> None:
        """Hold until the order is paid: what timed out is not held again, but spent then all the same."""
        held = self.books.version
        over = {one.amount for one in self.books.holds if one.state == "timed_out"}
        if held is None or amount in over:
            return
        if bonuses.balance(held.member_id).available < amount:
            return
        minutes = bonuses.program(self.order.folded.snapshot.created_at).hold_minutes
        reference = self._reference()
        service.hold(held.member_id, amount, reference, clock.now() + timedelta(minutes=minutes))
        self._note("hold", amount, reference, held.member_id)

    def _spend(self, amount: int) -> None:
        member_id = self._member()
        reference = self._reference()
        service.spend(member_id, amount, reference, order_id=self.order.id, may_owe=not self.new)
        self._note("spend", amount, reference, member_id)

    def _give_back(self, amount: int) -> None:
        for spent, some in backs(self.books.spent, amount):
            reference = self._reference()
            service.give_back(spent.reference, some, reference, order_id=self.order.id)
            self._note("back", some, reference, self._member(), of=spent)

    def _member(self) -> int:
        if self.books.version is not None:
            return self.books.version.member_id
        if self.order.member_id is None:
            raise LookupError("nobody's bonuses were spent")
        return self.order.member_id

    def _reference(self) -> str:
        return f"bonus:order:{self.order.id}:{self.books.acts + 1}"

    def _note(
        self, act: str, amount: int, reference: str, member_id: int, *, of: Spent | None = None
    ) -> None:
        """Keep an act, and count it."""
        books, made = self.books, self.books.version
        books.acts += 1
        if act == "spend":
            books.spent.append(Spent(reference, amount))
        elif of is not None:
            after = Spent(of.reference, of.amount, of.back + amount)
            books.spent[books.spent.index(of)] = after
        db.session.add(
            OrderSpending(
                order_id=self.order.id,
                n=books.acts,
                member_id=member_id,
                act=act,
                amount=amount,
                reference=reference,
                of=of.reference if of is not None else None,
                version=made.number if made is not None else 0,
                at=clock.now(),
            )
        )
