"""Bonuses that a shop reserves for an order by its own calls: hold, capture, void."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from flask_babel import gettext as _

from app import clock
from app.bonuses import queries as bonuses
from app.bonuses import service
from app.checkout import queries
from app.checkout.models import CheckoutHold
from app.checkout.rules import lay, rows_to_json
from app.checkout.service import money
from app.checkout.service.bounding import order_of_cart, unbound
from app.checkout.service.checking import refusal, refuse_money, refuse_unfit
from app.checkout.service.quoting import account_of
from app.errors import Conflict, DomainError, NotFound
from app.extensions import db
from app.members import service as members
from app.money import to_decimal_string
from app.orders import service as orders
from app.tenancy import public_id
from app.tenants.queries import refuse_in_shadow, setting

if TYPE_CHECKING:
    from datetime import datetime

    from app.checkout.rules import Laid
    from app.checkout.service.bounding import Narrow
    from app.members.models import Member
    from app.orders.rules import Snapshot
    from app.orders.service import Standing

FIELD = "spend"
MONEY_FIELD = "spend_partner"


@dataclass(frozen=True)
class Reserved:
    """A shop's hold as it now stands."""

    row: CheckoutHold
    state: str
    until: datetime
    order_id: int | None = None  # the order that it was spent for, if that is there


def hold(
    shop_id: int,
    snapshot: Snapshot,
    order_key: str | None,
    narrow: Narrow = unbound,
    until: datetime | None = None,
    prefix: str = "hd",
) -> Reserved:
    """Reserve the snapshot's `bonus_spend` and `partner_spend` of its customer for a while.

    `until`: else as long as the program says. `prefix`: of the outside id.

    With lines it must be what they take, and lies on them as a quote says. A new hold for the same
    order replaces one that is open. `narrow`: how rules are asked. Raises DomainError on `spend`,
    `spend_partner` or `member`.
    """
    if not setting("loyalty"):
        raise DomainError("no_loyalty", _("Bonuses are not switched on."))
    refuse_in_shadow()
    member = account_of(shop_id, snapshot)
    if member is None:
        raise refusal(_("No bonus account belongs to this customer."), "member")
    members.lock([member.id])
    for earlier in queries.open_holds(shop_id, order_key, member.id) if order_key else ():
        _let_go(earlier)
    service.bring_up([member.id])
    payer = _payer(snapshot, member)
    laid = _allowed(shop_id, snapshot, member, narrow)
    name = public_id(prefix)
    program = bonuses.program()
    until = until or clock.now() + timedelta(minutes=program.hold_minutes)
    row = CheckoutHold(
        public_id=name,
        shop_id=shop_id,
        order_key=order_key,
        member_id=member.id,
        amount=snapshot.bonus_spend,
        money=snapshot.partner_spend,
        reference=f"hold:{name}",
        lines=_lines(laid) if laid is not None else None,
        rows=rows_to_json(laid.receipt.rows) if laid is not None else None,
        made_at=clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    if row.amount:
        service.hold(member.id, row.amount, row.reference, until)
    if row.money and payer is not None:
        money.hold(payer, row.money, row.money_reference, until, about=order_key)
    return _reserved(row)


def _payer(snapshot: Snapshot, member: Member) -> int | None:
    """Return whose partner money is asked for, with that money locked."""
    found = queries.payer(member.id) if snapshot.partner_spend else None
    money.lock([found] if found is not None else [])
    return found


def _allowed(shop_id: int, snapshot: Snapshot, member: Member, narrow: Narrow) -> Laid | None:
    """Lay the wish over the lines, where there are some. Raises DomainError for what may not be."""
    wish, available = snapshot.bonus_spend, bonuses.balance(member.id).available
    program = bonuses.program()
    if not wish and not snapshot.partner_spend:
        raise refusal(_("This must be above zero."), FIELD)
    if wish > available:
        have = to_decimal_string(available, snapshot.currency)
        raise refusal(_("The customer has %(amount)s bonuses.", amount=have), FIELD)
    if wish % program.step:
        step = to_decimal_string(program.step, snapshot.currency)
        raise refusal(_("Bonuses are spent in steps of %(amount)s.", amount=step), FIELD)
    if not snapshot.lines:
        if snapshot.partner_spend:
            refuse_money(snapshot, None, program, member.id, 0, MONEY_FIELD)
        return None
    bounds = narrow(order_of_cart(shop_id, snapshot, member.id))
    cart = queries.cart_of(shop_id, snapshot, program, None, bounds)
    refuse_unfit(wish, cart, cart.most(available), bounds, snapshot.currency, FIELD)
    if snapshot.partner_spend:
        refuse_money(snapshot, cart, program, member.id, 0, MONEY_FIELD)
    return lay(cart, wish, snapshot.partner_spend)


def _lines(laid: Laid) -> list[list[str | int]]:
    return [
        [one.line, share + paid]
        for one, share, paid in zip(laid.goods, laid.shares, laid.moneys, strict=True)
    ]


def capture(shop_id: int, name: str, order_key: str | None = None) -> Reserved:
    """Spend what a shop reserved, for the order that the hold names or that is named now.

    Once, and never what was let go (Conflict); said twice it answers the same. The order that is
    answered is to be reconciled then: by what it pays in bonuses its partner earns less. Raises NotFound.
    """
    row = _held(shop_id, name)
    if order_key is not None and row.order_key not in {None, order_key}:
        raise Conflict("other_order", _("These bonuses are held for another order."))
    members.lock([row.member_id])
    order = _order(shop_id, order_key or row.order_key)
    if row.order_key is None and order_key is not None:
        row.order_key = order_key
        db.session.flush()
    if row.amount:
        service.capture(row.reference, f"{row.reference}:spend", order.id if order else None)
    if row.money:
        money.capture(row.money_reference)
    mine = order is not None and order.member_id == row.member_id
    return replace(_reserved(row), order_id=order.id if order is not None and mine else None)


def _order(shop_id: int, order_key: str | None) -> Standing | None:
    """Return an order under its lock, if there is one and it is this customer's."""
    if order_key is None:
        return None
    try:
        seen = orders.find(shop_id, order_key)
    except NotFound:
        return None
    return orders.lock([seen.id])[seen.id]


def void(shop_id: int, name: str) -> Reserved:
    """Let go what a shop reserved; once, and never what was spent (Conflict). Raises NotFound."""
    row = _held(shop_id, name)
    members.lock([row.member_id])
    _let_go(row)
    return _reserved(row)


def _let_go(row: CheckoutHold) -> None:
    if row.amount:
        service.void(row.reference)
    if row.money:
        money.void(row.money_reference)


def _held(shop_id: int, name: str) -> CheckoutHold:
    row = queries.hold(shop_id, name)
    if row is None:
        raise NotFound
    return row


def _reserved(row: CheckoutHold) -> Reserved:
    found = (
        queries.hold_of(row.reference) if row.amount else queries.money_hold_of(row.money_reference)
    )
    if found is None:
        raise NotFound
    return Reserved(row, found.state, found.until)
