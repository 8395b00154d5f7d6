"""What is due, what is booked, and the difference: for all orders of the customers concerned."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from app import sql
from app.attribution.rules import verdicts
from app.attribution.service import (
    Customer,
    keep_bindings,
    keep_enrolments,
    keep_verdicts,
    read_journals,
)
from app.billing.service import SETTLE
from app.checkout import service as checkout
from app.checkout.queries import as_paid
from app.codes import service as codes
from app.commissions import service as commissions
from app.commissions.queries import booked
from app.commissions.rules import share_out
from app.earnings import service as earnings
from app.errors import Retry
from app.events import service as events
from app.extensions import kick_after_commit
from app.facts import service as facts
from app.fraud import service as fraud
from app.intake.service.judging import judge, tenant, world_without
from app.ledger import service as ledger
from app.ledger.service import AlreadyPosted
from app.members import service as members
from app.orders import service as orders
from app.orders.rules import State
from app.tenants.models import Tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from app.attribution.service import Journal
    from app.commissions.rules import DueResult
    from app.commissions.service import ByHand, Shown
    from app.events.service import Happened
    from app.ledger.service import Posting
    from app.orders.service import Standing
    from app.tenants.models import Tenant

AVAILABLE = re.compile(r"partner:\d+:available")
PAYS_NOTHING = frozenset({State.CANCELLED, State.REFUNDED})
_NOBODY: ByHand = MappingProxyType({})


def in_turn() -> None:
    """Wait, before anything else is locked, where caps of a month make orders of customers move others'."""
    commissions.in_turn()


def hold(seen: Sequence[Standing], others: Iterable[int | None] = ()) -> list[Standing]:
    """Lock customers, and `others`, then the orders; return the orders as they are under the locks.

    Raises Retry when one has gone to another customer meanwhile.
    """
    members.lock([*(order.member_id for order in seen), *others])
    return list(locked_again(seen).values())


def locked_again(seen: Iterable[Standing]) -> dict[int, Standing]:
    """Lock orders whose customers are held; raises Retry when one has gone to another meanwhile."""
    seen = list(seen)
    locked = orders.lock(order.id for order in seen)
    for order in seen:
        now = locked[order.id]
        if (now.member_id, now.guest_id) != (order.member_id, order.guest_id):
            raise Retry("an order went to another customer meanwhile")
    return locked


def reconcile(
    changed: Sequence[Standing],
    of: Iterable[int | None],
    *,
    alone: Collection[int] = frozenset(),
    by_hand: ByHand = _NOBODY,
) -> Sequence[Posting]:
    """Compute what is due to the orders and to all others of the customers `of`; book the difference.

    The callers hold the customers' locks; `alone` are those who have no other orders. A guest who
    cannot be told apart is never bound: each of his orders stands alone. `by_hand` says why staff set what
    levels of an order earn. A replay posts nothing. Returns what was posted.
    """
    known = {member_id for member_id in of if member_id is not None}
    by_member: dict[int | None, list[Standing]] = {m: [] for m in sorted(known)}
    alone = known & set(alone)
    for order in (
        *orders.of_members(known - alone),
        *(order for order in changed if order.member_id in alone),
    ):
        by_member[order.member_id].append(order)
    customers = _customers(changed, by_member)
    narrow = partial(earnings.bounds, tenant())
    with facts.remembered():
        checkout.reconcile([order for own in customers for order in own], narrow)
        customers = as_paid(customers)
        posted = _settle(customers, by_hand)
        earnings.reconcile(tenant(), customers)
    without = [m for m, own in by_member.items() if m is not None and not own]
    earnings.emptied(without)
    _settle_without(without)
    return posted


def spend_again(order_id: int) -> Standing:
    """Take what an order wished to spend of bonuses and partner money and could not, as far as it now may.

    Returns the order; raises NotFound, Retry when it has gone to another customer meanwhile.
    """
    in_turn()
    [order] = hold([orders.get(order_id)])
    checkout.reconcile([order], partial(earnings.bounds, tenant()), anew=True)
    reconcile([order], [order.member_id])
    return order


def _settle_without(member_ids: Sequence[int]) -> None:
    """Bind customers who have no orders, or none any more, by what came with their registration."""
    if not member_ids:
        return
    merchant = tenant()
    journals = read_journals([Customer(m, {}) for m in member_ids], ())
    world = world_without(merchant, journals)
    results = [verdicts((), journal.enrolments, world) for journal in journals]
    keep_enrolments(
        (journal, found.enrolments) for journal, found in zip(journals, results, strict=True)
    )
    keep_bindings(
        (m, found.binding, journal)
        for m, journal, found in zip(member_ids, journals, results, strict=True)
    )


