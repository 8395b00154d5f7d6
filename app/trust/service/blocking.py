"""Block a partner with all that is to follow, in one act, and undo the act whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask_babel import gettext
from sqlalchemy import false, func, select, update

from app import clock, sql
from app.adjustments import service as adjustments
from app.adjustments.rules import Act
from app.adjustments.rules import Wish as ByHand
from app.commissions.models import Deal
from app.errors import Conflict, DomainError, FieldError, NotFound
from app.events.service import actor
from app.extensions import db
from app.fraud.models import File
from app.fraud.rules import Standing, Word
from app.ledger.queries import PartnerBalance, partner_balances
from app.links.models import Link
from app.orders.models import Order
from app.partners import queries as partner_queries
from app.partners import service as partners
from app.partners.rules import Status
from app.payouts import service as payouts
from app.payouts.models import Payout, PayoutMethod
from app.payouts.rules import LIFECYCLE as PAYOUTS
from app.payouts.rules import OPEN
from app.payouts.rules import State as PayoutState
from app.tenancy import public_id
from app.trust.models import Block
from app.trust.rules import MOST_DEALS, REASON, Money, Wish
from app.trust.service import decisions

if TYPE_CHECKING:
    from sqlalchemy import Select

    from app.partners.models import Partner

CLOSED = ("cancelled", "refunded")


@dataclass(frozen=True)
class Preview:
    """What a block would do, in figures: minor units, and counts."""

    deals: int  # that would be refused
    refused: int  # their commission at all levels
    written_off: int
    before: PartnerBalance
    after: PartnerBalance
    request: Payout | None  # an open payout
    rejects: bool  # whether it would be rejected
    links: int


def preview(partner: Partner, wish: Wish, currency: str) -> Preview:
    """Return what a block would do: it is done, looked at, and not kept. Raises as `block`."""
    before, request = partner_balances([partner.id])[partner.id], _open_payout(partner.id)
    refused = sum(row.commission for row in db.session.execute(_deals(partner.id, wish)))
    with sql.tried():
        effects = block(partner, wish, currency).effects
        after = partner_balances([partner.id])[partner.id]
    count = select(func.count()).select_from(Link).where(Link.partner_id == partner.id)
    return Preview(
        deals=effects["deals"],
        refused=refused,
        written_off=effects.get("written_off", 0),
        before=before,
        after=after,
        request=request,
        rejects="request" in effects,
        links=db.session.scalar(count) or 0,
    )


def block(partner: Partner, wish: Wish, currency: str) -> Block:
    """Block a partner from now on, and do with deals, money, requests and links as wished.

    One transaction; the act's id undoes all of it. Raises Conflict where he is not active,
    DomainError (422) without a reason, for a time to come, and for more than MOST_DEALS deals.
    """
    _check(partner, wish)
    _supersede(partner)
    partners.block(partner, wish.reason, letter=wish.letter)
    partner.pays_blocked = wish.money is Money.KEEP
    partner.links_off = wish.links_off
    effects: dict[str, Any] = {"deals": 0}
    if wish.refuse_from is not None:
        ids = [row.order_id for row in db.session.execute(_deals(partner.id, wish))]
        if ids:
            act, many = decisions.decide(Word.REFUSE, ids, wish.reason, MOST_DEALS)
            effects |= {"act": act, "deals": many}
    request = _open_payout(partner.id)
    if wish.reject and request is not None and _may_reject(request):
        payouts.reject(request.id, wish.reason, actor())
        effects["request"] = _kept(request)
    if wish.money is Money.WRITE_OFF and _available(partner.id):
        written = ByHand(partner.id, Act.EXPIRE, None, wish.reason)
        batch = adjustments.book(public_id("ab"), [written], currency)
        effects |= {"batch": batch.public_id, "written_off": -batch.total}
    made = Block(
        public_id=public_id("bl"),
        partner_id=partner.id,
        reason=wish.reason.strip(),
        letter=wish.letter,
        refuse_from=wish.refuse_from,
        money=wish.money.value,
        reject=wish.reject,
        links_off=wish.links_off,
        effects=effects,
        actor=actor(),
        at=clock.now(),
        undone_at=None,
        undone_by=None,
    )
    db.session.add(made)
    db.session.flush()
    return made


def lift(block_public_id: str, currency: str) -> Block:
    """Undo a block whole.

    He earns again from now on, refused deals are judged as before, what was written off is given back,
    and a request that was rejected is made anew where that is possible.
    What staff decided otherwise meanwhile stays. Raises NotFound; Conflict where it was undone.
    """
    found = db.session.scalar(
        select(Block).where(Block.public_id == block_public_id).with_for_update()
    )
    if found is None:
        raise NotFound
    if found.undone_at is not None:
        raise Conflict("undone", gettext("This block was lifted already."))
    partner = partner_queries.by_id(found.partner_id)
    if partner is None:
        raise NotFound
    if partner.status == Status.BLOCKED:
        partners.unblock(partner, letter=found.letter)
    partner.pays_blocked = partner.links_off = False
    left = dict(found.effects)
    if "act" in left:
        _unless_done(lambda: decisions.undo(left["act"]))
    if "batch" in left:
        _unless_done(lambda: adjustments.undo_batch(left["batch"], currency))
    if "request" in left:
        left["asked_again"] = _ask_again(partner, left["request"])
    found.effects, found.undone_at, found.undone_by = left, clock.now(), actor()
    db.session.flush()
    return found


def _check(partner: Partner, wish: Wish) -> None:
    if not wish.reason.strip() or len(wish.reason) > REASON:
        words = gettext("Say why: it is kept with the block.")
        raise DomainError("reason_missing", words, FieldError("reason", words))
    if wish.refuse_from is not None and wish.refuse_from > clock.now():
        words = gettext("This is in the future: later sales earn nothing anyway.")
        raise DomainError("future", words, FieldError("refuse_from", words))
    many = select(func.count()).select_from(_deals(partner.id, wish).subquery())
    if wish.refuse_from is not None and (db.session.scalar(many) or 0) > MOST_DEALS:
        words = gettext("At most %(most)s deals at once: choose a later day.", most=MOST_DEALS)
        raise DomainError("too_many", words, FieldError("refuse_from", words))


def _supersede(partner: Partner) -> None:
    """Close a block that was ended another way, by the interface or by hand."""
    ended = {"undone_at": clock.now(), "undone_by": actor()}
    open_ = (Block.partner_id == partner.id) & Block.undone_at.is_(None)
    db.session.execute(update(Block).where(open_).values(ended))


def _deals(partner_id: int, wish: Wish) -> Select[Any]:
    """The partner's deals since then that pay something, and were not refused before."""
    refused = select(File.order_id).where(File.standing == Standing.REFUSED.value)
    columns: tuple[Any, ...] = (Deal.order_id, Deal.commission)
    return (
        select(*columns)
        .join(Order, (Order.tenant_id == Deal.tenant_id) & (Order.id == Deal.order_id))
        .where(
            Deal.partner_id == partner_id,
            false() if wish.refuse_from is None else Deal.created_at >= wish.refuse_from,
            Order.state.not_in(CLOSED),
            Deal.order_id.not_in(refused),
        )
    )


def _open_payout(partner_id: int) -> Payout | None:
    states = [state.value for state in OPEN]
    query = select(Payout).where(Payout.partner_id == partner_id, Payout.state.in_(states))
    return db.session.scalar(query)


def _may_reject(request: Payout) -> bool:
    return PAYOUTS.allows(PayoutState(request.state), "reject")


def _kept(request: Payout) -> dict[str, Any]:
    method = db.session.scalar(
        select(PayoutMethod.code).where(PayoutMethod.id == request.method_id)
    )
    return {"payout": request.public_id, "amount": request.amount, "method": method}


def _available(partner_id: int) -> int:
    return partner_balances([partner_id])[partner_id].available


def _ask_again(partner: Partner, request: dict[str, Any]) -> str | None:
    """Make the rejected request anew; None where the money or the method is not there any more."""
    try:
        made = payouts.request_for(partner.id, request["amount"], request["method"], actor())
    except DomainError:
        return None
    return made.public_id


def _unless_done(act: Any) -> None:
    """Take an effect back, unless somebody has taken it back before."""
    try:
        act()
    except Conflict:
        return
