"""Tills kept, receipts taken and cancelled: each is an order like the shop's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import func, select

from app import clock
from app.bonuses import queries as bonuses
from app.checkout import service as checkout
from app.codes import queries as codes
from app.earnings import service as earnings
from app.errors import Conflict, DomainError, FieldError, NotFound
from app.events.service import actor, record
from app.extensions import db
from app.intake import service as intake
from app.members import queries as members
from app.money import to_decimal_string
from app.orders import service as orders
from app.orders.rules import State
from app.orders.service import Incoming
from app.tariffs import service as tariffs
from app.tenancy import current_tenant, public_id
from app.tenants import queries as tenants
from app.tills import queries
from app.tills.models import Till, TillReceipt
from app.tills.rules import Kind, Sale, Way, snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from app.checkout.rules import Bound, Cart
    from app.checkout.service import Quote
    from app.members.models import Member
    from app.orders.rules import Snapshot
    from app.orders.service import Standing
    from app.receipts.rules import Quoted
    from app.tenants.models import Tenant

SOURCE = "till"


def put(shop_id: int, external_id: str, name: str, kind: Kind, place: str) -> Till:
    """Make a till or change it; one that was out of use is in use again."""
    found = queries.by_external(shop_id, external_id)
    if found is None:
        found = Till(
            shop_id=shop_id,
            external_id=external_id,
            name=name,
            kind=kind.value,
            place=place,
            made_at=clock.now(),
        )
        db.session.add(found)
        db.session.flush()
        record("till.made", f"till:{found.id}", name=name, kind=kind.value, place=place)
        tariffs.count_tills(queries.count())
        return found
    before = _shown(found)
    found.name, found.kind, found.place, found.retired_at = name, kind.value, place, None
    _tell(found, before)
    return found


def make(shop_id: int, name: str, kind: Kind, place: str) -> Till:
    """Make a till that the shop's own programs do not name."""
    return put(shop_id, public_id("tl"), name, kind, place)


def change(till: Till, name: str, kind: Kind, place: str) -> None:
    """Give a till another name, kind or place."""
    before = _shown(till)
    till.name, till.kind, till.place = name, kind.value, place
    _tell(till, before)


def retire(till: Till, *, back: bool = False) -> None:
    """Take a till out of use, or bring it back; its receipts stay."""
    before = _shown(till)
    till.retired_at = None if back else till.retired_at or clock.now()
    _tell(till, before)


def _shown(till: Till) -> dict[str, object]:
    return {"name": till.name, "kind": till.kind, "place": till.place, "used": not till.retired_at}


def _tell(till: Till, before: dict[str, object]) -> None:
    db.session.flush()
    after = _shown(till)
    changes = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if "used" in changes:
        tariffs.count_tills(queries.count())
    if changes:
        record("till.changed", f"till:{till.id}", name=till.name, changes=changes)


def reckon(merchant: Tenant, till: Till, sale: Sale) -> Quote:
    """Say what a sale would pay in bonuses and earn, as `take` would take it; nothing is written.

    Raises DomainError for a code that is nobody's, and where bonuses are asked for and are off, or
    more of them than may be spent.
    """
    member = members.by_external(till.shop_id, sale.customer) if sale.customer else None
    spend = _spend(merchant, till, sale, member)
    found = _quote(merchant, till, replace(sale, spend=spend))
    if spend > found.quoted.most:
        most = to_decimal_string(found.quoted.most, merchant.currency)
        raise _refused("spend", _("At most %(amount)s may be paid in bonuses.", amount=most))
    return found


def _quote(merchant: Tenant, till: Till, sale: Sale) -> Quote:
    said = snapshot(sale, sale.spend or 0, till.external_id, merchant.currency, clock.now())

    def narrow(order: Standing) -> Sequence[Bound]:
        return earnings.bounds(merchant, order)

    def earn(said: Snapshot, member: int | None, _cart: Cart, quoted: Quoted) -> int:
        return earnings.foreseen_cart(merchant, till.shop_id, said, member, quoted)

    return checkout.quote(till.shop_id, said, earn, narrow)


