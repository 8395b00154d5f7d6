"""What would an order pay, to whom, and why: the conductor's own computation, and nothing written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from app import sql
from app.attribution.queries import Entry
from app.attribution.rules import Kind
from app.commissions import service as commissions
from app.commissions.queries import DealPartner, DealView, ShareRow
from app.commissions.rules import share_out
from app.intake import service as intake
from app.members.queries import would_be
from app.members.rules import region_of
from app.orders import service as orders
from app.orders.rules import absorb
from app.orders.service import Standing
from app.partners.queries import cards

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.attribution.service import Journal
    from app.commissions.rules import Deal, Share
    from app.orders.service import Incoming
    from app.partners.queries import Card

LAST = (
    "\U0010ffff"  # the shop's id of an order that is yet to come: of two of a moment the later one
)
NOWHERE = 0  # the id of an order, and of a customer, that is not there
_BY_CODE = frozenset({Kind.STAFF, Kind.PARTNER_CODE, Kind.COUPON})


@dataclass(frozen=True)
class Simulated:
    """The order as it would stand, its deal as pages and answers show it, and every claim."""

    order: Standing
    view: DealView
    claims: tuple[Entry, ...]
    names: Mapping[int, str]  # of partners, by our ids


def simulate(incoming: Incoming) -> Simulated:
    """Say what a message would make due; with the id of an order that is there, on top of what it said.

    The same rules, evidence, customer's history and caps as intake; the database refuses every write
    meanwhile.
    """
    with sql.read_only():
        return _simulate(incoming)


def _simulate(incoming: Incoming) -> Simulated:
    # A message about an order of a later day comes no earlier than the order: holds start by it.
    arrives = max(incoming.received_at, incoming.snapshot.created_at)
    incoming = replace(incoming, received_at=arrives)
    merchant = intake.tenant()
    [(seen, _doubled)] = orders.peek([incoming])
    snapshot = incoming.snapshot
    contact = orders.contact_of(snapshot, incoming.shop_id, region_of(merchant.currency))
    known = would_be(contact)
    nobody = contact.key is None
    member_id = None if nobody else known.member_id or NOWHERE
    order = Standing(
        id=seen.id if seen else NOWHERE,
        shop_id=incoming.shop_id,
        external_id=incoming.external_id or LAST,
        member_id=member_id,
        guest_id=None,
        folded=absorb(seen.folded if seen else None, incoming.message),
        booking=0,
        fresh=seen is None,
    )
    ids = {each for each in (known.member_id, *known.others) if each is not None}
    others = [] if nobody else [o for o in orders.of_members(ids) if o.id != order.id]
    _asked, [journal], results = intake.reckon(merchant, [[order, *others]])
    known_ids = [o.id for o in (order, *others) if not o.fresh]
    before = commissions.shown(known_ids).asks
    asks = [ask for result in results for ask in result.asked]
    month = commissions.hold([order.id, *known_ids], asks, before, lock=False)
    [result], _served = share_out(results, month.taken)
    deal = next(found for found in result.deals if found.order_id == order.id)
    return _shown(order, deal, journal, merchant.currency)


def _shown(order: Standing, deal: Deal, journal: Journal, currency: str) -> Simulated:
    outcomes = deal.verdict.outcomes
    named = {outcome.claim.partner_id for outcome in outcomes}
    named |= {share.partner_id for share in deal.shares} | {n.partner_id for n in deal.notes}
    known = cards([*named, deal.partner_id])
    entries = [
        Entry(
            kind=outcome.claim.kind.value,
            evidence=outcome.claim.evidence,
            partner=known[outcome.claim.partner_id].name if outcome.claim.partner_id else None,
            touch_at=outcome.claim.touch_at,
            won=outcome.won,
            why=outcome.reason.value,
        )
        for outcome in outcomes
    ]
    entries.sort(key=lambda entry: not entry.won)
    names = {partner_id: card.name for partner_id, card in known.items()}
    return Simulated(order, _view(order, deal, journal, currency, known), tuple(entries), names)


def _view(
    order: Standing, deal: Deal, journal: Journal, currency: str, known: Mapping[int, Card]
) -> DealView:
    claim = deal.verdict.winner
    by_code = claim is not None and claim.kind in _BY_CODE
    brought = known.get(deal.partner_id or NOWHERE)
    row: Any = SimpleNamespace(
        public_id=None,
        order_id=order.id,
        partner_id=deal.partner_id,
        reason=deal.reason,
        state=deal.state.value,
        how=claim.kind.value if claim else None,
        promo_code=journal.displays.get(claim.evidence) if claim and by_code else None,
        terms_label=deal.terms_label,
        commission=deal.commission,
        currency=currency,
        available_at=deal.available_at,
        created_at=order.folded.snapshot.created_at,
        notes=[
            {"reason": n.reason, "level": n.level, "partner_id": n.partner_id, "line": n.line}
            for n in deal.notes
        ],
    )
    return DealView(
        deal=row,
        partner=DealPartner(brought.id, brought.refcode, brought.name) if brought else None,
        shares=tuple(_rows(deal.shares, known)),
    )


def _rows(shares: Sequence[Share], known: Mapping[int, Card]) -> list[ShareRow]:
    units: dict[tuple[int, int], list[Share]] = {}
    for share in shares:
        units.setdefault((share.level, share.partner_id), []).append(share)
    return [
        ShareRow(
            level=level,
            partner_id=partner_id,
            refcode=known[partner_id].refcode,
            name=known[partner_id].name,
            amount=sum(share.amount for share in own),
            bucket=own[0].bucket.value,
            lines=tuple(own),
        )
        for (level, partner_id), own in units.items()
    ]
