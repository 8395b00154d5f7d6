"""May this order spend what it says: asked before it is taken in, and once more after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _

from app.bonuses import queries as bonuses
from app.checkout import queries
from app.checkout.queries import cart_of
from app.checkout.rules import SPENDS_NOTHING, signature
from app.checkout.service.bounding import order_after, reasons, unbound
from app.checkout.service.quoting import account_of
from app.errors import DomainError, FieldError, NotFound
from app.money import to_decimal_string
from app.orders import service as orders
from app.tenants.queries import setting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.checkout.queries import Books
    from app.checkout.rules import Bound, Cart
    from app.checkout.service.bounding import Narrow
    from app.members.models import Member
    from app.orders.rules import Snapshot
    from app.orders.service import Incoming, Standing

FIELD = "bonus.spend"


def check(incoming: Incoming, narrow: Narrow = unbound) -> None:
    """Refuse a message that spends more bonuses than may be: nothing is written.

    `narrow`: how rules are asked. Raises DomainError on `bonus.spend`: loyalty is off, the customer has
    no account, has fewer, the cart takes fewer, or the sum is off the program's steps. What the order
    has spent counts as his. A message that is older than the newest, that cancels, or changes nothing
    of it, is not asked.
    """
    said = incoming.snapshot
    if not said.bonus_spend or incoming.state in SPENDS_NOTHING:
        return
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
        raise refusal(_("Bonuses are not switched on."))
    member = account_of(incoming.shop_id, said)
    if member is None:
        raise refusal(_("No bonus account belongs to this customer."))
    _may(incoming, member, book, narrow(order_after(incoming, order, member.id)))


def _stands(book: Books, said: Snapshot) -> bool:
    version = book.version
    return version is not None and version.signature == signature(said, said.bonus_spend)


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
    if not said.bonus_spend or order.folded.state in SPENDS_NOTHING or not setting("loyalty"):
        return
    version = queries.books([order.id])[order.id].version
    if version is None or version.amount < said.bonus_spend:
        have = to_decimal_string(version.amount if version else 0, said.currency)
        raise refusal(_("The customer has %(amount)s bonuses.", amount=have))


def refusal(message: str, field: str = FIELD) -> DomainError:
    """Return the refusal of an order or a cart that spends what it may not."""
    return DomainError(
        "invalid", _("The order cannot be taken as it is."), FieldError(field, message)
    )
