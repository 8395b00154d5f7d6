"""Verbs on coupons of the cart: begun, made, let go, over, and seen on an order.

A coupon is begun and held in one transaction, the shop is asked outside any, and its answer is written
in another. Locks: the customer, the account, then the coupon's row.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import delete, exists, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from app import clock
from app.carts import queries
from app.carts.models import CartCode, CartCoupon, CartSetting
from app.carts.rules import Given, Seen, Understood, key_of, odd, understood, written
from app.checkout import service as checkout
from app.checkout.rules import COUPONED
from app.errors import Conflict, DomainError, FieldError, NotFound
from app.events.service import record
from app.extensions import db
from app.members import queries as members
from app.members import service as member_service
from app.money import to_decimal_string
from app.orders.rules import line_value
from app.tenancy import public_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.carts.queries import Owned, Settings
    from app.checkout.service.bounding import Narrow
    from app.orders.rules import Snapshot

GRACE = timedelta(minutes=10)  # that word of an order may take after the coupon's end
MOST_CODES = 20_000  # that a shop brings at once
KEPT = timedelta(days=90)  # of a coupon that no order named
MOST_AN_HOUR = 20  # coupons of one customer


class AlreadyOpen(Conflict):
    """The customer has a coupon already: in another window, or being made just now."""

    def __init__(self, coupon: CartCoupon) -> None:
        words = _("A code is open already. Use it, or take it back first.")
        super().__init__("discount_open", str(words))
        self.coupon = coupon.public_id


def change_settings(said: Settings) -> None:
    """Let it be so from now on; coupons that are open stay as they are."""
    values = {name: getattr(said, name) for name in ("on", "minutes", "alone", "whole")}
    values["changed_at"] = clock.now()
    statement = insert(CartSetting).values(**values)
    known = statement.on_conflict_do_update(index_elements=["tenant_id"], set_=values)
    db.session.execute(known)
    record(
        "cart_discount.changed",
        "cart:setting",
        **{k: v for k, v in values.items() if k != "changed_at"},
    )


def begin(
    shop_id: int, connection_id: int | None, snapshot: Snapshot, narrow: Narrow
) -> CartCoupon:
    """Hold the cart's `bonus_spend` and begin a coupon of that sum, or take one that the shop made.

    `connection_id`: where it is to be made; None: the shop's own codes, of which the dearest is taken
    that is worth no more. Raises AlreadyOpen, DomainError for what may not be spent.
    """
    wanted = queries.settings()
    customer = snapshot.customer.id or ""
    member = members.by_external(shop_id, customer)
    if not wanted.on:
        raise DomainError("no_discount", _("The shop does not offer this."))
    if member is None:
        raise DomainError("no_account", _("No bonus account belongs to this customer."))
    member_service.lock([member.id])
    found = queries.open_of(shop_id, member.id)
    if found is not None:
        raise AlreadyOpen(found)
    if queries.made_since(member.id, clock.now() - timedelta(hours=1)) >= MOST_AN_HOUR:
        raise DomainError("many", _("Too many codes were made in this hour. Wait a while."))
    goods = sum(line_value(line) for line in snapshot.lines)
    if snapshot.bonus_spend > goods:
        most = to_decimal_string(goods, snapshot.currency)
        raise _refused(_("A code takes off the goods alone: at most %(amount)s.", amount=most))
    code = None
    if connection_id is None:
        code = _own_code(shop_id, member.id, snapshot)
        snapshot = replace(snapshot, bonus_spend=code.amount)
    now = clock.now()
    ends = now + timedelta(minutes=wanted.minutes)
    held = checkout.hold(shop_id, snapshot, None, narrow, ends + GRACE, COUPONED)
    said = code.code if code is not None else written(secrets.token_bytes(64))
    row = CartCoupon(
        public_id=public_id("cc"),
        shop_id=shop_id,
        connection_id=connection_id,
        member_id=member.id,
        code=said,
        key=key_of(said),
        reference=held.row.reference,
        amount=snapshot.bonus_spend,
        minimum=goods if wanted.whole and code is None else 0,
        state="making" if code is None else "made",
        made_at=now,
        ends_at=ends,
    )
    db.session.add(row)
    db.session.flush()
    return row


def _own_code(shop_id: int, member_id: int, snapshot: Snapshot) -> CartCode:
    code = db.session.scalar(queries.free_codes(shop_id, member_id, snapshot.bonus_spend))
    if code is None:
        raise _refused(_("The shop has no code of this sum left. Choose another sum."))
    code.member_id = member_id
    return code


def _refused(words: str) -> DomainError:
    return DomainError("invalid", words, FieldError("spend", words))


def made(coupon_id: int) -> bool:
    """Write that the shop has a coupon; False: it is over meanwhile, and must go again."""
    mine = (CartCoupon.id == coupon_id) & (CartCoupon.state == "making")
    done = update(CartCoupon).where(mine).values(state="made").returning(CartCoupon.id)
    return db.session.scalar(done) is not None


def close(coupon_id: int, state: str, problem: str | None = None) -> CartCoupon | None:
    """End an open coupon: let_go, ended or failed; None: it was not open, or an order has it.

    What is held goes back at once, but for `ended`: word of an order may still be on its way, and
    the hold ends by itself.
    """
    row = queries.by_id(coupon_id)
    if row is None:
        return None
    member_service.lock([row.member_id])
    row = queries.by_id(coupon_id)
    if row is None or row.state not in queries.OPEN:
        return None
    if state != "ended":
        try:
            checkout.void(row.shop_id, row.reference.removeprefix("hold:"))
        except Conflict:
            return None  # an order has it: its word is written down with the order
    mine = (CartCoupon.id == coupon_id) & CartCoupon.state.in_(queries.OPEN)
    values = {"state": state, "problem": problem, "closed_at": clock.now()}
    db.session.execute(update(CartCoupon).where(mine).values(**values))
    db.session.refresh(row)
    return row


def removed(shop_id: int, key: str) -> None:
    """Write that the shop has a coupon no more."""
    mine = (CartCoupon.shop_id == shop_id) & (CartCoupon.key == key)
    gone = CartCoupon.removed_at.is_(None) & (CartCoupon.state != "used")
    db.session.execute(update(CartCoupon).where(mine, gone).values(removed_at=clock.now()))


@dataclass(frozen=True)
class Ask:
    """An order as a shop says it, and what it says of coupons on it; None: by the lines' discounts."""

    shop_id: int
    external_id: str
    snapshot: Snapshot
    seen: Seen | None = None