def take(merchant: Tenant, till: Till, sale: Sale) -> TillReceipt:
    """Take a sale at a till: an order that is paid and handed over. The same receipt again is one.

    Raises DomainError on `amount`, `spend` or `code`, Conflict where the receipt's name is another's.
    """
    _alone(sale.receipt)
    made = queries.receipt(sale.receipt)
    if made is not None:
        if (made.till_id, made.amount) != (till.id, sale.amount):
            raise Conflict("other_receipt", _("This receipt was taken with another sum."))
        return made
    if till.retired_at is not None:
        raise Conflict("till_retired", _("This till is out of use."))
    member = members.by_external(till.shop_id, sale.customer) if sale.customer else None
    spend = _spend(merchant, till, sale, member)
    said = snapshot(sale, spend, till.external_id, merchant.currency, clock.now())
    order = _apply(merchant, till, sale.receipt, said, State.COMPLETED)
    row = TillReceipt(
        till_id=till.id,
        receipt=sale.receipt,
        order_id=order.id,
        member_id=member.id if member else None,
        actor=actor(),
        amount=sale.amount,
        spent=spend,
        made_at=clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    record(
        "till.receipt_made",
        f"till:{till.id}",
        receipt=sale.receipt,
        amount=sale.amount,
        spent=spend,
    )
    return row


def _spend(merchant: Tenant, till: Till, sale: Sale, member: Member | None) -> int:
    _check_code(till, sale)
    if sale.way is Way.EARN:
        return 0
    if member is None:
        raise _refused("spend", _("Find the customer first: bonuses are somebody's."))
    if sale.spend is not None:
        return sale.spend
    return _quote(merchant, till, replace(sale, spend=0)).quoted.most


def _apply(merchant: Tenant, till: Till, receipt: str, said: Snapshot, state: State) -> Standing:
    incoming = Incoming(
        shop_id=till.shop_id,
        external_id=f"till-{receipt}",
        snapshot=said,
        state=state,
        map_version=tenants.words(till.shop_id).version,
        source=SOURCE,
        received_at=clock.now(),
    )
    checkout.check(incoming, lambda order: earnings.bounds(merchant, order))
    applied = intake.apply(incoming)
    if applied.changed:
        checkout.insist(incoming, applied.order)
    return applied.order


def cancel(merchant: Tenant, row: TillReceipt) -> None:
    """Cancel a receipt: what it spent goes back, what it earned is taken. Twice is once."""
    _alone(row.receipt)
    db.session.refresh(row)
    if row.cancelled_at is not None:
        return
    till = queries.by_id(row.till_id)
    if till is None:
        raise NotFound
    now = clock.now()
    order = orders.find(till.shop_id, f"till-{row.receipt}")
    said = replace(order.folded.snapshot, status="cancelled", updated_at=_after(order, now))
    _apply(merchant, till, row.receipt, said, State.CANCELLED)
    row.cancelled_at = now
    db.session.flush()
    record("till.receipt_cancelled", f"till:{till.id}", receipt=row.receipt, amount=row.amount)


def _after(order: Standing, now: datetime) -> datetime:
    """Return a moment later than the order's own: the newer message wins."""
    said = order.folded.snapshot.updated_at
    return now if said is None else max(now, said + timedelta(milliseconds=1))


def balance(member_id: int) -> int:
    """Return what a customer can spend now, minor units."""
    return bonuses.balance(member_id).available


def _check_code(till: Till, sale: Sale) -> None:
    if sale.code is None:
        return
    found = codes.standing(sale.code, till.shop_id)
    if found is None:
        raise _refused("code", _("There is no such code."))
    if found.reason is not None:
        raise _refused("code", _("This code does not hold now."))


def _alone(receipt: str) -> None:
    """Two who press at once press one after the other."""
    name = f"till:{current_tenant()}:{receipt}"
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


def _refused(field: str, words: str) -> DomainError:
    return DomainError("invalid", words, FieldError(field, words))
