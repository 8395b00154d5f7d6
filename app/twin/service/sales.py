"""A test sale: click, order, end of the hold, payout; and all of it undone by counter entries."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import func, select

from app import clock
from app.adjustments import service as adjustments
from app.adjustments.rules import Act, Wish
from app.attribution.clicks import count_click
from app.commissions.queries import deal_view
from app.errors import Conflict, DomainError, FieldError, NotFound
from app.events.service import actor, record
from app.extensions import db
from app.intake import service as intake
from app.ledger.queries import guarded_balances
from app.ledger.rules import available
from app.orders.rules import Customer, Line, Snapshot, State
from app.orders.service import Incoming
from app.partners import service as partners
from app.payouts import queries as payout_queries
from app.payouts import service as payouts
from app.tenancy import current_tenant, public_id
from app.tenants import queries as tenants
from app.twin import queries
from app.twin.models import TestSale
from app.twin.rules import HOP, LARGEST_SALE
from app.twin.service.clock import move_to

if TYPE_CHECKING:
    from app.orders.service import Standing
    from app.partners.models import Partner
    from app.tenants.models import Shop, Tenant

SOURCE = "test"


def make(tenant: Tenant, shop: Shop, amount: int) -> TestSale:
    """Let a test partner sell something worth `amount` minor units, and pay him what he earned.

    The clock of test mode moves past the end of the hold. Raises NotFound for a live merchant,
    Conflict while another test sale stands, DomainError for a sum or words that cannot be.
    """
    if tenant.twin_of is None:
        raise NotFound
    if not 0 < amount <= LARGEST_SALE:
        message = _("The sum is too large.") if amount > 0 else _("The sum must be above zero.")
        raise DomainError("amount", message, FieldError("amount", message))
    _alone()
    if queries.standing_sale() is not None:
        raise Conflict("test_sale", _("A test sale stands already; undo it first."))
    partner = queries.partner_of_sales() or _partner()
    click = count_click(partner.refcode)
    if click is None:
        message = _("Name the domain of your first shop: a link has to lead somewhere.")
        raise DomainError("domain", message, FieldError("shop", message))
    order = _order(tenant, shop, amount, click)
    sale = TestSale(
        public_id=public_id("ts"),
        shop_id=shop.id,
        partner_id=partner.id,
        order_id=order.id,
        click=click,
        made_at=clock.now(),
        earned=_earned(order.id, partner.id),
    )
    db.session.add(sale)
    db.session.flush()
    record("test_sale.made", f"test_sale:{sale.id}", order_id=order.id, amount=amount)
    _mature(tenant, sale)
    return sale


def undo(tenant: Tenant, sale: TestSale) -> TestSale:
    """Take a test sale back: the order is cancelled and hidden, what it moved is countered.

    A payout that was paid stays paid, so what the cancelled order takes back is accrued again by
    hand: the partner stands as before the sale. Raises NotFound for a live merchant, Conflict when
    it was undone.
    """
    if tenant.twin_of is None:
        raise NotFound
    _alone()
    db.session.refresh(sale)
    if sale.undone_at is not None:
        raise Conflict("test_sale", _("This test sale was undone before."))
    order, payout = queries.order_of(sale), queries.payout_of(sale)
    intake.delete(sale.shop_id, order.external_id)
    if payout is not None:
        wish = Wish(sale.partner_id, Act.ACCRUE, payout.amount, _("The test sale was undone."))
        adjustments.book(f"ab_{sale.public_id.removeprefix('ts_')}", [wish], payout.currency)
    db.session.refresh(order)
    order.hidden_at = sale.undone_at = clock.now()
    record("test_sale.undone", f"test_sale:{sale.id}", order_id=order.id)
    return sale


def _alone() -> None:
    """Let nobody else make or undo a test sale of the merchant meanwhile."""
    name = func.hashtextextended(f"test_sale:{current_tenant()}", 0)
    db.session.execute(select(func.pg_advisory_xact_lock(name)))


def _partner() -> Partner:
    return partners.create(partners.NewPartner(name=_("Test partner")))


def _order(tenant: Tenant, shop: Shop, amount: int, click: str) -> Standing:
    """Take in a completed order of somebody new, as the shop would send it."""
    words = tenants.words(shop.id)
    word = next((w for w, state in words.words.items() if state == State.COMPLETED), None)
    if word is None:
        message = _("None of the shop's words means completed: no commission would ever be free.")
        raise DomainError("words", message, FieldError("shop", message))
    now, number = clock.now(), queries.buyer_number()
    said = Snapshot(
        status=word,
        currency=tenant.currency,
        created_at=now,
        completed_at=now,
        number=_("Test %(number)s", number=number),
        customer=Customer(id=f"test-buyer-{number}", name=_("Test buyer")),
        lines=(Line(id="1", quantity=Decimal(1), name=_("Test product"), price=amount),),
        click=click,
    )
    incoming = Incoming(
        shop_id=shop.id,
        external_id=f"test-sale-{number}-{public_id('ts')}",
        snapshot=said,
        state=State.COMPLETED,
        map_version=words.version,
        source=SOURCE,
        received_at=now,
    )
    return intake.apply(incoming).order


def _earned(order_id: int, partner_id: int) -> int:
    view = deal_view(order_id)
    shares = view.shares if view else ()
    return sum(share.amount for share in shares if share.partner_id == partner_id)


def _mature(tenant: Tenant, sale: TestSale) -> None:
    """Move the clock past the end of the hold, and pay what is free then."""
    view = deal_view(sale.order_id)
    ends = view.deal.matures_at if view else None
    if ends is not None:
        before = tenant.clock_offset
        move_to(tenant, max(ends, clock.now()) + HOP)
        sale.moved = tenant.clock_offset - before
    with clock.offset_by(tenant.clock_offset):
        if ends is not None:
            intake.rework([sale.order_id])
        sale.matured_at = clock.now()
        _pay(sale)
        db.session.flush()


def _pay(sale: TestSale) -> None:
    held = guarded_balances([available(sale.partner_id)]).get(available(sale.partner_id), 0)
    amount = min(sale.earned, held)
    if amount <= 0:
        return
    method = payout_queries.methods()[0].code
    payout = payouts.request_for(sale.partner_id, amount, method, actor())
    payouts.approve(payout.id, actor())
    payouts.pay(payout.id, actor())
    sale.payout_id = payout.id