@dataclass(frozen=True)
class Note:
    """What to write down of coupons, once their order is taken in."""

    coupons: tuple[CartCoupon, ...]
    external_id: str
    read: Understood


def understand(asks: Sequence[Ask]) -> list[tuple[Snapshot, Note | None]]:
    """Read orders that name coupons of ours as paid in bonuses; others stay as they are. Writes nothing."""
    names = {(ask.shop_id, code) for ask in asks for code in ask.snapshot.coupons}
    known = queries.named(names) if names else {}
    return [_read(ask, known) if known else (ask.snapshot, None) for ask in asks]


def _read(
    ask: Ask, known: Mapping[tuple[int, str], Sequence[Owned]]
) -> tuple[Snapshot, Note | None]:
    found: list[Owned] = []
    for code in ask.snapshot.coupons:
        rows = known.get((ask.shop_id, key_of(code)), ())
        one = min(rows, key=lambda each: _fits(each, ask), default=None)
        if one is not None and all(one.row.member_id == other.row.member_id for other in found):
            found.append(one)
    if not found:
        return ask.snapshot, None
    first = min(found, key=lambda each: _fits(each, ask))
    seen = ask.seen or Seen(
        {}, {line.id: line.discount for line in ask.snapshot.lines}, after=False
    )
    given = Given(
        codes=tuple(one.row.code for one in found),
        amount=sum(one.row.amount for one in found),
        reference=first.row.reference,
        customer=first.customer,
        email=first.email,
    )
    read = understood(ask.snapshot, given, seen)
    return read.snapshot, Note(tuple(one.row for one in found), ask.external_id, read)