def _customers(
    changed: Iterable[Standing], by_member: Mapping[int | None, Sequence[Standing]]
) -> list[Sequence[Standing]]:
    """Return all orders of each customer, and each order of a nobody by itself."""
    settled = {order.id for own in by_member.values() for order in own}
    nobodies = [[order] for order in changed if order.id not in settled]
    return [*(own for own in by_member.values() if own), *nobodies]


def _others(order_ids: Collection[int]) -> list[Sequence[Standing]]:
    """Hold the customers of orders that a cap leaves another sum, with all their orders."""
    held = hold(orders.get_all(order_ids))
    by_member: dict[int | None, list[Standing]] = defaultdict(list)
    for order in orders.of_members({o.member_id for o in held if o.member_id is not None}):
        by_member[order.member_id].append(order)
    return as_paid(_customers(held, by_member))


def _settle(customers: Sequence[Sequence[Standing]], by_hand: ByHand) -> Sequence[Posting]:
    """Due, booked, difference: for all orders of each customer, or one order of a nobody.

    Where a code's limit or a cap of a month leaves other orders another sum, their customers are
    settled along.
    """
    merchant = tenant()
    standing = {order.id: order for own in customers for order in own}
    fresh = {order.id for order in standing.values() if order.fresh}
    asked, journals, results = judge(merchant, customers, fresh, hold=True)
    moved = codes.keep(
        [use for journal in journals for use in journal.uses],
        [use for journal in journals for use in journal.used],
    ) - set(standing)
    if moved:
        return _settle([*customers, *_others(moved)], by_hand)
    before = commissions.shown(sorted(standing.keys() - fresh))
    asks = [ask for result in results for ask in result.asked]
    month = commissions.hold(standing, asks, before.asks)
    results, served = share_out(results, month.taken)
    if moved := month.moved(served):
        return _settle([*customers, *_others(moved)], by_hand)
    found = list(zip(asked, journals, results, strict=True))
    keep = partial(month.keep, served, merchant.currency)
    return _write(merchant, standing, found, before, keep, by_hand)


def _write(
    merchant: Tenant,
    standing: Mapping[int, Standing],
    found: Sequence[tuple[Customer, Journal, DueResult]],
    before: Shown,
    keep_caps: Callable[[], list[Happened]],
    by_hand: ByHand,
) -> Sequence[Posting]:
    """Post the difference between due and booked, and write what pages and disputes read."""
    deals = [deal for _customer, _journal, result in found for deal in result.deals]
    fresh = {order.id for order in standing.values() if order.fresh}
    known = sorted(standing.keys() - fresh)
    booking = commissions.prepare(
        deals,
        booked(known) if known else {},
        merchant.currency,
        lambda order_id: orders.next_booking(standing[order_id]),
        by_hand,
    )
    created = {order.id: order.folded.snapshot.created_at for order in standing.values()}
    codes = {w: code for _c, journal, _r in found for w, code in journal.displays.items()}
    if any(AVAILABLE.match(move.target) for posting in booking.postings for move in posting.moves):
        kick_after_commit(SETTLE)  # where settlement is automatic, whoever is next is paid now
    with sql.together():
        receipt = ledger.send_all(booking.postings, merchant.currency)
        orders.number_bookings({i: n for i, n in booking.numbers.items() if i not in fresh})
        shown = commissions.show(deals, created, merchant.currency, codes, before)
        held = fraud.keep(
            ((d.order_id, d.partner_id, d.case, d.seen) for d in deals),
            {d.order_id for d in deals if d.state in PAYS_NOTHING},
        )
        events.record_all([*booking.happened, *shown, *held, *keep_caps()])
        keep_verdicts((journal, r.attribution.verdicts.values()) for _c, journal, r in found)
        keep_enrolments((journal, r.attribution.enrolments) for _c, journal, r in found)
        keep_bindings(
            (customer.member_id, result.attribution.binding, journal)
            for customer, journal, result in found
            if customer.member_id is not None
        )
    try:
        receipt.check()
    except AlreadyPosted as error:
        raise Retry(error.code) from error
    return booking.postings
