"""May this order spend what it says: asked before it is taken in, and once more after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _

from app.bonuses import queries as bonuses
from app.checkout import queries
from app.checkout.queries import cart_of
from app.checkout.rules import SPENDING, SPENDS_NOTHING, signature
from app.checkout.service.bounding import order_after, reasons, unbound
from app.checkout.service.quoting import account_of
from app.errors import DomainError, FieldError, NotFound
from app.money import to_decimal_string
from app.orders import service as orders
from app.tenants.queries import in_shadow, setting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.bonuses.rules import Program
    from app.checkout.queries import Books
    from app.checkout.rules import Bound, Cart
    from app.checkout.service.bounding import Narrow
    from app.members.models import Member
    from app.orders.rules import Snapshot
    from app.orders.service import Incoming, Standing

FIELD = "bonus.spend"
MONEY_FIELD = "bonus.spend_partner"


def check(incoming: Incoming, narrow: Narrow = unbound) -> None:
    """Refuse a message that spends more bonuses, or partner money, than may be: nothing is written.

    `narrow`: how rules are asked. Raises DomainError on `bonus.spend`: loyalty is off, the customer has
    no account, has fewer, the cart takes fewer, or the sum is off the program's steps; on
    `bonus.spend_partner` likewise. What the order has spent counts as his. A message that is older than
    the newest, that cancels, or changes nothing of it, is not asked.
    """
    said = incoming.snapshot
    if not _spends(said) or said.bonus_hold or incoming.state in SPENDS_NOTHING:
        return  # what a coupon has taken off in the cart is given already
    field = FIELD if said.bonus_spend else MONEY_FIELD
    book, order = None, None
    try:
        order = orders.find(incoming.shop_id, incoming.external_id)
    except NotFound:
        pass
    else:
        book = queries.books([order.id])[order.id]
        if order.folded.key > incoming.message.key or _stands(book, said):
            return
    if not setting("loyalty"):
        raise refusal(_("Bonuses are not switched on."), field)
    if in_shadow():
        raise refusal(_("Bonuses cannot be spent before the program goes live."), field)
    member = account_of(incoming.shop_id, said)
    if member is None:
        raise refusal(_("No bonus account belongs to this customer."), field)
    _may(incoming, member, book, narrow(order_after(incoming, order, member.id)))


def _stands(book: Books, said: Snapshot) -> bool:
    version = book.version
    mark = signature(said, said.bonus_spend, said.partner_spend)
    return version is not None and version.signature == mark


def _spends(said: Snapshot) -> bool:
    return bool(said.bonus_spend or said.partner_spend)


def _may(incoming: Incoming, member: Member, book: Books | None, bounds: Sequence[Bound]) -> None:
    said, shop_id = incoming.snapshot, incoming.shop_id
    available, wish = bonuses.balance(member.id).available, said.bonus_spend
    reserved = queries.open_holds(shop_id, incoming.external_id, member.id)
    available += sum(one.amount for one in reserved)
    if book is not None and book.version is not None and book.version.member_id == member.id:
        available += book.net + sum(one.amount for one in book.open if not one.shops)
    program = bonuses.program(said.created_at)
    cart = cart_of(shop_id, said, program, None, bounds)
    if wish > available:
        have = to_decimal_string(available, said.currency)
        raise refusal(_("The customer has %(amount)s bonuses.", amount=have))
    refuse_unfit(wish, cart, cart.most(available), bounds, said.currency)
    if said.partner_spend:
        own = sum(one.money for one in reserved)
        own += book.money.net if book is not None else 0
        refuse_money(said, cart, program, member.id, own)


def refuse_money(
    said: Snapshot,
    cart: Cart | None,
    program: Program,
    member_id: int,
    own: int,
    field: str = MONEY_FIELD,
) -> None:
    """Refuse partner money that may not pay the cart. `own`: minor units that are taken for it already."""
    wish, payer = said.partner_spend, queries.payer(member_id)
    most = cart.most_money(said.bonus_spend) if cart is not None else wish
    if program.partner_mode not in SPENDING:
        raise refusal(_("The shop does not offer this."), field)
    if payer is None and not own:
        raise refusal(_("No partner money belongs to this customer."), field)
    if wish > (available := queries.money_of(payer) + own):
        have = to_decimal_string(available, said.currency)
        raise refusal(_("The customer has %(amount)s of partner money.", amount=have), field)
    if wish > most:
        sum_ = to_decimal_string(most, said.currency)
        raise refusal(_("At most %(amount)s may be paid with partner money.", amount=sum_), field)


def refuse_unfit(
    wish: int, cart: Cart, most: int, bounds: Sequence[Bound], currency: str, field: str = FIELD
) -> None:
    """Refuse what a cart does not take, with what rules say of it. Raises DomainError on the field."""
    step = cart.limits.step
    if wish > most:
        sum_ = to_decimal_string(most, currency)
        found = _("At most %(amount)s may be paid in bonuses.", amount=sum_)
    elif wish % step:
        sum_ = to_decimal_string(step, currency)
        found = _("Bonuses are spent in steps of %(amount)s.", amount=sum_)
    else:
        return
    raise refusal(" ".join([found, *reasons(bounds, currency)]), field)


def insist(incoming: Incoming, order: Standing) -> None:
    """Refuse, after a message was taken in, where its customer's bonuses went elsewhere meanwhile.

    The caller's transaction must not be committed then. A message that is not the newest says nothing.
    """
    said = order.folded.snapshot
    if order.folded.key != incoming.message.key:
        return
    settled = said.bonus_hold or order.folded.state in SPENDS_NOTHING
    if not _spends(said) or settled or not setting("loyalty"):
        return
    version = queries.books([order.id])[order.id].version
    if said.partner_spend and (version is None or version.money < said.partner_spend):
        have = to_decimal_string(version.money if version else 0, said.currency)
        message = _("The customer has %(amount)s of partner money.", amount=have)
        raise refusal(message, MONEY_FIELD)
    if version is None or version.amount < said.bonus_spend:
        have = to_decimal_string(version.amount if version else 0, said.currency)
        raise refusal(_("The customer has %(amount)s bonuses.", amount=have))


def refusal(message: str, field: str = FIELD) -> DomainError:
    """Return the refusal of an order or a cart that spends what it may not."""
    return DomainError(
        "invalid", _("The order cannot be taken as it is."), FieldError(field, message)
    )