def _fits(one: Owned, ask: Ask) -> tuple[int, int]:
    """Return a lower number for the coupon that the order more likely means."""
    row = one.row
    if row.order_key == ask.external_id:
        return 0, -row.id
    return (1 if row.state in queries.OPEN else 2 if row.order_key is None else 3), -row.id


def note(notes: Iterable[Note | None]) -> None:
    """Write down which orders named coupons, once they are taken in; a replay writes nothing."""
    for each in notes:
        if each is None:
            continue
        for row in each.coupons:
            _note(row, each)


def _note(row: CartCoupon, said: Note) -> None:
    fresh = row.order_key is None
    amount = sum(one.amount for one in said.coupons)
    words = set(odd(said.read, amount, row.state, row.order_key, said.external_id))
    if not fresh:
        words |= set((row.odd or "").split())
    values = {
        "state": "used",
        "order_key": row.order_key or said.external_id,
        "taken": said.read.taken if row.order_key in {None, said.external_id} else row.taken,
        "odd": " ".join(sorted(words)) or None,
        "closed_at": row.closed_at or clock.now(),
    }
    if all(getattr(row, name) == value for name, value in values.items()):
        return
    db.session.execute(update(CartCoupon).where(CartCoupon.id == row.id).values(**values))
    mine = (CartCode.shop_id == row.shop_id) & (CartCode.key == row.key)
    if row.connection_id is None:
        db.session.execute(
            update(CartCode).where(mine, CartCode.used_at.is_(None)).values(used_at=clock.now())
        )


def bring(shop_id: int, codes: Sequence[tuple[str, int]]) -> int:
    """Take in coupons that a shop made beforehand, each with its sum; return how many are new."""
    if len(codes) > MOST_CODES:
        raise DomainError("many", _("At most %(number)s codes at once.", number=MOST_CODES))
    known: dict[str, dict[str, Any]] = {}
    for code, amount in codes:
        key = key_of(code)
        row = {"shop_id": shop_id, "code": code, "key": key, "amount": amount}
        known.setdefault(key, row | {"added_at": clock.now()})
    rows = list(known.values())
    if not rows:
        return 0
    statement = insert(CartCode).values(rows).on_conflict_do_nothing()
    return len(db.session.scalars(statement.returning(CartCode.id)).all())


def drop_codes(shop_id: int) -> int:
    """Forget a shop's codes that nobody was shown; return how many there were."""
    free = CartCode.member_id.is_(None) & CartCode.used_at.is_(None)
    rows = db.session.scalars(
        delete(CartCode).where(CartCode.shop_id == shop_id, free).returning(CartCode.id)
    )
    return len(rows.all())


def find(shop_id: int, customer: str, public_name: str) -> CartCoupon:
    """Return a customer's own coupon. Raises NotFound."""
    member = members.by_external(shop_id, customer)
    row = queries.coupon(shop_id, member.id, public_name) if member is not None else None
    if row is None:
        raise NotFound
    return row


def get(coupon_id: int) -> CartCoupon:
    """Return a coupon as it now stands. Raises NotFound."""
    row = queries.by_id(coupon_id)
    if row is None:
        raise NotFound
    return row


def prune() -> None:
    """Forget coupons that ended long ago without an order, and that no order can name any more.

    One that the shop was not seen to have lost may come on an order yet. Of a code of the shop's own, which
    goes on holding, the newest stays: it says whose it is. Those that orders named stay with their orders.
    """
    newer = aliased(CartCoupon)
    same = (newer.shop_id == CartCoupon.shop_id) & (newer.key == CartCoupon.key)
    later = exists().where(same, newer.id > CartCoupon.id, newer.tenant_id == CartCoupon.tenant_id)
    gone = CartCoupon.connection_id.is_not(None) & CartCoupon.removed_at.is_not(None)
    unused = CartCoupon.state.in_(("let_go", "ended", "failed")) & CartCoupon.order_key.is_(None)
    old = CartCoupon.closed_at < clock.now() - KEPT
    overtaken = CartCoupon.connection_id.is_(None) & later
    db.session.execute(delete(CartCoupon).where(unused, old, gone | overtaken))
