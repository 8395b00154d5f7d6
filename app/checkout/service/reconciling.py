"""What an order ought to have spent in bonuses as it now stands, what it has, and the difference."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from app import clock
from app.bonuses import queries as bonuses
from app.bonuses import service
from app.checkout import queries
from app.checkout.models import OrderBonus, OrderSpending
from app.checkout.queries import cart_of
from app.checkout.rules import (
    SPENDING,
    SPENDS_NOTHING,
    backs,
    due,
    rows_to_json,
    signature,
    version,
)
from app.checkout.service import money
from app.checkout.service.bounding import unbound
from app.checkout.service.couponed import payers
from app.checkout.service.paying import Paying
from app.checkout.service.quoting import has_account
from app.events import service as events
from app.extensions import db
from app.orders.rules import State
from app.tenants.queries import setting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.checkout.queries import Books, Held
    from app.checkout.rules import Spent, Version
    from app.checkout.service.bounding import Narrow
    from app.orders.service import Standing


def reconcile(orders: Sequence[Standing], narrow: Narrow = unbound, *, anew: bool = False) -> None:
    """Bring what the orders spent in bonuses to what is due; a replay posts nothing.

    The caller holds the customers' and the orders' locks and gives every order that may have changed,
    as it now stands; accounts are locked here. Due is the message's `bonus.spend` (else what the shop
    captured for the order by its own calls) less what refunds give back, and nothing while the order
    is cancelled, refunded or deleted. A first spending is at most what the customer has and the
    program lets; one that was given back and is due again may become debt, and so may what a coupon in
    the shop's cart took off already. Where the program says so
    bonuses are held until the order is paid. `narrow`: how rules are asked what of an order may be
    paid so; `anew`: what was cut of a wish is tried once more. Any order of messages ends the same.
    """
    touched = queries.touched([order.id for order in orders])
    asked = [o for o in orders if o.id in touched or _spends(o)]
    if not asked:
        return
    on = bool(setting("loyalty"))
    concerned = [order for order in asked if on or order.id in touched]
    owners = payers(concerned)
    found = queries.books([order.id for order in concerned])
    whose = {order.member_id for order in concerned} | set(owners.values())
    whose |= {book.version.member_id for book in found.values() if book.version is not None}
    whose |= {one.member_id for book in found.values() for one in book.holds}
    service.bring_up(sorted(m for m in whose if m is not None))
    money.lock(_partners(concerned, found))
    for order in concerned:
        payer = owners.get(order.id)
        _Order(order, found[order.id], narrow, payer, on=on, anew=anew).settle()
    db.session.flush()


def _spends(order: Standing) -> bool:
    said = order.folded.snapshot
    return bool(said.bonus_spend or said.partner_spend)


def _partners(orders: Sequence[Standing], found: Mapping[int, Books]) -> set[int]:
    """Return whose partner money may move."""
    owners = {one.owner for book in found.values() for one in book.money.spent}
    owners |= {one.member_id for book in found.values() for one in book.money.holds}
    payers = {
        queries.payer(order.member_id) for order in orders if order.folded.snapshot.partner_spend
    }
    return owners | {payer for payer in payers if payer is not None}


class _Order:
    """One order, and its books as they become."""

    def __init__(
        self,
        order: Standing,
        books: Books,
        narrow: Narrow,
        payer: int | None,
        *,
        on: bool,
        anew: bool,
    ) -> None:
        self.order = order
        self.payer = payer  # whose coupon took the bonuses off already, whatever may be now
        self.books = books
        self.narrow = narrow
        self.on = on
        self.anew = anew
        self.new = False
        self.money = Paying(order, books, self._note_money)

    def settle(self) -> None:
        """Make a new version where one is due, then hold, spend or give back the difference."""
        self._adopt()
        self.money.adopt()
        stands = self.order.folded.state not in SPENDS_NOTHING
        if stands:
            self._renew()
        version = self.books.version
        if version is None and stands:
            return  # a shop's hold that waits for its own calls
        self.money.settle(stands=stands, new=self.new)
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
        """Void the version and lay the wishes anew where lines, wishes or customer are others."""
        old, member_id, wishes = self.books.version, self._whose(), self._wishes()
        mark = signature(self.order.folded.snapshot, *wishes)
        same = old is not None and old.member_id == member_id
        if member_id is None or (old is None and not (any(wishes) and self.on)):
            return
        if old is not None and same and old.signature == mark and not (self.anew and old.lacks):
            return
        if old is not None and not same:
            self._give_back(self.books.net)
            self.money.give_back(self.books.money.net)
        made = self._laid(member_id, old if same else None, mark, wishes)
        known = old is not None and same and old.signature == mark
        if known and old is not None and (made.amount, made.money) == (old.amount, old.money):
            return
        self._keep(replace(made, number=old.number + 1 if old is not None else 1))
        if made.lacks and not known:
            self._tell_cut(made)

    def _whose(self) -> int | None:
        """Return who pays: who got the coupon, else whose order it is; of a coupon taken off it, who did."""
        old, books = self.books.version, self.books
        paid = old.member_id if old is not None and books.couponed else None
        return self.payer or self.order.member_id or paid

    def _wishes(self) -> tuple[int, int]:
        """Return what is to be spent in bonuses and partner money: by the message, else the shop's calls."""
        said, books = self.order.folded.snapshot, self.books
        if self.payer is None and not has_account(said):
            return 0, 0
        return said.bonus_spend or books.captured, said.partner_spend or books.money.captured

    def _laid(
        self, member_id: int, old: Version | None, mark: str, wishes: tuple[int, int]
    ) -> Version:
        said, books = self.order.folded.snapshot, self.books
        program, bounds = bonuses.program(said.created_at), self.narrow(self.order)
        cart = cart_of(self.order.shop_id, said, program, self.order.folded, bounds)
        if self.payer is not None:
            cart = cart.opened()
        available = wishes[0] if self.payer is not None else books.net
        if self.on and self.payer is None:
            available += bonuses.balance(member_id).available
            available += sum(one.amount for one in books.open if one.member_id == member_id)
        amount = min(wishes[0], cart.most(available))
        payer = self._payer(member_id, old)
        has = self._money_of(payer, program.partner_mode) if wishes[1] else 0
        paid = min(wishes[1], cart.most_money(amount), has)
        made = version(1, member_id, mark, cart, amount, paid, payer)
        return replace(made, cut=wishes[0] - amount, money_cut=wishes[1] - paid)

    def _tell_cut(self, made: Version) -> None:
        said = self.order.folded.snapshot
        facts = {"order_id": self.order.id, "number": said.number or self.order.external_id}
        facts |= {"asked": made.amount + made.cut, "spent": made.amount}
        facts |= {"money_asked": made.money + made.money_cut, "money_spent": made.money}
        facts |= {"member_id": made.member_id, "currency": said.currency}
        events.record("bonus.cut", f"order:{self.order.id}", **facts)

    def _payer(self, member_id: int, old: Version | None) -> int | None:
        """Return whose money it is: once taken it stays his, whoever is the customer's partner now."""
        spent = [one.owner for one in self.books.money.spent if one.left]
        if spent:
            return spent[-1]
        return old.partner_id if old and old.partner_id else queries.payer(member_id)

    def _money_of(self, payer: int | None, mode: str) -> int:
        purse = self.books.money
        has = purse.net + sum(one.amount for one in purse.open if one.member_id == payer)
        may = self.on and mode in SPENDING and payer is not None
        return has + (queries.money_of(payer) if may else 0)

    def _keep(self, made: Version) -> None:
        self.new = True
        self.books.version = made
        db.session.add(
            OrderBonus(
                order_id=self.order.id,
                version=made.number,
                member_id=made.member_id,
                amount=made.amount,
                asked=made.amount + made.cut if made.cut else None,
                money=made.money,
                money_asked=made.money + made.money_cut if made.money_cut else None,
                partner_id=made.partner_id,
                signature=made.signature,
                shares=[[one.line, one.value, one.share, one.money] for one in made.shares],
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
        reference, owes = self._reference(), not self.new or self.payer is not None
        service.spend(member_id, amount, reference, order_id=self.order.id, may_owe=owes)
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
        self.books.note(act, amount, reference, member_id, of.reference if of else None)
        self._write(act, amount, reference, of, member_id=member_id)

    def _note_money(
        self, act: str, amount: int, reference: str, partner_id: int, of: Spent | None
    ) -> None:
        self.books.money.note(act, amount, reference, partner_id, of.reference if of else None)
        self._write(act, amount, reference, of, member_id=self._member(), partner_id=partner_id)

    def _write(
        self,
        act: str,
        amount: int,
        reference: str,
        of: Spent | None,
        *,
        member_id: int,
        partner_id: int | None = None,
    ) -> None:
        books, made = self.books, self.books.version
        books.acts += 1
        db.session.add(
            OrderSpending(
                order_id=self.order.id,
                n=books.acts,
                member_id=member_id,
                act=act,
                amount=amount,
                reference=reference,
                of=of.reference if of is not None else None,
                purse="bonus" if partner_id is None else "money",
                partner_id=partner_id,
                version=made.number if made is not None else 0,
                at=clock.now(),
            )
        )
